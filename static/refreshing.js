// Keeps what is under way fresh. The page works without it; its own link does the same.

const INTERVAL = 2000;
const shown = document.querySelector("[data-refresh]");

async function refresh() {
  // A reader who has put the focus here is not to lose it.
  if (document.hidden || shown.contains(document.activeElement)) return;
  try {
    const response = await fetch(location.href);
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const now = fresh.querySelector("[data-refresh]");
    // What was under way has ended: the page with its buttons, and the scripts that go with them.
    if (now === null) location.reload();
    else shown.replaceChildren(...now.childNodes);
  } catch {
    // The service is being restarted; the next round will tell.
  }
}

if (shown) setInterval(refresh, INTERVAL);
