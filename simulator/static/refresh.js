// Keeps the chat fresh. The page works without it; a reload does the same.
"use strict";

const INTERVAL = 2000;
const chat = document.getElementById("chat");
let shown = null; // the first round replaces what the page came with: it may have changed meanwhile

async function refresh() {
  // Nobody's half-made choice is thrown away.
  if (document.hidden || document.activeElement.matches("#chat select, #chat input")) return;
  try {
    const response = await fetch(chat.dataset.refresh);
    if (!response.ok) return;
    const fresh = await response.text();
    if (fresh !== shown) {
      const before = chat.querySelectorAll("article").length;
      chat.innerHTML = fresh;
      if (chat.querySelectorAll("article").length > before) chat.scrollTop = 0;
    }
    shown = fresh;
  } catch {
    // The simulator is being restarted; the next round will tell.
  }
}

chat.addEventListener("submit", (event) => {
  event.submitter?.classList.add("pressed");
});
refresh();
setInterval(refresh, INTERVAL);
