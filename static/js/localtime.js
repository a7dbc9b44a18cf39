// @ts-check
// Times: turns <time datetime="..." data-local> into the reader's own time; data-local is "datetime" (or empty), "date", "time" or "ago", the title always has the whole.
const FORMATS = {
  datetime: { dateStyle: "medium", timeStyle: "short" },
  date: { dateStyle: "medium" },
  time: { timeStyle: "short" },
};
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const language = document.documentElement.lang || undefined;
const whole = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

const ago = (moment) => {
  const seconds = (moment.getTime() - Date.now()) / 1_000;
  const found = UNITS.find(([, length]) => Math.abs(seconds) >= length);
  return found ? relative.format(Math.round(seconds / found[1]), found[0]) : "just now";
};

const write = (element) => {
  const moment = new Date(element.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  const style = element.dataset.local || "datetime";
  element.textContent =
    style === "ago" ? ago(moment) : new Intl.DateTimeFormat(language, FORMATS[style] ?? FORMATS.datetime).format(moment);
  element.title = whole.format(moment);
};

const writeAll = () => document.querySelectorAll("time[data-local]").forEach(write);

document.addEventListener("htmx:load", writeAll);
setInterval(() => document.querySelectorAll('time[data-local="ago"]').forEach(write), 60_000);
writeAll();
