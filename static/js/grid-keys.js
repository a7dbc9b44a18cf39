// @ts-check
// Grids by keyboard: every .image-grid or .strip is one stop of Tab. Arrows, Home, End and the page keys move, Shift ticks on the way, Enter opens, S searches with the image, B goes to the bar, and Escape in the bar comes back. Without this module every box and link is a stop of its own.
// Lists stay lists and boxes stay boxes for screen readers, whose own keys read them as before: what moves is the tabindex alone.
const GRIDS = ".image-grid, .strip";
const places = new WeakMap(); // of a grid: the item that Tab leads to
let last = null; // where the focus was: { grid, index }

const handle = (item) => item.querySelector(".tile-check input") ?? item.querySelector("a[href], button");
const items = (grid) => [...grid.children].filter(handle);

const place = (grid, item) => {
  const before = places.get(grid);
  if (before?.isConnected) handle(before).tabIndex = -1;
  places.set(grid, item);
  handle(item).tabIndex = 0;
};

const refresh = () => {
  for (const grid of document.querySelectorAll(GRIDS)) {
    const all = items(grid);
    if (!all.length) continue;
    grid.removeAttribute("tabindex");
    grid.setAttribute("aria-description", "Arrow keys move, Space selects, Enter opens. Press ? for all keyboard shortcuts.");
    for (const one of grid.querySelectorAll("a[href], button, input")) one.tabIndex = -1;
    const kept = places.get(grid);
    const lost = last?.grid === grid && document.activeElement === document.body && !last.item.isConnected;
    const next = kept?.isConnected ? kept : all[Math.min(last?.grid === grid ? last.index : 0, all.length - 1)];
    place(grid, next);
    // "Load more" was in the focus and made room for what it loaded.
    if (lost) handle(next).focus();
  }
};

let due = 0;
const refreshSoon = () => {
  cancelAnimationFrame(due);
  due = requestAnimationFrame(refresh);
};

const go = (grid, item) => {
  place(grid, item);
  handle(item).focus();
};

// A strip has one column as far as Up and Down are concerned.
const columns = (grid) => (grid.matches(".strip") ? 1 : getComputedStyle(grid).gridTemplateColumns.split(" ").length);

const pageOf = (grid, item) => {
  const rows = Math.floor(innerHeight / Math.max(1, item.getBoundingClientRect().height)) - 1;
  return Math.max(1, rows) * columns(grid);
};

const steps = {
  ArrowRight: () => 1,
  ArrowLeft: () => -1,
  ArrowDown: columns,
  ArrowUp: (grid) => -columns(grid),
  PageDown: pageOf,
  PageUp: (grid, item) => -pageOf(grid, item),
  Home: () => -Infinity,
  End: () => Infinity,
};

const tickAlong = (all, from, to) => {
  const range = all.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const box of range.map(handle)) if (box.type === "checkbox") box.checked = true;
  all[to].dispatchEvent(new CustomEvent("ticked", { bubbles: true }));
};

// Up and Down stay in their column where they can; "Load more" below is a row of its own.
const landing = (all, from, step, isVertical) => {
  const to = from + step;
  const end = all.length - 1;
  if (to < 0) return isVertical ? from : 0;
  if (to < all.length) return to;
  const isLastRow = Math.floor(from / step) === Math.floor(end / step);
  return isVertical && isLastRow && !all[end].matches(".more") ? from : end;
};

const move = (event, grid, item) => {
  const all = items(grid);
  const from = all.indexOf(item);
  const to = landing(all, from, steps[event.key](grid, item), /Up$|Down$/.test(event.key));
  event.preventDefault();
  go(grid, all[to]);
  if (event.shiftKey) tickAlong(all, from, to);
};

const toBar = (grid) => {
  const bar = grid.closest("[data-tick]")?.querySelector("[data-bulk]");
  if (!bar) return;
  if (bar.hidden) document.dispatchEvent(new CustomEvent("flash", { detail: { level: "info", text: "Select something first." } }));
  else bar.querySelector("select, input:not([type=hidden]), button").focus();
};

const acts = {
  Enter: (_, item) => item.querySelector("a[href]")?.click(),
  b: toBar,
  s: (_, item) => item.querySelector("[data-alike]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  const bar = event.target.closest("[data-bulk]");
  if (bar && event.key === "Escape") {
    const grid = bar.closest("[data-tick]").querySelector(GRIDS);
    event.preventDefault();
    if (grid && places.has(grid)) handle(places.get(grid)).focus();
    return;
  }
  const item = event.target.closest(".image-grid > li, .strip > li");
  const grid = item?.parentElement;
  if (!grid || !handle(item)) return;
  const act = acts[event.key] ?? acts[event.key.toLowerCase()];
  if (steps[event.key]) move(event, grid, item);
  else if (event.key === "Enter" && event.target.matches("a, button")) return; // it does what it always does
  else if (act) {
    event.preventDefault(); // Enter in a box would send its form
    act(grid, item);
  }
}, true);

document.addEventListener("focusin", (event) => {
  const item = event.target.closest?.(".image-grid > li, .strip > li");
  const grid = item?.parentElement;
  if (!grid || !handle(item)) return;
  last = { grid, item, index: items(grid).indexOf(item) };
  if (places.get(grid) !== item) place(grid, item);
});

document.addEventListener("htmx:load", refreshSoon);
document.addEventListener("gone", refreshSoon);
refresh();
