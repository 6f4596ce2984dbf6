// @ts-check
// Typed access to the page, for all other scripts.

/**
 * Return the first element of this kind that matches the selector.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} [root]
 * @returns {T | null}
 */
export function find(selector, kind, root = document) {
  const element = root.querySelector(selector);
  return element instanceof kind ? element : null;
}

/**
 * Return the first element of this kind that matches the selector. Without one, the page and its script do not fit.
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function need(selector, kind, root = document) {
  const element = find(selector, kind, root);
  if (!element) throw new Error(`The page has no ${selector}`);
  return element;
}

/**
 * Return every HTML element that matches the selector.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement[]}
 */
export function findAll(selector, root = document) {
  return Array.from(root.querySelectorAll(selector)).filter((element) => element instanceof HTMLElement);
}

/**
 * Return the element of an event, or the nearest one around it, that matches the selector.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest(event, selector) {
  const element = event.target instanceof Element ? event.target.closest(selector) : null;
  return element instanceof HTMLElement ? element : null;
}

/**
 * Return the nearest element around the focus that matches the selector, or null.
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closestToFocus(selector) {
  const element = document.activeElement?.closest(selector);
  return element instanceof HTMLElement ? element : null;
}

/**
 * Call a function for each event of htmx with this name. Its ``detail`` is described in htmx's reference of events.
 * @param {string} name
 * @param {(detail: any, event: Event) => void} handler
 */
export function onHtmx(name, handler) {
  document.body.addEventListener(name, (event) => handler(/** @type {CustomEvent} */ (event).detail, event));
}

/**
 * Return a text without runs of whitespace.
 * @param {string | null} text
 */
export function trimmed(text) {
  return (text ?? "").replace(/\s+/g, " ").trim();
}

/**
 * Show those elements whose ``data-…`` attribute has this value, and hide the others.
 * @param {ParentNode} root
 * @param {string} name as in ``dataset``
 * @param {string} value
 */
export function showOnly(root, name, value) {
  for (const element of findAll(`[data-${name}]`, root)) element.hidden = element.dataset[name] !== value;
}
