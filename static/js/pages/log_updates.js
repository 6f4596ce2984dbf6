// @ts-check
// New changes in the log: requested while the page is visible, and no longer once a request is refused.
import { onHtmx } from "../core/dom.js";

/** @param {Element | null} element */
const isUpdates = (element) => element?.id === "live";

onHtmx("htmx:beforeRequest", (detail, event) => {
  if (isUpdates(detail.elt) && document.hidden) event.preventDefault();
});
onHtmx("htmx:beforeOnLoad", (detail, event) => {
  if (!isUpdates(detail.elt) || detail.xhr.status < 400 || detail.xhr.status >= 500) return;
  event.preventDefault(); // the session has ended: whoever comes back sees the page, not a sign-in
  detail.elt.remove();
});
document.addEventListener("visibilitychange", () => {
  const updates = document.getElementById("live");
  if (updates && !document.hidden) htmx.trigger(updates, "shown");
});
