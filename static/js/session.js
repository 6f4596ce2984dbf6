// The session's end. A minute before, a warning; then what was shown is taken away (OWASP ASVS 5.0, 14.3.1), but for a form
// that somebody was filling in. All tabs of a browser have one session, and tell each other.
(() => {
  "use strict";
  const body = document.body;
  const warning = document.getElementById("session-warning");
  const tabs = new BroadcastChannel("console-session");
  const clock = Date.parse(body.dataset.now) - Date.now(); // by how much this machine's clock is behind
  let ends = NaN;
  let timer = null;
  let over = false;

  // --- What somebody is filling in (not a setting, nor the rows that are selected)
  const isTyped = (form) => Boolean(form) && form.method === "post" && form.closest("main") !== null && !form.matches("[data-submits], [data-store]");
  document.addEventListener("input", (event) => { if (isTyped(event.target.form)) event.target.form.dataset.typed = ""; });
  document.addEventListener("submit", (event) => { delete event.target.dataset.typed; });
  const back = document.querySelector("main [data-returned]");
  const returned = back && [...document.querySelectorAll("main form")].find((form) => isTyped(form) && back.compareDocumentPosition(form) & Node.DOCUMENT_POSITION_FOLLOWING);
  if (returned) returned.dataset.typed = "";

  // --- When it ends
  function tick() {
    clearTimeout(timer);
    if (over || Number.isNaN(ends)) return;
    const left = ends - clock - Date.now();
    if (left <= 0) { end(); return; }
    warning.hidden = left > 60000;
    timer = setTimeout(tick, left > 60000 ? left - 60000 : left);
  }

  function learn(text) {
    const then = Date.parse(text);
    if (Number.isNaN(then)) return;
    ends = then;
    tick();
  }

  function learnFirst(text) {
    if (!text) return;
    learn(text);
    tabs.postMessage(text);
  }

  function end() {
    over = true;
    const main = document.getElementById("main");
    const said = document.getElementById("session-ended").content.cloneNode(true);
    const form = main.querySelector("form[data-typed]");
    document.querySelectorAll(".top nav, .top .me, .notices > *").forEach((one) => one.remove());
    for (let one = form; one && one !== main; one = one.parentElement) one.parentElement.replaceChildren(one);
    if (!form) main.replaceChildren();
    const again = said.querySelector(".actions");
    said.querySelector(form ? "[data-empty]" : "[data-kept]").remove();
    document.title = said.querySelector("h1").textContent;
    if (form) form.before(said); else main.append(said);
    main.append(again);
    try { sessionStorage.clear(); } catch { /* a frame may have none */ }
  }

  tabs.addEventListener("message", (event) => { if (event.data) learn(event.data); else if (warning && !over) end(); });
  if (document.querySelector("[data-signed-out]")) tabs.postMessage("");
  if (!warning) return;

  learnFirst(body.dataset.sessionEnds);
  // A machine that slept, and a page that the browser kept, have not heard the timer.
  document.addEventListener("visibilitychange", tick);
  addEventListener("pageshow", tick);
  warning.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch(warning.action, { method: "POST", body: new FormData(warning) });
    learnFirst(answer.headers.get("X-Session-Ends"));
  });
  body.addEventListener("htmx:afterRequest", (event) => { learnFirst(event.detail.xhr && event.detail.xhr.getResponseHeader("X-Session-Ends")); });
})();
