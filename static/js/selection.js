// Selecting rows: kept while this tab is open, for each organization and person, whatever is searched for meanwhile.
(() => {
  "use strict";
  const bar = () => document.getElementById("selection");
  const language = document.documentElement.lang;
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const boxes = () => [...document.querySelectorAll("tbody input[name=selected]")];

  let kept = []; // where there is no storage, as in a frame of another site: it holds until the page is left

  function load() {
    try { return new Set(JSON.parse(sessionStorage.getItem(bar().dataset.store)) || []); } catch { return new Set(kept); }
  }

  function save(chosen) {
    try { sessionStorage.setItem(bar().dataset.store, JSON.stringify([...chosen])); } catch { kept = [...chosen]; }
    show(chosen);
  }

  function show(chosen) {
    const form = bar();
    const all = boxes();
    all.forEach((box) => {
      box.checked = chosen.has(box.value);
      box.closest("tr").toggleAttribute("data-selected", box.checked);
    });
    const here = all.filter((box) => box.checked).length;
    form.toggleAttribute("data-any", chosen.size > 0);
    form.querySelector("[data-count]").textContent = said(form, chosen.size, here);
    const head = document.querySelector("[data-all-here]");
    if (head) { head.checked = here > 0 && here === all.length; head.indeterminate = here > 0 && here < all.length; }
  }

  function said(form, all, here) {
    const words = plural.select(all) === "one" ? form.dataset.saidOne : form.dataset.saidOther;
    return words.replace("{n}", number.format(all)).replace("{here}", number.format(here));
  }

  const start = () => { if (bar()) show(load()); };

  document.addEventListener("change", (event) => {
    if (!bar()) return;
    const chosen = load();
    const touched = event.target.matches("[data-all-here]") ? boxes() : boxes().filter((box) => box === event.target);
    if (!touched.length) return;
    touched.forEach((box) => (event.target.checked ? chosen.add(box.value) : chosen.delete(box.value)));
    while (chosen.size > Number(bar().dataset.most)) chosen.delete([...chosen].pop());
    save(chosen);
  });

  document.addEventListener("click", async (event) => {
    if (event.target.closest("[data-clear]")) { save(new Set()); return; }
    const button = event.target.closest("[data-all-matching]");
    if (!button) return;
    button.disabled = true;
    try {
      const answer = await fetch(bar().dataset.matching);
      if (!answer.ok || !answer.headers.get("Content-Type").startsWith("text/plain")) throw new Error(answer.status);
      const lines = (await answer.text()).split("\n").filter(Boolean);
      save(new Set([...load(), ...lines].slice(0, Number(bar().dataset.most))));
    } catch { location.reload(); } finally { button.disabled = false; }
  });

  // What is sent is all that is selected, not only what this page shows.
  document.addEventListener("formdata", (event) => {
    if (event.target !== bar()) return;
    event.formData.delete("selected");
    event.formData.set("selected", [...load()].join("\n"));
  });

  document.body.addEventListener("htmx:afterSwap", start);
  window.addEventListener("pageshow", start);
  start();
})();
