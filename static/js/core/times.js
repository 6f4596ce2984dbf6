// @ts-check
// The reader's time zone: a cookie tells it to the server, and a page that was made without it is corrected here.
import { findAll } from "./dom.js";

const page = document.body.dataset;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const DAY = 24 * 60 * 60 * 1000; // milliseconds

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
    const text = (page.datetime ?? "").replace(/[jdmMYHi]/g, (letter) => letters[letter]);
    return isRepeated(time) ? `${text} (${offsetName(offset(time))})` : text;
  };
}

/**
 * Return the offset of the reader's zone in minutes, east of UTC.
 * @param {Date} time
 */
const offset = (time) => -time.getTimezoneOffset();

/**
 * Whether the clocks of the reader's zone show this time twice: once with the offset of the day before or after.
 * @param {Date} time
 */
function isRepeated(time) {
  return [-DAY, DAY].some((days) => {
    const other = offset(new Date(time.getTime() + days));
    const again = new Date(time.getTime() + (offset(time) - other) * 60_000);
    return other !== offset(time) && offset(again) === other;
  });
}

/**
 * Return such as "UTC+02:00".
 * @param {number} minutes
 */
function offsetName(minutes) {
  const [hour, minute] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "-" : "+"}${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
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
