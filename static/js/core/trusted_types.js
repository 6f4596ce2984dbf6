// @ts-check
// The Trusted Types policy of the page, before any other script: it says which texts may become HTML.
// These are the answers that htmx is about to swap, once each, if this host sent them as HTML. Everything else throws.

const MAX_PENDING = 8; // answers that are about to be swapped at the same time

/** @type {string[][]} */
const pending = [];

/**
 * Return an answer in the forms in which htmx may have it parsed.
 * @param {string} text
 */
function parsedForms(text) {
  const body = text.replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i, "");
  return [text, body, `<body><template class="internal-htmx-wrapper">${body}</template></body>`];
}

if (window.trustedTypes) { // without them the browser asks for no policy either
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, shouldSwap, serverResponse } = /** @type {CustomEvent} */ (event).detail;
    const isFromHere = new URL(xhr.responseURL, location.href).origin === location.origin;
    const isHtml = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/html");
    if (!shouldSwap || !isFromHere || !isHtml) return;
    pending.push(parsedForms(serverResponse));
    if (pending.length > MAX_PENDING) pending.shift();
  });

  window.trustedTypes.createPolicy("default", {
    createHTML(/** @type {string} */ text) {
      const index = pending.findIndex((forms) => forms.includes(text));
      if (index < 0) return null;
      pending.splice(index, 1);
      return text;
    },
  });
}
