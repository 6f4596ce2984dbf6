// @ts-check
// Lists: how old they are, addresses without empty fields, and one step back for one search.
import { closest, find, findAll, need, onHtmx } from "../core/dom.js";

const STALE_AFTER = 40; // seconds
let shownAt = performance.now();

// --- Age

/** Show how old each list is: the server's figure, and the time for which the page has been open. */
function showAge() {
  for (const line of findAll(".list-age[data-age]")) {
    const seconds = Math.round(Number(line.dataset.age) + (performance.now() - shownAt) / 1000);
    const isShort = seconds < 120;
    const text = (isShort ? line.dataset.seconds : line.dataset.minutes) ?? "";
    const number = isShort ? seconds : Math.floor(seconds / 60);
    need("[data-age-text]", HTMLElement, line).textContent = text.replace("{n}", String(number));
    line.classList.toggle("list-age-stale", seconds >= STALE_AFTER);
  }
}
showAge();
setInterval(showAge, 1000);

onHtmx("htmx:afterSwap", (detail) => {
  if (detail.target.id !== "results" && detail.target.id !== "main") return;
  shownAt = performance.now();
  showAge();
});

// While a large list is being read: how far it should be, going by the last time.
for (const element of findAll("progress[data-seconds]")) {
  const bar = /** @type {HTMLProgressElement} */ (element);
  const step = () => {
    bar.value = Math.min(bar.max * 0.95, (performance.now() - shownAt) / 1000);
    if (bar.isConnected) setTimeout(step, 250);
  };
  step();
}

// --- Search and filters

/**
 * Whether this is the form of a list's search and filters.
 * @param {Element | null} element
 */
const isFilters = (element) => element?.id === "filters";

/**
 * Return parameters in one order and without empty ones, to compare them.
 * @param {Iterable<[string, any]>} pairs
 */
function normalized(pairs) {
  const parameters = new URLSearchParams([...pairs].filter(([, value]) => value !== ""));
  parameters.sort();
  return String(parameters);
}

onHtmx("htmx:configRequest", (detail) => {
  if (!isFilters(detail.elt)) return;
  for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
});

// What is already shown or requested is not requested again, unless somebody sends the form.
/** @type {string | null} */
let requested = null;
onHtmx("htmx:confirm", (detail, event) => {
  if (!isFilters(detail.elt)) return;
  const wanted = normalized(new FormData(detail.elt));
  const isSent = detail.triggeringEvent?.type === "submit";
  const isShown = requested === null && wanted === normalized(new URLSearchParams(location.search));
  if (wanted === requested || (isShown && !isSent)) event.preventDefault();
  else requested = wanted;
});
onHtmx("htmx:afterRequest", (detail) => { if (isFilters(detail.elt)) requested = null; });

// While somebody types, every pause sends a request; the browser's way back skips all of them at once.
let isTyping = false;
onHtmx("htmx:beforeHistoryUpdate", (detail) => {
  const isTyped = isFilters(detail.requestConfig.elt) && document.activeElement?.id === "q";
  if (isTyped && isTyping) detail.history.type = "replace";
  isTyping = isTyped;
});
document.addEventListener("focusin", (event) => {
  if (/** @type {Element} */ (event.target).id !== "q") isTyping = false;
});

// A link that removes the search empties its field, too.
document.addEventListener("click", (event) => {
  const field = closest(event, "[data-clears=q]") && find("#q", HTMLInputElement);
  if (field) field.value = "";
});
document.addEventListener("change", (event) => {
  if (event.target instanceof HTMLSelectElement && event.target.matches("[data-submits]")) {
    event.target.form?.requestSubmit();
  }
});

// --- Menus

// Columns move within the form; only "Save" sends it.
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-arranges] button[name=move]");
  const item = button?.closest("li");
  if (!(button instanceof HTMLButtonElement) || !item) return;
  event.preventDefault();
  if (button.value.startsWith("up:")) item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  button.focus();
});

document.addEventListener("click", async (event) => {
  const link = closest(event, "[data-copies]");
  // Without a clipboard the link leads to the address, which can be copied there.
  if (!(link instanceof HTMLAnchorElement) || !navigator.clipboard) return;
  event.preventDefault();
  await navigator.clipboard.writeText(link.href);
  link.textContent = link.dataset.copied ?? "";
});
