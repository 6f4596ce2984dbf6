// @ts-check
// The keyboard: "/" searches, "j" and "k" move between rows, Enter opens, letters act, "?" helps, Ctrl-K finds.
import { closest, closestToFocus, find, findAll, need, trimmed } from "./dom.js";
import { fold, searchWords } from "./folding.js";

const palette = find("#palette", HTMLDialogElement);
const help = find("#keys-help", HTMLDialogElement);
const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const ROWS = "main table:not(.number-table) tbody tr:not(.table-empty, .change-group)";

// --- Rows and letters

/** @param {1 | -1} step */
function moveRow(step) {
  const rows = findAll(ROWS).filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const current = closestToFocus("tr");
  const index = current ? rows.indexOf(current) : -1;
  const first = step > 0 ? 0 : rows.length - 1;
  const next = rows[index < 0 ? first : Math.min(rows.length - 1, Math.max(0, index + step))];
  for (const row of rows) row.tabIndex = row === next ? 0 : -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

/**
 * Act on the row in focus, or else on the page: an element with ``data-key="x"`` belongs to that letter.
 * @param {string} key
 * @returns {boolean} whether anything belongs to the letter
 */
function act(key) {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  const row = closestToFocus("tr");
  // A letter of a row means the row in focus, never just the first one.
  const ofPage = findAll(`main ${selector}, .site-header ${selector}`).find((element) => !element.closest("tbody"));
  const element = (row && find(selector, HTMLElement, row)) || ofPage;
  if (!element) return false;
  if (element.matches("[data-of-row]")) return row !== null && openForRow(element, row);
  if (element.matches("input:not([type=checkbox]), textarea")) {
    element.focus();
    /** @type {HTMLInputElement} */ (element).select();
  } else element.click();
  return true;
}

/**
 * Open a link of the page for the person of a row.
 * @param {HTMLElement} link
 * @param {HTMLElement} row
 * @returns {boolean} whether the row is about a person
 */
function openForRow(link, row) {
  const { subjectId } = row.dataset;
  if (!(link instanceof HTMLAnchorElement) || !subjectId) return false;
  location.assign(`${link.href}?${new URLSearchParams({ subject_id: subjectId })}`);
  return true;
}

/** @returns {boolean} whether the focus is on a row that leads somewhere */
function openRow() {
  const row = document.activeElement;
  if (!row?.matches("tr")) return false;
  const link = find("[data-open]", HTMLElement, row) || find("a[href]", HTMLElement, row);
  link?.click();
  return link !== null;
}

/** @type {Record<string, () => boolean | void>} */
const commands = {
  "j": () => moveRow(1),
  "k": () => moveRow(-1),
  "?": () => help?.showModal(),
  "Enter": openRow,
};

// Keys without Ctrl can be switched off (WCAG 2.2, 2.1.4): speech input and trembling hands press them by accident.
const page = document.body.dataset;
let areKeysOff = document.cookie.split("; ").includes(`${page.keysCookie}=off`);

function showKeys() {
  document.documentElement.toggleAttribute("data-keys-off", areKeysOff);
  for (const box of findAll("[data-switches-keys]")) /** @type {HTMLInputElement} */ (box).checked = !areKeysOff;
}
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches("[data-switches-keys]")) return;
  areKeysOff = !box.checked;
  const seconds = areKeysOff ? 31536000 : 0;
  document.cookie = `${page.keysCookie}=off; Max-Age=${seconds}; ${page.cookieAttributes}`;
  showKeys();
});
showKeys();

/** @param {KeyboardEvent} event */
const isSingleKey = (event) => event.key.length === 1; // a letter, a digit or a sign

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  const isTyping = closest(event, TYPED_INTO) !== null;
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping || document.querySelector("dialog[open]")) return;
  if (areKeysOff && isSingleKey(event)) return;
  const hasActed = commands[event.key] ? commands[event.key]() !== false : act(event.key);
  if (hasActed) event.preventDefault();
});

// --- The palette: it offers what the page itself offers, namely its navigation, its actions, and what has a letter

/** @param {HTMLElement} element */
function paletteOption(element) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = element instanceof HTMLAnchorElement ? element.href : "#";
  link.append(trimmed(element.textContent));
  if (element.dataset.key && !element.matches("[data-of-row]")) {
    const key = document.createElement("kbd");
    key.textContent = element.dataset.key;
    link.append(key);
  }
  link.addEventListener("click", (event) => {
    event.preventDefault();
    palette?.close();
    element.click();
  });
  item.append(link);
  return item;
}

function openPalette() {
  if (!palette || palette.open) return;
  const offered = findAll(".site-header nav a, main .actions a[href], main a[data-key], main button[data-key]");
  const options = offered.filter((element) => !element.closest("tbody")).map(paletteOption);
  need(".palette-options", HTMLElement, palette).replaceChildren(...options);
  need("input", HTMLInputElement, palette).value = "";
  filterPalette("");
  palette.showModal();
}

const visibleLinks = () => (palette ? findAll(".palette-options li:not([hidden]) a", palette) : []);

/** @param {number} index */
function choose(index) {
  visibleLinks().forEach((link, at) => link.setAttribute("aria-selected", String(at === index)));
}

/** @param {string} text */
function filterPalette(text) {
  const words = searchWords(text);
  for (const item of palette ? findAll(".palette-options li", palette) : []) {
    const label = fold(item.textContent ?? "");
    item.hidden = !words.every((word) => label.includes(word));
  }
  choose(0);
}

if (palette) {
  const field = need("input", HTMLInputElement, palette);
  const form = need("form", HTMLFormElement, palette);
  field.addEventListener("input", () => filterPalette(field.value));
  field.addEventListener("keydown", (event) => {
    const links = visibleLinks();
    const index = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown") choose(Math.min(links.length - 1, index + 1));
    else if (event.key === "ArrowUp") choose(Math.max(0, index - 1));
    else if (event.key === "Enter") {
      if (links[index]) links[index].click();
      else form.requestSubmit();
    } else return;
    event.preventDefault();
  });
}
for (const button of findAll("[data-opens=keys-help]")) button.addEventListener("click", () => help?.showModal());
