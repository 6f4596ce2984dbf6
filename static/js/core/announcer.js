// @ts-check
// What screen readers announce without the focus moving.
const announcer = document.getElementById("announcer");

/** @param {string} text */
export function announce(text) {
  if (!announcer || !text) return;
  announcer.textContent = "";
  requestAnimationFrame(() => { announcer.textContent = text; });
}
