// Follows the device's light or dark look. Loaded in the head, before anything is painted.
const darkness = window.matchMedia("(prefers-color-scheme: dark)");

function follow() {
  document.documentElement.dataset.bsTheme = darkness.matches ? "dark" : "light";
}

follow();
darkness.addEventListener("change", follow);
