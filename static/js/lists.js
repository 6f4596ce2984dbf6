// Lists: how old they are, addresses without empty fields, and one step back for one search.
(() => {
  "use strict";
  const STALE = 40; // seconds
  let shownAt = performance.now();

  // What the server says of its read, plus the time that the page has been standing here.
  function age() {
    document.querySelectorAll(".age[data-age]").forEach((line) => {
      const seconds = Math.round(Number(line.dataset.age) + (performance.now() - shownAt) / 1000);
      const words = seconds < 120 ? line.dataset.seconds.replace("{n}", seconds) : line.dataset.minutes.replace("{n}", Math.floor(seconds / 60));
      line.querySelector("[data-said]").textContent = words;
      line.classList.toggle("stale", seconds >= STALE);
    });
  }
  age();
  setInterval(age, 1000);

  // A list that takes its time: how far it should be, going by the last time.
  document.querySelectorAll("progress[data-seconds]").forEach((bar) => {
    const step = () => {
      bar.value = Math.min(bar.max * 0.95, (performance.now() - shownAt) / 1000);
      if (bar.isConnected) setTimeout(step, 250);
    };
    step();
  });

  const isFilters = (element) => Boolean(element) && element.id === "filters";

  document.body.addEventListener("htmx:configRequest", (event) => {
    if (!isFilters(event.detail.elt)) return;
    for (const [name, value] of [...event.detail.formData]) if (value === "") event.detail.formData.delete(name);
  });

  // What is being asked for already, or stands there, is not asked for again, unless somebody sends the form.
  let asked = null;
  const sorted = (pairs) => { const all = new URLSearchParams([...pairs].filter(([, value]) => value !== "")); all.sort(); return String(all); };
  document.body.addEventListener("htmx:confirm", (event) => {
    if (!isFilters(event.detail.elt)) return;
    const wanted = sorted(new FormData(event.detail.elt));
    const sent = Boolean(event.detail.triggeringEvent) && event.detail.triggeringEvent.type === "submit";
    if (wanted === asked || (!sent && asked === null && wanted === sorted(new URLSearchParams(location.search)))) event.preventDefault();
    else asked = wanted;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => { if (isFilters(event.detail.elt)) asked = null; });

  // While somebody types, each pause asks anew; the way back leads past all of them at once.
  let typing = false;
  document.body.addEventListener("htmx:beforeHistoryUpdate", (event) => {
    const typed = isFilters(event.detail.requestConfig.elt) && document.activeElement.id === "q";
    if (typed && typing) event.detail.history.type = "replace";
    typing = typed;
  });
  document.addEventListener("focusin", (event) => { if (event.target.id !== "q") typing = false; });

  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "results" && event.detail.target.id !== "main") return;
    shownAt = performance.now();
    age();
  });

  // A link that takes the search away empties the field, too.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-clears=q]")) document.getElementById("q").value = "";
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[data-submits]")) event.target.form.requestSubmit();
  });

  // Columns move within the form; only "Save" sends it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-arranges] button[name=move]");
    if (!button) return;
    event.preventDefault();
    const item = button.closest("li");
    if (button.value.startsWith("up:")) item.previousElementSibling && item.previousElementSibling.before(item);
    else item.nextElementSibling && item.nextElementSibling.after(item);
    button.focus();
  });

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-copies]");
    if (!link || !navigator.clipboard) return; // then it leads to the address, to be copied from there
    event.preventDefault();
    await navigator.clipboard.writeText(link.href);
    link.textContent = link.dataset.copied;
  });

  document.body.addEventListener("htmx:sendError", (event) => {
    const results = document.getElementById("results");
    const said = document.getElementById("unreachable");
    if (!results || !said || event.detail.target !== results) return;
    results.querySelectorAll(".unreachable").forEach((one) => one.remove());
    const notice = said.content.firstElementChild.cloneNode(true);
    notice.classList.add("unreachable");
    notice.querySelector("a").href = location.href;
    results.prepend(notice);
  });
})();
