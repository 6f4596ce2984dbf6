// Tests from inside of a frame what the console needs there. Each row of the table shows the text of its outcome.
(() => {
  "use strict";
  const table = document.getElementById("selftest");
  if (document.getElementById("test-window")) {
    if (window.opener) { window.opener.postMessage({ type: "selftest" }, location.origin); window.close(); }
    return;
  }
  const { mode, seen, window: address } = table.dataset;
  const framed = window.parent !== window;

  function show(check, outcome) {
    const row = table.querySelector(`[data-check=${check}]`);
    row.dataset.outcome = outcome;
    row.querySelectorAll("[data-when]").forEach((one) => { one.hidden = one.dataset.when !== outcome; });
  }

  function throws(what) {
    try { what(); return false; } catch { return true; }
  }

  function framing(headers) {
    if (mode === "none") return "none";
    if (headers.get("X-Frame-Options")) return "proxy";
    if (!framed) return "alone";
    const above = location.ancestorOrigins ? location.ancestorOrigins[0] : null;
    return above === null || document.body.dataset.embedders.split(" ").includes(above) ? "ok" : "unlisted";
  }

  function policy(headers) {
    const given = headers.get("Content-Security-Policy") || "";
    const whole = ["default-src 'none'", "frame-ancestors ", "require-trusted-types-for 'script'"].every((part) => given.includes(part));
    const scripts = throws(() => Function("")); // refused without 'unsafe-eval'
    if (!whole || given.includes("unsafe-") || !scripts) return "bad";
    if (!window.trustedTypes) return "partly";
    return throws(() => { document.createElement("p").innerHTML = "<b>"; }) ? "ok" : "bad";
  }

  function storage() {
    return throws(() => { sessionStorage.setItem("console-check", "1"); sessionStorage.removeItem("console-check"); }) ? "bad" : "ok";
  }

  function partitioned({ kept, unpartitioned }) {
    if (!kept) return "unknown";
    if (mode !== "cross-site") return "same";
    return unpartitioned ? "shared" : "own";
  }

  async function test() {
    const answer = await fetch(seen);
    const cookies = await answer.json();
    show("framing", framing(answer.headers));
    show("cookies", cookies.kept ? "ok" : mode);
    show("partitioned", partitioned(cookies));
    show("storage", storage());
    show("policy", policy(answer.headers));
  }

  const above = location.ancestorOrigins && location.ancestorOrigins[0];
  if (above) document.querySelector("[data-portal]").textContent = above;

  addEventListener("message", (event) => {
    if (event.origin === location.origin && event.data && event.data.type === "selftest") show("popup", "ok");
  });
  document.getElementById("try-window").addEventListener("click", () => {
    const opened = window.open(address, "console-selftest", "popup,width=480,height=360");
    if (!opened) { show("popup", "blocked"); return; }
    const row = table.querySelector("[data-check=popup]");
    setTimeout(() => { if (row.dataset.outcome !== "ok") show("popup", "silent"); }, 5000);
  });
  test();
})();
