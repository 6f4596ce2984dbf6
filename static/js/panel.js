// The dialog over a list: a form that htmx puts into it opens it, and when the result goes into the row it closes.
(() => {
  "use strict";
  const panel = () => document.getElementById("panel");
  let news = null; // the row that a result has just come into

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "opened") return;
    const dialog = panel();
    if (!event.detail.target.firstElementChild) { leave(dialog); return; }
    if (!dialog.open) dialog.showModal();
    const heading = document.getElementById("opened-title") || event.detail.target.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
  });

  // Closing hands the focus back to what opened the dialog, which may be gone: the row is where the person had been.
  function leave(dialog) {
    dialog.close();
    if (!news) return;
    news.tabIndex = 0;
    news.focus();
    news = null;
  }

  document.body.addEventListener("htmx:oobAfterSwap", (event) => {
    const swapped = document.getElementById(event.detail.target.id);
    if (swapped && swapped.matches("tr")) news = swapped;
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-closes]") || event.target === panel()) panel().close();
  });
})();
