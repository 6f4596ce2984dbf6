// The reader's time zone: told to the server in a cookie, and applied here to a page that was drawn before it knew.
(() => {
  "use strict";
  const page = document.body.dataset;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || zone === page.zone) return;
  document.cookie = `${page.zoneCookie}=${encodeURIComponent(zone)}; Max-Age=31536000; ${page.cookieAttributes}`;

  // The browser finds the numbers of a moment; they are written as the server writes them, in the page's language.
  const numbers = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const months = page.months.split(" ");
  const two = (text) => text.padStart(2, "0");
  const letters = { j: (at) => at.day, d: (at) => two(at.day), m: (at) => two(at.month), M: (at) => months[at.month - 1], Y: (at) => at.year, H: (at) => two(at.hour), i: (at) => two(at.minute) };

  function written(moment) {
    const at = Object.fromEntries(numbers.formatToParts(moment).map((part) => [part.type, part.value]));
    return page.datetime.replace(/[jdmMYHi]/g, (letter) => letters[letter](at));
  }

  document.querySelectorAll("time[datetime]").forEach((one) => {
    const moment = new Date(one.dateTime);
    if (!Number.isNaN(moment.getTime())) one.textContent = written(moment);
  });
  document.querySelectorAll("[data-zone-name]").forEach((one) => { one.textContent = zone; });
})();
