// @ts-check
// The dialog over a list. A form that htmx puts into it opens it; it closes when the result goes into the row.
import { closest, find, onHtmx } from "../core/dom.js";

const panel = () => find("#panel", HTMLDialogElement);

/** @type {HTMLElement | null} */
let changedRow = null; // the row that a result has just gone into

onHtmx("htmx:afterSwap", ({ target }) => {
  const dialog = panel();
  if (target.id !== "opened" || !dialog) return;
  if (!target.firstElementChild) {
    leave(dialog);
    return;
  }
  if (!dialog.open) dialog.showModal();
  const heading = document.getElementById("opened-title") || target.querySelector("h1");
  heading.tabIndex = -1;
  heading.focus();
});

/**
 * Close the dialog. The focus goes to the changed row: the link that opened the dialog may be gone.
 * @param {HTMLDialogElement} dialog
 */
function leave(dialog) {
  dialog.close();
  if (!changedRow) return;
  changedRow.tabIndex = 0;
  changedRow.focus();
  changedRow = null;
}

onHtmx("htmx:oobAfterSwap", ({ target }) => {
  const swapped = document.getElementById(target.id);
  if (swapped?.matches("tr")) changedRow = swapped;
});

document.addEventListener("click", (event) => {
  const dialog = panel();
  if (dialog && (closest(event, "[data-closes]") || event.target === dialog)) dialog.close();
});
