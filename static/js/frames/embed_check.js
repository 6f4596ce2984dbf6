// @ts-check
// Tests, in a frame, what the console needs there. Each row of the table shows the text of its outcome.
import { find, need, showOnly } from "../core/dom.js";

const MESSAGE = "embed-check";
const POLICY_PARTS = ["default-src 'none'", "frame-ancestors ", "require-trusted-types-for 'script'"];
const WINDOW_PATIENCE = 5_000; // milliseconds until the window should have reported

/** @param {() => unknown} action */
function throws(action) {
  try {
    action();
    return false;
  } catch {
    return true;
  }
}

/**
 * @param {string} mode
 * @param {Headers} headers
 */
function framingOutcome(mode, headers) {
  if (mode === "none") return "none";
  if (headers.get("X-Frame-Options")) return "proxy";
  if (window.parent === window) return "alone";
  const parentOrigin = location.ancestorOrigins ? location.ancestorOrigins[0] : null;
  const listed = (document.body.dataset.embedders ?? "").split(" ");
  return parentOrigin === null || listed.includes(parentOrigin) ? "ok" : "unlisted";
}

/** @param {Headers} headers */
function policyOutcome(headers) {
  const policy = headers.get("Content-Security-Policy") || "";
  const isComplete = POLICY_PARTS.every((part) => policy.includes(part));
  const refusesEval = throws(() => Function(""));
  if (!isComplete || policy.includes("unsafe-") || !refusesEval) return "bad";
  if (!window.trustedTypes) return "partly";
  return throws(() => { document.createElement("p").innerHTML = "<b>"; }) ? "ok" : "bad";
}

function storageOutcome() {
  const fails = throws(() => {
    sessionStorage.setItem("console-check", "1");
    sessionStorage.removeItem("console-check");
  });
  return fails ? "bad" : "ok";
}

/**
 * @param {string} mode
 * @param {{kept: boolean, unpartitioned: boolean}} cookies
 */
function partitionOutcome(mode, cookies) {
  if (!cookies.kept) return "unknown";
  if (mode !== "cross-site") return "same";
  return cookies.unpartitioned ? "shared" : "own";
}

/** @param {HTMLTableElement} table */
async function startCheck(table) {
  const { mode = "", seen = "", window: address = "" } = table.dataset;
  const row = (/** @type {string} */ check) => need(`[data-check=${check}]`, HTMLTableRowElement, table);
  const show = (/** @type {string} */ check, /** @type {string} */ outcome) => {
    row(check).dataset.outcome = outcome;
    showOnly(row(check), "when", outcome);
  };

  const parentOrigin = location.ancestorOrigins && location.ancestorOrigins[0];
  if (parentOrigin) need("[data-portal]", HTMLElement).textContent = parentOrigin;
  addEventListener("message", (event) => {
    if (event.origin === location.origin && event.data?.type === MESSAGE) show("popup", "ok");
  });
  need("#try-window", HTMLButtonElement).addEventListener("click", () => {
    if (!window.open(address, "console-embed-check", "popup,width=480,height=360")) {
      show("popup", "blocked");
      return;
    }
    setTimeout(() => { if (row("popup").dataset.outcome !== "ok") show("popup", "silent"); }, WINDOW_PATIENCE);
  });

  const answer = await fetch(seen);
  const cookies = await answer.json();
  show("framing", framingOutcome(mode, answer.headers));
  show("cookies", cookies.kept ? "ok" : mode);
  show("partitioned", partitionOutcome(mode, cookies));
  show("storage", storageOutcome());
  show("policy", policyOutcome(answer.headers));
}

const table = find("#embed-check", HTMLTableElement);
if (table) startCheck(table);
else if (window.opener) {
  window.opener.postMessage({ type: MESSAGE }, location.origin);
  window.close();
}
