// The keyboard: "/" searches, "j" and "k" walk through rows, Enter opens, single letters act, "?" helps, Ctrl-K finds.
(() => {
  "use strict";
  const palette = document.getElementById("palette");
  const help = document.getElementById("keys-help");
  const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("main table:not(.numbers) tbody tr:not(.empty, .group)")].filter((row) => row.offsetParent !== null);

  function walk(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(document.activeElement.closest("tr"));
    const row = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
    all.forEach((one) => { one.tabIndex = one === row ? 0 : -1; });
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  // The row in focus first, then the page: whatever says data-key="x" is meant by that letter.
  function act(key) {
    const row = document.activeElement.closest("tr");
    const selector = `[data-key="${CSS.escape(key)}"]`;
    // A letter of rows means the one in focus, never just the first.
    const ofPage = [...document.querySelectorAll(`main ${selector}, .top ${selector}`)].find((one) => !one.closest("tbody"));
    const found = (row && row.querySelector(selector)) || ofPage;
    if (!found) return false;
    if (found.matches("input:not([type=checkbox]), textarea")) { found.focus(); found.select && found.select(); } else found.click();
    return true;
  }

  function openRow() {
    const row = document.activeElement;
    if (!row.matches("tr")) return false;
    const link = row.querySelector("[data-open]") || row.querySelector("a[href]");
    if (link) link.click();
    return Boolean(link);
  }

  const commands = {
    "j": () => walk(1),
    "k": () => walk(-1),
    "?": () => help.showModal(),
    "Enter": openRow,
  };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    const done = commands[event.key] ? commands[event.key]() !== false : act(event.key);
    if (done) event.preventDefault();
  });

  function openPalette() {
    if (!palette || palette.open) return;
    const options = palette.querySelector(".options");
    options.replaceChildren();
    // What the page offers, found in the page itself: its navigation, its actions, its links with a letter.
    document.querySelectorAll(".top nav a, main .actions a[href], main a[data-key], main button[data-key]").forEach((one) => {
      if (one.closest("tbody")) return;
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = one.href || "#";
      link.append(one.textContent.replace(/\s+/g, " ").trim());
      if (one.dataset.key) { const key = document.createElement("kbd"); key.textContent = one.dataset.key; link.append(key); }
      link.addEventListener("click", (event) => { event.preventDefault(); palette.close(); one.click(); });
      item.append(link);
      options.append(item);
    });
    filterPalette("");
    palette.querySelector("input").value = "";
    palette.showModal();
  }

  function filterPalette(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    palette.querySelectorAll(".options li").forEach((item) => { item.hidden = !words.every((word) => item.textContent.toLowerCase().includes(word)); });
    choose(0);
  }

  const visible = () => [...palette.querySelectorAll(".options li:not([hidden]) a")];
  const choose = (index) => visible().forEach((link, at) => link.setAttribute("aria-selected", String(at === index)));

  if (palette) {
    const field = palette.querySelector("input");
    field.addEventListener("input", () => filterPalette(field.value));
    field.addEventListener("keydown", (event) => {
      const all = visible();
      const at = all.findIndex((link) => link.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown") choose(Math.min(all.length - 1, at + 1));
      else if (event.key === "ArrowUp") choose(Math.max(0, at - 1));
      else if (event.key === "Enter") { if (all[at]) all[at].click(); else palette.querySelector("form").requestSubmit(); }
      else return;
      event.preventDefault();
    });
    document.querySelectorAll("[data-opens=palette]").forEach((one) => one.addEventListener("click", openPalette));
    document.querySelectorAll("[data-opens=keys-help]").forEach((one) => one.addEventListener("click", () => help.showModal()));
  }
})();
