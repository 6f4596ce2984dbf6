// Warns a minute before the session ends.
(() => {
  "use strict";
  const warning = document.getElementById("session-warning");
  let timers = [];

  function plan(ends) {
    timers.forEach(clearTimeout);
    timers = [];
    const left = Date.parse(ends) - Date.now();
    if (!warning || Number.isNaN(left)) return;
    warning.hidden = true;
    timers.push(setTimeout(() => { warning.hidden = false; }, Math.max(0, left - 60000)));
    timers.push(setTimeout(() => { warning.querySelector("span").textContent = warning.dataset.ended; warning.querySelector("button").hidden = true; }, Math.max(0, left)));
  }

  plan(document.body.dataset.sessionEnds);

  if (warning) {
    warning.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await fetch(warning.action, { method: "POST", body: new FormData(warning) });
      const ends = answer.headers.get("X-Session-Ends");
      if (ends) plan(ends);
    });
  }

  document.body.addEventListener("htmx:afterRequest", (event) => {
    const ends = event.detail.xhr && event.detail.xhr.getResponseHeader("X-Session-Ends");
    if (ends) plan(ends);
  });
})();
