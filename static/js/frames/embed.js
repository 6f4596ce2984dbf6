// @ts-check
// In a portal's frame: tells the portal height, title, address and unsaved state, and takes theme and language from it.
// console/docs/embedding.md describes the messages. They go to, and come from, the listed origins only.
import { find, findAll, need, onHtmx } from "../core/dom.js";

const NAME = "org-accounts-console";
const root = document.documentElement;

function start() {
  const listed = (document.body.dataset.embedders ?? "").split(" ");
  // If the browser says who frames us, messages go to that origin only. Otherwise they go to every listed one, and the
  // browser delivers the right one.
  const parentOrigin = location.ancestorOrigins ? location.ancestorOrigins[0] : null;
  const portals = parentOrigin === null ? listed : listed.filter((origin) => origin === parentOrigin);
  root.dataset.framed = "";
  const tell = (/** @type {string} */ type, /** @type {object} */ fields) => {
    for (const origin of portals) window.parent.postMessage({ from: NAME, version: 1, type, ...fields }, origin);
  };
  const isUnsaved = reportState(tell);
  addEventListener("message", (event) => {
    if (event.source !== window.parent || !portals.includes(event.origin)) return;
    const message = event.data;
    if (message?.to === NAME && message.type === "appearance") setAppearance(message, isUnsaved());
  });
}

/**
 * Report the state of the page to the portal, now and whenever it changes.
 * @param {(type: string, fields: object) => void} tell
 * @returns {() => boolean} whether the page has a form with unsaved input
 */
function reportState(tell) {
  const title = need("title", HTMLTitleElement);
  let unsaved = false;
  let shownAddress = "";

  const reportHeight = () => tell("height", { height: Math.ceil(document.body.getBoundingClientRect().height) });
  const reportTitle = () => tell("title", { title: document.title });
  const reportAddress = () => {
    const address = location.pathname + location.search;
    if (address === shownAddress) return;
    shownAddress = address;
    tell("address", { address });
  };
  const reportUnsaved = () => {
    const isTyped = document.querySelector("main form[data-typed]") !== null; // core/session.js marks them
    if (isTyped === unsaved) return;
    unsaved = isTyped;
    tell("unsaved", { unsaved });
  };

  tell("ready", { language: root.lang, theme: root.dataset.theme || "" });
  reportTitle();
  tell("unsaved", { unsaved });
  reportAddress();
  reportUnsaved();
  new ResizeObserver(reportHeight).observe(document.body);
  new MutationObserver(reportTitle).observe(title, { childList: true });
  for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory"]) onHtmx(name, reportAddress);
  addEventListener("popstate", reportAddress);
  for (const name of ["input", "submit"]) document.addEventListener(name, reportUnsaved);
  onHtmx("htmx:afterSwap", reportUnsaved);
  return () => unsaved;
}

/**
 * Take over the portal's theme and language, if they are among our own and differ from what the page shows.
 * @param {{theme?: string, language?: string}} wanted
 * @param {boolean} isUnsaved
 */
async function setAppearance({ theme = "", language = "" }, isUnsaved) {
  const form = need("form[data-submits][action$='/appearance/']", HTMLFormElement);
  const offers = (/** @type {string} */ name, /** @type {string} */ value) =>
    findAll(`select[name=${name}] option`, form).some((option) => option.getAttribute("value") === value);
  const isNewTheme = offers("theme", theme) && theme !== (root.dataset.theme || "");
  const isNewLanguage = offers("language", language) && language !== root.lang;
  if (!isNewTheme && !isNewLanguage) return;
  const body = new FormData(form);
  if (isNewTheme) body.set("theme", theme);
  if (isNewLanguage) body.set("language", language);
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
  if (isNewLanguage && !isUnsaved) {
    location.reload();
    return;
  }
  if (!isNewTheme) return;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  need("meta[name=color-scheme]", HTMLMetaElement).content = theme || "light dark";
  const select = find("select[name=theme]", HTMLSelectElement, form);
  if (select) select.value = theme;
}

if (window.parent !== window) start();
