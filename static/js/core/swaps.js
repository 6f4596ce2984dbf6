// @ts-check
// After htmx has swapped a part of the page: the focus moves to what is new, and screen readers announce it.
import { announce } from "./announcer.js";
import { closest, closestToFocus, find, findAll, onHtmx, trimmed } from "./dom.js";

/** @param {HTMLElement | null} part */
function announceNews(part) {
  const news = part?.matches("[data-announce]") ? part : part?.querySelector("[data-announce]");
  if (news) announce(trimmed(news.textContent));
}

/**
 * @param {HTMLElement} main
 * @param {XMLHttpRequest} answer
 */
function showTitle(main, answer) {
  const heading = trimmed(find("h1", HTMLElement, main)?.textContent ?? "");
  const title = answer.getResponseHeader("X-Page-Title"); // percent-encoded
  if (title) document.title = decodeURIComponent(title);
  else if (heading) document.title = `${heading} · ${document.body.dataset.site}`;
}

/** @param {HTMLElement} main */
function showHeading(main) {
  const heading = find("h1", HTMLElement, main);
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

onHtmx("htmx:afterSwap", (detail) => {
  /** @type {HTMLElement} */
  const target = document.getElementById(detail.target.id) || detail.target;
  if (target.id === "main") showTitle(target, detail.xhr);
  if (target.id === "main" && !target.querySelector("[autofocus]")) showHeading(target);
  if (target.dataset.focus === "self") target.focus();
  announceNews(target);
});
onHtmx("htmx:oobAfterSwap", (detail) => announceNews(document.getElementById(detail.target.id)));

// A menu closes when somebody clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  const clicked = closest(event, "details.menu[open]");
  for (const menu of findAll("details.menu[open]")) if (menu !== clicked) menu.removeAttribute("open");
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = closestToFocus("details.menu[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary")?.focus();
});

// Language and theme take effect at once; without JavaScript a button sends them.
for (const form of findAll("form[data-submits]")) {
  form.addEventListener("change", () => /** @type {HTMLFormElement} */ (form).submit());
}
