// @ts-check
// While a form is being sent: its button says so and keeps the focus, a screen reader hears it, and nothing is sent
// twice.
import { announce } from "./announcer.js";
import { find, onHtmx } from "./dom.js";

/** @type {WeakMap<Element, { button: HTMLElement, label: Node[] }>} */
const sending = new WeakMap();

/**
 * Return the form that a request sends; null if it only reads.
 * @param {any} detail of an event of htmx
 * @returns {HTMLFormElement | null}
 */
export function sentForm({ requestConfig }) {
  return requestConfig.verb === "get" ? null : requestConfig.elt.closest("form"); // "elt" may be the target
}

/**
 * Return the button that sent the form, or would send it.
 * @param {HTMLFormElement} form
 * @param {any} [detail] of an event of htmx
 */
export function buttonOf(form, detail) {
  const submitter = detail?.requestConfig.triggeringEvent?.submitter ?? detail?.requestConfig.elt;
  if (submitter instanceof HTMLButtonElement) return submitter;
  return find("button:not([type=button])", HTMLElement, form);
}

// Before htmx would put a second click into its queue, and send it by itself once the first one has failed.
onHtmx("htmx:confirm", ({ elt, verb }, event) => {
  const form = verb === "get" ? null : elt.closest("form");
  if (form && sending.has(form)) event.preventDefault();
});

onHtmx("htmx:beforeRequest", (detail) => {
  const form = sentForm(detail);
  if (!form) return;
  const button = buttonOf(form, detail);
  const text = document.body.dataset.sending ?? "";
  if (!button || form.matches("[data-by-itself]")) return;
  sending.set(form, { button, label: [...button.childNodes] });
  form.setAttribute("aria-busy", "true");
  button.style.minInlineSize = `${button.offsetWidth}px`; // the line must not move under the pointer
  button.setAttribute("aria-disabled", "true"); // "disabled" would take the focus away
  button.replaceChildren(text);
  announce(text);
});

/** @param {HTMLFormElement} form */
function restore(form) {
  const sent = sending.get(form);
  if (!sent) return;
  sending.delete(form);
  form.removeAttribute("aria-busy");
  sent.button.removeAttribute("aria-disabled");
  sent.button.style.minInlineSize = "";
  sent.button.replaceChildren(...sent.label);
}

onHtmx("htmx:afterRequest", (detail) => {
  const form = sentForm(detail);
  if (form) restore(form);
});
