// What is new in the log: asked for while the page can be seen, and not any more once an answer says no.
(() => {
  "use strict";
  const isLive = (element) => Boolean(element) && element.id === "live";

  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (isLive(event.detail.elt) && document.hidden) event.preventDefault();
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!isLive(event.detail.elt) || event.detail.xhr.status < 400) return;
    event.preventDefault(); // the session is over: whoever comes back sees the page, not a sign-in
    event.detail.elt.remove();
  });
  document.addEventListener("visibilitychange", () => {
    const live = document.getElementById("live");
    if (live && !document.hidden) htmx.trigger(live, "shown");
  });
})();
