// @ts-check
// The reader's time zone: a cookie tells it to the server, and a page that was made without it is corrected here.
import { findAll } from "./dom.js";

const page = document.body.dataset;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Return a function that writes a time as the server does, in the page's language.
 * @returns {(time: Date) => string}
 */
function timeFormatter() {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
  const months = (page.months ?? "").split(" ");
  return (time) => {
    const at = Object.fromEntries(parts.formatToParts(time).map((part) => [part.type, part.value]));
    // The letters of Django's date formats.
    /** @type {Record<string, string>} */
    const letters = {
      j: at.day,
      d: at.day.padStart(2, "0"),
      m: at.month.padStart(2, "0"),
      M: months[Number(at.month) - 1],
      Y: at.year,
      H: at.hour.padStart(2, "0"),
      i: at.minute.padStart(2, "0"),
    };
    return (page.datetime ?? "").replace(/[jdmMYHi]/g, (letter) => letters[letter]);
  };
}

if (zone && zone !== page.zone) {
  const value = encodeURIComponent(zone);
  document.cookie = `${page.zoneCookie}=${value}; Max-Age=31536000; ${page.cookieAttributes}`;
  const format = timeFormatter();
  for (const element of findAll("time[datetime]")) {
    const time = new Date(element.getAttribute("datetime") ?? "");
    if (!Number.isNaN(time.getTime())) element.textContent = format(time);
  }
  for (const element of findAll("[data-zone-name]")) element.textContent = zone;
}
