// A form goes once: its buttons rest while the answer is under way.

for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    // Only after the browser has read which button was pressed.
    setTimeout(() => setResting(form, true));
  });
}

// Going back shows the page as it was left, its buttons resting.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) setResting(form, false);
});

function setResting(form, resting) {
  for (const button of form.querySelectorAll("button[type=submit]:not([hidden])")) button.disabled = resting;
}

// Where the address names a place on the page, browsers go there and leave autofocus aside.
window.addEventListener("load", () => {
  requestAnimationFrame(() => document.querySelector("[autofocus]")?.focus());
});
