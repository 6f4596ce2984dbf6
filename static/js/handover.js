// Signing in from inside of a frame: the frame opens a window, proves that it did, and fetches the sign-in when it is done.
// Both sides are pages of this very host; a message from or to any other origin counts for nothing.
(() => {
  "use strict";
  const here = location.origin;
  const frame = document.getElementById("frame-signin");
  const opened = document.getElementById("window-signin");
  const done = document.getElementById("handed-over");

  function listen(challenge, on) {
    addEventListener("message", (event) => {
      const said = event.data;
      if (event.origin !== here || !said || said.challenge !== challenge || !Object.hasOwn(on, said.type)) return;
      on[said.type](said, event.source);
    });
  }

  function inFrame({ challenge, proof, next, waiting }) {
    const LONGEST = 10000; // milliseconds between two questions
    const form = frame.querySelector("form");
    const until = Date.now() + 15 * 60 * 1000;
    let pause = 1000;
    let timer = 0;
    let over = false;

    const show = (state) => frame.querySelectorAll("[data-state]").forEach((one) => { one.hidden = one.dataset.state !== state; });

    function fetchIt(code) {
      if (over) return;
      over = true;
      form.elements.code.value = code;
      form.submit();
    }

    const answers = {
      signed_in: () => { over = true; location.replace(next); },
      ready: () => fetchIt(""),
      // Asks no more: what helps now is the code, typed or in a message that comes late.
      code: () => { show("code"); document.getElementById("with-code").open = true; form.elements.code.focus(); },
      lost: () => { over = true; show("lost"); },
    };

    async function ask() {
      clearTimeout(timer);
      if (over) return;
      if (Date.now() > until) { over = true; show("late"); return; }
      try {
        const answer = await fetch(waiting, { headers: { "X-Console-Poll": "1" } });
        const { state } = await answer.json();
        if (!over && answers[state]) { answers[state](); return; }
      } catch { /* the next question may get an answer */ }
      pause = Math.min(LONGEST, pause * 1.5);
      timer = setTimeout(ask, pause);
    }

    listen(challenge, {
      opened: (_, source) => source && source.postMessage({ type: "proof", challenge, proof }, here),
      done: ({ code }) => { if (typeof code === "string") fetchIt(code); },
    });
    addEventListener("focus", () => { pause = 1000; if (timer) ask(); });
    document.getElementById("open-window").addEventListener("click", (event) => {
      event.preventDefault();
      const name = `console-signin-${challenge.slice(0, 8)}`;
      const popup = window.open(event.currentTarget.href, name, "popup,width=560,height=720");
      show(popup ? "waiting" : "blocked");
      if (!timer) ask();
    });
    frame.querySelector("[data-state=blocked] a").addEventListener("click", () => { if (!timer) ask(); });
    timer = setTimeout(ask, pause); // whoever signs in elsewhere on this site is signed in here, too
  }

  function inWindow({ challenge }) {
    const show = (state) => opened.querySelectorAll("[data-state]").forEach((one) => { one.hidden = one.dataset.state !== state; });
    const from = window.opener;
    if (!from) { show("alone"); return; }
    show("opened");
    const late = setTimeout(() => show("alone"), 4000);
    listen(challenge, {
      proof: async ({ proof }, source) => {
        if (source !== from || typeof proof !== "string") return;
        clearTimeout(late);
        const body = new FormData(opened);
        body.set("for", challenge);
        body.set("proof", proof);
        const answer = await fetch(opened.action, { method: "POST", body });
        if (!answer.ok) { show("alone"); return; }
        location.replace((await answer.json()).location);
      },
    });
    from.postMessage({ type: "opened", challenge }, here);
  }

  function atTheEnd({ challenge, code }) {
    if (!window.opener) return;
    window.opener.postMessage({ type: "done", challenge, code }, here);
    window.close();
  }

  if (frame) inFrame(frame.dataset);
  if (opened) inWindow(opened.dataset);
  if (done) atTheEnd(done.dataset);
})();
