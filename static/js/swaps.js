// After htmx has swapped a part of the page: the focus goes where the news is, and screen readers hear of it.
(() => {
  "use strict";
  const announcer = document.getElementById("announcer");

  function announce(text) {
    if (!announcer || !text) return;
    announcer.textContent = "";
    requestAnimationFrame(() => { announcer.textContent = text.replace(/\s+/g, " ").trim(); });
  }

  function tell(part) {
    const news = part && (part.matches("[data-announce]") ? part : part.querySelector("[data-announce]"));
    if (news) announce(news.textContent);
  }

  function showHeading(main) {
    const heading = main.querySelector("h1");
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
    document.title = `${heading.textContent.trim()} · ${document.body.dataset.site}`;
  }

  document.body.addEventListener("htmx:afterSwap", (event) => {
    const target = document.getElementById(event.detail.target.id) || event.detail.target;
    if (target.id === "main" && !target.querySelector("[autofocus]")) showHeading(target);
    if (target.dataset.focus === "self") target.focus();
    tell(target);
  });
  document.body.addEventListener("htmx:oobAfterSwap", (event) => tell(document.getElementById(event.detail.target.id)));

  // A <details> menu closes when the person goes elsewhere, as menus do.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement.closest("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  // Choices of language and theme take effect at once; without JavaScript their button does it.
  document.querySelectorAll("form[data-submits]").forEach((form) => {
    form.addEventListener("change", () => form.submit());
  });
})();
