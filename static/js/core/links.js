// @ts-check
// A click with Ctrl, Cmd, Shift or Alt on a link does what the browser does: a new tab, a new window, a download. No
// script of the page sees it, htmx included. (The middle button is no "click" for scripts.)
import { closest } from "./dom.js";

document.addEventListener("click", (event) => {
  const hasModifier = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (hasModifier && closest(event, "a[href]")) event.stopImmediatePropagation();
}, true);

// The way back within one document asks htmx to load the page anew. Who goes back before htmx has started (a slow
// network, two quick steps) would read another address above this page's rows: it is loaded anew then.
document.addEventListener("DOMContentLoaded", () => {
  const loaded = performance.getEntriesByType("navigation")[0]?.name.split("#")[0];
  const isOfHtmx = history.state?.htmx === true;
  if (isOfHtmx && loaded && loaded !== location.href.split("#")[0]) location.reload();
});
