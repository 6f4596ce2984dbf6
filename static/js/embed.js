// Inside of a portal's frame: tells it height, title, address and unsaved state, and takes theme and language from it.
// console/docs/embedding.md describes the messages. They go to, and come from, the listed origins only.
(() => {
  "use strict";
  if (window.parent === window) return;
  const NAME = "org-accounts-console";
  const listed = document.body.dataset.embedders.split(" ");
  // Where a browser tells who frames us, only that one is spoken to; else each that may be it, and the browser drops the rest.
  const above = location.ancestorOrigins ? location.ancestorOrigins[0] : null;
  const portals = above === null ? listed : listed.filter((one) => one === above);
  const tell = (type, more) => portals.forEach((one) => window.parent.postMessage({ from: NAME, version: 1, type, ...more }, one));

  document.documentElement.dataset.framed = "";

  // --- To the portal
  let unsaved = false;
  let at = "";

  function height() {
    const box = document.body.getBoundingClientRect();
    tell("height", { height: Math.ceil(box.height) });
  }

  function address() {
    const now = location.pathname + location.search;
    if (now === at) return;
    at = now;
    tell("address", { address: now });
  }

  function setUnsaved(now) {
    if (now === unsaved) return;
    unsaved = now;
    tell("unsaved", { unsaved });
  }

  tell("ready", { language: document.documentElement.lang, theme: document.documentElement.dataset.theme || "" });
  tell("title", { title: document.title });
  tell("unsaved", { unsaved });
  address();
  new ResizeObserver(height).observe(document.body);
  new MutationObserver(() => tell("title", { title: document.title })).observe(document.querySelector("title"), { childList: true });
  ["htmx:pushedIntoHistory", "htmx:replacedInHistory"].forEach((name) => document.body.addEventListener(name, address));
  addEventListener("popstate", address);

  const tellTyped = () => setUnsaved(document.querySelector("main form[data-typed]") !== null); // session.js marks them
  ["input", "submit"].forEach((name) => document.addEventListener(name, tellTyped));
  document.body.addEventListener("htmx:afterSwap", tellTyped);
  tellTyped();

  // --- From the portal
  async function look({ theme, language }) {
    const form = document.querySelector("form[data-submits][action$='/appearance/']");
    const root = document.documentElement;
    const body = new FormData(form);
    const themes = [...form.elements.theme.options].map((one) => one.value);
    const languages = form.elements.language ? [...form.elements.language.options].map((one) => one.value) : [];
    const newTheme = themes.includes(theme) && theme !== (root.dataset.theme || "");
    const newLanguage = languages.includes(language) && language !== root.lang;
    if (!newTheme && !newLanguage) return;
    if (newTheme) body.set("theme", theme);
    if (newLanguage) body.set("language", language);
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
    if (newLanguage && !unsaved) { location.reload(); return; }
    if (!newTheme) return;
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    document.querySelector("meta[name=color-scheme]").content = theme || "light dark";
    form.elements.theme.value = theme;
  }

  addEventListener("message", (event) => {
    if (event.source !== window.parent || !portals.includes(event.origin)) return;
    const said = event.data;
    if (said && said.to === NAME && said.type === "appearance") look(said);
  });
})();
