// The reader's time zone: told to the server in a cookie, and applied here to a page that was drawn before it knew.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === document.body.dataset.zone) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `console-zone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=${document.body.dataset.samesite}${secure}`;

  const language = document.documentElement.lang;
  // As the server writes English: the day before the month.
  const format = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { dateStyle: "medium", timeStyle: "short", hour12: false });
  const localize = (root) => root.querySelectorAll("time[datetime]").forEach((one) => {
    const at = new Date(one.dateTime);
    if (!Number.isNaN(at.getTime())) one.textContent = format.format(at);
  });
  localize(document);
  document.querySelectorAll("[data-zone-name]").forEach((one) => { one.textContent = zone; });
})();
