// @ts-check
// The selection of rows. It is kept while the tab is open, for each organization and person, whatever is searched for.
import { closest, find, findAll, need, onHtmx } from "../core/dom.js";

const language = document.documentElement.lang;
const plural = new Intl.PluralRules(language);
const number = new Intl.NumberFormat(language);

/** @type {string[]} */
let fallback = []; // if there is no storage, as in a frame of another site: until the page is left

const selectionForm = () => find("#selection", HTMLFormElement);
const checkboxes = () => /** @type {HTMLInputElement[]} */ (findAll("tbody input[name=selected]"));

/**
 * @param {HTMLFormElement} form
 * @returns {Set<string>}
 */
function load(form) {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(form.dataset.store ?? "") ?? "[]"));
  } catch {
    return new Set(fallback);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {Set<string>} selected
 */
function save(form, selected) {
  try {
    sessionStorage.setItem(form.dataset.store ?? "", JSON.stringify([...selected]));
  } catch {
    fallback = [...selected];
  }
  show(form, selected);
}

/**
 * @param {HTMLFormElement} form
 * @param {Set<string>} selected
 */
function show(form, selected) {
  const boxes = checkboxes();
  for (const box of boxes) {
    box.checked = selected.has(box.value);
    box.closest("tr")?.toggleAttribute("data-selected", box.checked);
  }
  const here = boxes.filter((box) => box.checked).length;
  form.toggleAttribute("data-any", selected.size > 0);
  need("[data-count]", HTMLElement, form).textContent = countText(form, selected.size, here);
  const all = find("[data-all-here]", HTMLInputElement);
  if (!all) return;
  all.checked = here > 0 && here === boxes.length;
  all.indeterminate = here > 0 && here < boxes.length;
}

/**
 * @param {HTMLFormElement} form
 * @param {number} all
 * @param {number} here
 */
function countText(form, all, here) {
  const text = (plural.select(all) === "one" ? form.dataset.textOne : form.dataset.textOther) ?? "";
  return text.replace("{n}", number.format(all)).replace("{here}", number.format(here));
}

function start() {
  const form = selectionForm();
  if (!form) return;
  const returned = (form.dataset.returned ?? "").split("\n").filter(Boolean); // sent after the session had ended
  delete form.dataset.returned;
  if (returned.length) save(form, new Set([...load(form), ...returned]));
  else show(form, load(form));
}

document.addEventListener("change", (event) => {
  const form = selectionForm();
  const box = event.target;
  if (!form || !(box instanceof HTMLInputElement)) return;
  const changed = box.matches("[data-all-here]") ? checkboxes() : checkboxes().filter((each) => each === box);
  if (!changed.length) return;
  const selected = load(form);
  for (const { value } of changed) {
    if (box.checked) selected.add(value);
    else selected.delete(value);
  }
  const most = Number(form.dataset.most);
  save(form, new Set([...selected].slice(0, most)));
});

/**
 * Select all rows that match, on all pages.
 * @param {HTMLFormElement} form
 */
async function selectMatching(form) {
  const answer = await fetch(form.dataset.matching ?? "", { headers: { "HX-Request": "true" } });
  const isText = answer.headers.get("Content-Type")?.startsWith("text/plain");
  if (answer.status === 401) location.reload(); // the session has ended: sign in, and come back
  if (!answer.ok || !isText || !answer.headers.has("X-Console")) throw new Error(`No rows: ${answer.status}`);
  const matching = (await answer.text()).split("\n").filter(Boolean);
  save(form, new Set([...load(form), ...matching].slice(0, Number(form.dataset.most))));
}

document.addEventListener("click", async (event) => {
  const form = selectionForm();
  if (!form) return;
  if (closest(event, "[data-clear]")) {
    save(form, new Set());
    return;
  }
  const button = closest(event, "[data-all-matching]");
  if (!(button instanceof HTMLButtonElement)) return;
  if (button.ariaDisabled === "true") return;
  const failed = need("[data-failed]", HTMLElement, form);
  button.ariaDisabled = "true"; // "disabled" would take the focus away
  failed.hidden = true;
  try { await selectMatching(form); } catch { failed.hidden = false; } finally { button.ariaDisabled = null; }
});

// The form sends everything that is selected, not only what this page shows.
document.addEventListener("formdata", (event) => {
  const form = selectionForm();
  if (!form || event.target !== form) return;
  event.formData.delete("selected");
  event.formData.set("selected", [...load(form)].join("\n"));
});

onHtmx("htmx:afterSwap", start);
window.addEventListener("pageshow", start);
start();
