// @ts-check
// Answers to htmx. Only what the console itself made is shown: it has the header X-Console. Whatever else happens on
// the way, or in the console, the page stays: a form with all that was typed, a list as it was, marked as out of date.
// A message at the button or on top of the list says what happened, what is safe, and offers to try again.
import { find, findAll, need, onHtmx } from "./dom.js";
import { buttonOf, sentForm } from "./sending.js";

const RETRY_SECONDS = [5, 10, 30]; // between requests that a page sends by itself; the last pause repeats

/** @typedef {"offline" | "lost" | "foreign"} Cause */
/** @typedef {"form" | "run" | "read"} Kind */

/** @type {WeakMap<Element, HTMLElement>} */
const slots = new WeakMap(); // of each form or part of the page: where its message is
/** @type {WeakSet<XMLHttpRequest>} */
const refused = new WeakSet(); // answers that must not change the address of the page
/** @type {Map<HTMLElement, () => void>} */
const waiting = new Map(); // by message: what to request again
let failures = 0; // in a row, of requests that a page sends by itself

/**
 * Whether the element sends its request by itself, once: the next part of a run.
 * @param {Element} elt
 */
const isRun = (elt) => elt.matches("[data-by-itself]");

/**
 * Whether the element asks again and again by itself.
 * @param {Element} elt
 */
const isPoll = (elt) => elt.matches("[hx-trigger^=every]");

/**
 * Whether the message is there already. It is not to be heard every few seconds.
 * @param {HTMLElement} subject
 * @param {Cause} cause
 */
const saysAlready = (subject, cause) => Boolean(slots.get(subject)?.querySelector(`[data-failed=${cause}]`));

/**
 * What the message is about: the form that was sent, or the part of the page that was to be replaced.
 * @param {any} detail of an event of htmx
 * @returns {HTMLElement}
 */
function subjectOf(detail) {
  const form = sentForm(detail);
  if (form && !isRun(form)) return form;
  const target = detail.target instanceof HTMLElement ? detail.target : need("#main", HTMLElement);
  return target.closest("#results") ?? target;
}

/**
 * Return the place of the message, empty: at the button of a form, or on top of a part of the page.
 * @param {HTMLElement} subject
 * @param {any} detail of an event of htmx
 */
function emptySlot(subject, detail) {
  clear(subject);
  const slot = document.createElement("div");
  slot.className = "answer";
  slots.set(subject, slot);
  if (subject instanceof HTMLFormElement) {
    const button = buttonOf(subject, detail);
    const line = button?.closest(".actions");
    if (line && line !== subject) line.after(slot);
    else if (button?.parentElement === subject && subject.matches(".form-stack")) button.after(slot);
    else subject.after(slot);
    // Whatever ends the session, this form is kept.
    if (subject.querySelector("textarea, select, input:not([type=hidden])")) subject.dataset.typed = "";
  } else subject.prepend(slot);
  return slot;
}

/**
 * Remove the message, and the mark of what was out of date.
 * @param {HTMLElement} subject
 */
function clear(subject) {
  const slot = slots.get(subject);
  if (slot) waiting.delete(slot);
  slot?.remove();
  slots.delete(subject);
  subject.removeAttribute("data-stale");
}

/** @param {HTMLElement} subject */
function markStale(subject) {
  if (subject.querySelector("table, ul, progress")) subject.dataset.stale = "";
}

/**
 * Return the message for a request that failed on its way.
 * @param {Cause} cause
 * @param {Kind} kind
 * @param {number} status
 */
function message(cause, kind, status) {
  const template = need("#no-answer", HTMLTemplateElement);
  const notice = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  for (const line of findAll("[data-cause], [data-kind]", notice)) {
    const { cause: ofCause, kind: ofKind } = line.dataset;
    if ((ofCause ?? cause) !== cause || (ofKind ?? kind) !== kind) line.remove();
  }
  const text = find("strong", HTMLElement, notice);
  if (text) text.textContent = (text.textContent ?? "").trim().replace("{status}", String(status));
  const link = find("a", HTMLAnchorElement, notice);
  if (link) link.href = location.href;
  // The button of the form itself is right here.
  if (kind === "form") find(cause === "foreign" ? "[data-retry]" : ".actions", HTMLElement, notice)?.remove();
  notice.dataset.failed = cause;
  return notice;
}

/**
 * Show the message in a dialog that is not open yet: it has nothing else to show.
 * @param {HTMLDialogElement} dialog
 * @param {HTMLElement} notice
 */
function openWith(dialog, notice) {
  find("[data-closes]", HTMLElement, notice)?.removeAttribute("hidden");
  const title = find("strong", HTMLElement, notice);
  if (title) title.id = "opened-title";
  dialog.showModal();
}

/**
 * Let a request be made again: by a button in the message, and by itself if a run waits for it or the network is back.
 * @param {any} detail of an event of htmx
 * @param {HTMLElement} slot
 * @param {boolean} isRefusal whether the console has refused the request: only somebody can want it again
 */
function offerAgain({ requestConfig, target }, slot, isRefusal = false) {
  const { verb, path, elt } = requestConfig;
  const again = () => {
    if (!waiting.delete(slot) || !elt.isConnected) return;
    // As if somebody had sent it: a list does not skip what it believes to show already.
    htmx.ajax(verb, path, { source: elt, target, event: new Event("submit") });
  };
  find("[data-retry]", HTMLElement, slot)?.addEventListener("click", again);
  waiting.set(slot, again);
  if (isRun(elt) && !isRefusal) setTimeout(again, RETRY_SECONDS[Math.min(failures++, RETRY_SECONDS.length - 1)] * 1000);
}

/**
 * Say that a request failed on its way.
 * @param {any} detail of an event of htmx
 * @param {Cause} cause
 */
function fail(detail, cause) {
  const { elt } = detail.requestConfig;
  const subject = subjectOf(detail);
  const kind = isRun(elt) ? "run" : sentForm(detail) ? "form" : "read";
  const dialog = subject.closest("dialog");
  const isClosed = dialog !== null && !dialog.open;
  if (isPoll(elt) && (isClosed || saysAlready(subject, cause))) return; // it asks again in any case
  if (isClosed) subject.replaceChildren();
  const slot = emptySlot(subject, detail);
  const notice = message(cause, kind, detail.xhr.status);
  slot.append(notice);
  if (isClosed) openWith(dialog, notice);
  if (!isPoll(elt)) slot.scrollIntoView({ block: "nearest" });
  if (kind === "form") return; // nothing is sent again unless somebody wants it
  markStale(subject);
  offerAgain(detail, slot);
}

onHtmx("htmx:sendError", (detail) => fail(detail, navigator.onLine ? "lost" : "offline"));
onHtmx("htmx:timeout", (detail) => fail(detail, "lost"));

onHtmx("htmx:beforeOnLoad", (detail, event) => {
  if (detail.xhr.getResponseHeader("X-Console") === null) {
    event.preventDefault();
    event.stopImmediatePropagation();
    fail(detail, "foreign");
    return;
  }
  if (isRun(detail.requestConfig.elt)) failures = 0;
  clear(subjectOf(detail));
});

// An error of the console itself goes where the message would be: the form stays, and so does a list.
onHtmx("htmx:beforeSwap", (detail) => {
  const { xhr, target } = detail;
  if (xhr.status < 400) return;
  const subject = subjectOf(detail);
  if (sentForm(detail)) refused.add(xhr);
  const isList = target.id === "results" && target.querySelector("table") !== null;
  const isProblem = xhr.getResponseHeader("HX-Reselect") === ".problem";
  const isPart = subject.matches("#results, #matching-people, #picker, #progress, #chain, [role=alert]");
  const isForm = subject instanceof HTMLFormElement;
  if (!isList && !(isProblem && (isPart || isForm))) return;
  refused.add(xhr);
  const slot = emptySlot(subject, detail);
  detail.target = document.createElement("div");
  detail.selectOverride = ".problem";
  detail.swapOverride = "innerHTML";
  slot.append(detail.target);
  if (isForm) return;
  markStale(subject);
  if (isList) return; // its error has a link to try again
  const retry = find("[data-retry]", HTMLElement, message("lost", "read", 0));
  if (retry) slot.append(retry);
  offerAgain({ ...detail, target }, slot, xhr.status < 500 && xhr.status !== 429);
});
onHtmx("htmx:beforeHistoryUpdate", (detail) => {
  if (!refused.has(detail.xhr)) return;
  detail.history.type = "replace";
  detail.history.path = location.pathname + location.search;
});

addEventListener("online", () => { for (const again of [...waiting.values()]) again(); });
