// @ts-check
// The dialog over a list. A form that htmx puts into it opens it; it closes when the result goes into the row. What
// somebody has typed into it is thrown away only if they say so: neither by Esc, nor by a click beside it.
import { closest, find, need, onHtmx } from "../core/dom.js";

const panel = () => find("#panel", HTMLDialogElement);

/** @type {HTMLElement | null} */
let changedRow = null; // the row that a result has just gone into
/** @type {HTMLElement | null} */
let edited = null; // the field of the form that had the focus last: a click beside the dialog takes it away

onHtmx("htmx:afterSwap", ({ target, requestConfig }) => {
  const dialog = panel();
  if (target.id !== "opened" || !dialog) return;
  if (!dialog.open && requestConfig.elt.matches("[hx-trigger^=every]")) { // its row shows what it has found out
    changedRow = null;
    return;
  }
  if (!target.firstElementChild) {
    leave(dialog);
    return;
  }
  ask(dialog, false);
  if (!dialog.open) dialog.showModal();
  const heading = document.getElementById("opened-title") || target.querySelector("h1");
  if (!heading) return;
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

// --- What was typed

/** @param {HTMLDialogElement} dialog */
const isTyped = (dialog) => find("form[data-typed], form[aria-busy]", HTMLFormElement, dialog) !== null;

/**
 * Show the question whether to discard what was typed, or hide it and go on.
 * @param {HTMLDialogElement} dialog
 * @param {boolean} isAsked
 */
function ask(dialog, isAsked) {
  const question = need("#discard", HTMLElement, dialog);
  if (question.hidden === !isAsked) return;
  question.hidden = !isAsked;
  if (isAsked) need("[data-keeps]", HTMLElement, question).focus();
  else if (edited?.isConnected) edited.focus();
}

document.addEventListener("focusin", (event) => { edited = closest(event, "#opened form *") ?? edited; });

/**
 * Close the dialog if nothing is lost by that; otherwise ask. Asking again goes back to the form.
 * @param {HTMLDialogElement} dialog
 */
function closeCarefully(dialog) {
  if (!isTyped(dialog)) dialog.close();
  else ask(dialog, need("#discard", HTMLElement, dialog).hidden);
}

document.addEventListener("keydown", (event) => {
  const dialog = panel();
  if (event.key !== "Escape" || event.isComposing || !dialog?.open || !isTyped(dialog)) return;
  event.preventDefault(); // "cancel" alone does not do: a browser lets nobody prevent it twice in a row
  closeCarefully(dialog);
}, true);
document.addEventListener("cancel", (event) => { // the way back of a telephone
  const dialog = panel();
  if (!dialog || event.target !== dialog || !isTyped(dialog)) return;
  event.preventDefault();
  closeCarefully(dialog);
}, true);
document.addEventListener("close", (event) => {
  const dialog = panel();
  if (dialog && event.target === dialog && isTyped(dialog)) dialog.showModal();
}, true);

document.addEventListener("click", (event) => {
  const dialog = panel();
  if (!dialog) return;
  if (closest(event, "#panel [data-keeps]")) ask(dialog, false);
  else if (closest(event, "#panel [data-closes]")) {
    ask(dialog, false);
    for (const form of dialog.querySelectorAll("form")) form.removeAttribute("data-typed");
    dialog.close();
  } else if (event.target === dialog) closeCarefully(dialog);
});
