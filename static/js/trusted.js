// The page's Trusted Types policy, before any other script: which texts may become HTML.
// Those are the answers that htmx is about to swap, once each, if this very host sent them as HTML. All else throws.
(() => {
  "use strict";
  if (!window.trustedTypes) return; // then the browser asks for no policy either
  const MOST = 8; // answers on their way into the page at once
  const admitted = [];

  // An answer, and how htmx wraps it before it has it parsed.
  function formsOf(text) {
    const bare = text.replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i, "");
    return [text, bare, `<body><template class="internal-htmx-wrapper">${bare}</template></body>`];
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, shouldSwap, serverResponse } = event.detail;
    const fromHere = new URL(xhr.responseURL, location.href).origin === location.origin;
    const isHtml = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/html");
    if (!shouldSwap || !fromHere || !isHtml) return;
    admitted.push(formsOf(serverResponse));
    if (admitted.length > MOST) admitted.shift();
  });

  trustedTypes.createPolicy("default", {
    createHTML(text) {
      const at = admitted.findIndex((forms) => forms.includes(text));
      if (at < 0) return null;
      admitted.splice(at, 1);
      return text;
    },
  });
})();
