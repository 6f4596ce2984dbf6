// @ts-check
// Sign-in from a frame: the frame opens a window, proves that it did, and fetches the sign-in once the window is done.
// Both are pages of this host. Messages from or to any other origin are ignored.
import { find, need, showOnly } from "../core/dom.js";

const MAX_PAUSE = 10_000; // milliseconds between two requests
const MAX_WAIT = 15 * 60_000; // milliseconds until the frame gives up
const WINDOW_PATIENCE = 4_000; // milliseconds that the window waits for its frame

/**
 * Call the handler of each message of this sign-in.
 * @param {string} challenge
 * @param {Record<string, (message: any, source: Window) => void>} handlers
 */
function listen(challenge, handlers) {
  addEventListener("message", ({ data, origin, source }) => {
    if (origin !== location.origin || data?.challenge !== challenge || !Object.hasOwn(handlers, data.type)) return;
    handlers[data.type](data, /** @type {Window} */ (source));
  });
}

/** @param {HTMLElement} frame */
function startFrame(frame) {
  const { challenge = "", proof = "", next = "", waiting = "" } = frame.dataset;
  const form = need("form", HTMLFormElement, frame);
  const code = need("input[name=code]", HTMLInputElement, form);
  const openWindow = need("#open-window", HTMLAnchorElement);
  const giveUpAt = Date.now() + MAX_WAIT;
  let pause = 1000;
  let timer = 0;
  let isOver = false;

  const show = (/** @type {string} */ state) => showOnly(frame, "state", state);

  /** @param {string} value */
  function receive(value) {
    if (isOver) return;
    isOver = true;
    code.value = value;
    form.submit();
  }

  /** @type {Record<string, () => void>} */
  const answers = {
    signed_in: () => {
      isOver = true;
      location.replace(next);
    },
    ready: () => receive(""),
    // No more requests: only the code helps now, typed or in a message that comes late.
    code: () => {
      show("code");
      need("#with-code", HTMLDetailsElement).open = true;
      code.focus();
    },
    lost: () => {
      isOver = true;
      show("lost");
    },
  };

  async function ask() {
    clearTimeout(timer);
    if (isOver) return;
    if (Date.now() > giveUpAt) {
      isOver = true;
      show("late");
      return;
    }
    try {
      const answer = await fetch(waiting, { headers: { "X-Console-Poll": "1" } });
      const { state } = await answer.json();
      if (!isOver && answers[state]) {
        answers[state]();
        return;
      }
    } catch { /* the next request may be answered */ }
    pause = Math.min(MAX_PAUSE, pause * 1.5);
    timer = setTimeout(ask, pause);
  }

  listen(challenge, {
    opened: (_, source) => source?.postMessage({ type: "proof", challenge, proof }, location.origin),
    done: (message) => { if (typeof message.code === "string") receive(message.code); },
  });
  addEventListener("focus", () => {
    pause = 1000;
    if (timer) ask();
  });
  openWindow.addEventListener("click", (event) => {
    event.preventDefault();
    const name = `console-signin-${challenge.slice(0, 8)}`;
    const popup = window.open(openWindow.href, name, "popup,width=560,height=720");
    show(popup ? "waiting" : "blocked");
    if (!timer) ask();
  });
  need("[data-state=blocked] a", HTMLAnchorElement, frame).addEventListener("click", () => { if (!timer) ask(); });
  timer = setTimeout(ask, pause); // whoever signs in elsewhere on this site is signed in here, too
}

/** @param {HTMLFormElement} form */
function startWindow(form) {
  const challenge = form.dataset.challenge ?? "";
  const frame = window.opener;
  const show = (/** @type {string} */ state) => showOnly(form, "state", state);
  if (!frame) {
    show("alone");
    return;
  }
  show("opened");
  const patience = setTimeout(() => show("alone"), WINDOW_PATIENCE);
  listen(challenge, {
    proof: async ({ proof }, source) => {
      if (source !== frame || typeof proof !== "string") return;
      clearTimeout(patience);
      const body = new FormData(form);
      body.set("for", challenge);
      body.set("proof", proof);
      try {
        const answer = await fetch(form.action, { method: "POST", body });
        if (!answer.ok) throw new Error(`No address: ${answer.status}`);
        location.replace((await answer.json()).location);
      } catch { show("alone"); }
    },
  });
  frame.postMessage({ type: "opened", challenge }, location.origin);
}

/** @param {HTMLElement} page the last page of the window */
function finishWindow(page) {
  const { challenge, code } = page.dataset;
  if (!window.opener) return;
  window.opener.postMessage({ type: "done", challenge, code }, location.origin);
  window.close();
}

const frame = find("#frame-signin", HTMLElement);
const form = find("#window-signin", HTMLFormElement);
const lastPage = find("#frame-completed", HTMLElement);
if (frame) startFrame(frame);
if (form) startWindow(form);
if (lastPage) finishWindow(lastPage);
