// @ts-check
// Ticking tiles: in a form [data-tick] the bar shows while something is ticked and counts it, by the noun in data-tick; Shift ticks a range,
// Ctrl+A all that is loaded, Escape none. Without this module the boxes and the bar simply work.

import { counted } from "./words.js";

let last = null;

// Forms come and go with htmx, so they are looked up anew.
const forms = () => [...document.querySelectorAll("[data-tick]")];
const boxes = (form) => [...form.querySelectorAll(".tile-check input")];

const show = (form) => {
  const bar = form.querySelector("[data-bulk]");
  if (!bar) return;
  const ticked = boxes(form).filter((box) => box.checked).length;
  const noun = form.dataset.tick || "image";
  bar.hidden = ticked === 0;
  bar.querySelector("[data-bulk-count]").textContent = counted(ticked, noun);
};

const tickAll = (form, checked) => {
  for (const box of boxes(form)) box.checked = checked;
  show(form);
};

document.addEventListener("click", (event) => {
  const box = event.target.closest(".tile-check input");
  const form = box?.closest("[data-tick]");
  if (!form) return;
  const all = boxes(form);
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const other of all.slice(from, to + 1)) other.checked = box.checked;
  }
  last = box;
  show(form);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  const form = event.target.closest("[data-tick]") ?? forms()[0];
  if (!form) return;
  if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    tickAll(form, true);
  } else if (event.key === "Escape") tickAll(form, false);
});

// Somebody else deleted these: their tiles go, the other ticks stay.
document.addEventListener("gone", ({ detail }) => {
  for (const id of detail.ids) document.querySelector(`.tile-check input[value="${CSS.escape(id)}"]`)?.closest(".tile").remove();
  showAll();
});

document.addEventListener("ticked", (event) => show(event.target.closest("[data-tick]")));

const showAll = () => forms().forEach(show);
document.addEventListener("htmx:load", showAll);
showAll();
