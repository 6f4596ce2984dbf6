// @ts-check
// The end of a session: a warning a minute before; then what the page showed is removed (OWASP ASVS 5.0, 14.3.1),
// except for a form that somebody was filling in. The tabs of a browser share one session, and tell each other its end.
import { find, findAll, need, onHtmx } from "./dom.js";

const WARNING = 60_000; // milliseconds before the end
const warning = find("#session-warning", HTMLFormElement);
const tabs = new BroadcastChannel("console-session");
const clockOffset = Date.parse(document.body.dataset.now ?? "") - Date.now(); // this machine's clock may be wrong
let endsAt = NaN;
let timer = 0;
let hasEnded = false;

// --- The form that somebody is filling in

/**
 * Whether this is a form to fill in: neither a setting nor the selection of rows.
 * @param {unknown} form
 * @returns {form is HTMLFormElement}
 */
function isFillable(form) {
  return form instanceof HTMLFormElement
    && form.method === "post"
    && form.closest("main") !== null
    && !form.matches("[data-submits], [data-store]");
}

document.addEventListener("input", (event) => {
  const { form } = /** @type {HTMLInputElement} */ (event.target);
  if (isFillable(form)) form.dataset.typed = "";
});

// A form that came back after signing in is being filled in already.
const notice = document.querySelector("main [data-returned]");
if (notice) {
  const isAfterNotice = (/** @type {Node} */ node) =>
    Boolean(notice.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING);
  const form = findAll("main form").find((element) => isFillable(element) && isAfterNotice(element));
  if (form) form.dataset.typed = "";
}

// --- The end

function tick() {
  clearTimeout(timer);
  if (hasEnded || !warning || Number.isNaN(endsAt)) return;
  const left = endsAt - clockOffset - Date.now();
  if (left <= 0) { end(); return; }
  warning.hidden = left > WARNING;
  timer = setTimeout(tick, left > WARNING ? left - WARNING : left);
}

/**
 * Set when the session ends.
 * @param {string | null | undefined} time
 */
function setEnd(time) {
  const parsed = Date.parse(time ?? "");
  if (Number.isNaN(parsed)) return;
  endsAt = parsed;
  tick();
}

/**
 * Set when the session ends, and tell the other tabs.
 * @param {string | null | undefined} time
 */
function shareEnd(time) {
  if (!time) return;
  setEnd(time);
  tabs.postMessage(time);
}

/** Remove what the page shows, except for a form that is being filled in. */
function end() {
  hasEnded = true;
  const main = need("#main", HTMLElement);
  const form = find("form[data-typed]", HTMLFormElement, main);
  const message = /** @type {DocumentFragment} */ (need("#session-ended", HTMLTemplateElement).content.cloneNode(true));
  for (const element of findAll(".site-header nav, .site-user, .notices > *")) element.remove();
  if (form) form.closest("details.menu")?.replaceWith(form); // beside nothing, a menu would open out of sight
  /** @type {HTMLElement | null} */
  let kept = form;
  for (; kept && kept !== main; kept = kept.parentElement) kept.parentElement?.replaceChildren(kept);
  if (!form) main.replaceChildren();
  const signIn = need(".actions", HTMLElement, message);
  need(form ? "[data-empty]" : "[data-kept]", HTMLElement, message).remove();
  document.title = need("h1", HTMLElement, message).textContent ?? "";
  if (form) form.before(message); else main.append(message);
  main.append(signIn);
  try { sessionStorage.clear(); } catch { /* a frame may have none */ }
}

tabs.addEventListener("message", (event) => {
  if (event.data) setEnd(event.data);
  else if (warning && !hasEnded) end();
});
if (document.querySelector("[data-signed-out]")) tabs.postMessage("");

if (warning) {
  shareEnd(document.body.dataset.sessionEnds);
  // Timers stop while a machine sleeps, and in a page that the browser keeps for the way back.
  document.addEventListener("visibilitychange", tick);
  addEventListener("pageshow", tick);
  warning.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = need("[data-failed]", HTMLElement, warning);
    try {
      const answer = await fetch(warning.action, { method: "POST", body: new FormData(warning) });
      failed.hidden = answer.headers.has("X-Console");
      if (answer.redirected && !failed.hidden) end(); // it was too late: the console asks to sign in
      else shareEnd(answer.headers.get("X-Session-Ends"));
    } catch { failed.hidden = false; }
  });
  onHtmx("htmx:afterRequest", (detail) => shareEnd(detail.xhr?.getResponseHeader("X-Session-Ends")));
}
