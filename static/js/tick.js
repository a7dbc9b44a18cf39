// Ticking tiles of a grid: the bar shows while something is ticked and counts; Shift ticks a range,
// Ctrl+A all that is loaded, Escape none. Without this module the boxes and the bar simply work.

const form = document.querySelector("[data-tick]");

if (form) {
  const bar = form.querySelector("[data-bulk]");
  const count = form.querySelector("[data-bulk-count]");
  let last = null;

  const boxes = () => [...form.querySelectorAll(".tile-check input")];
  const show = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    bar.hidden = ticked === 0;
    count.textContent = ticked === 1 ? "1 image" : `${ticked} images`;
  };
  const tickAll = (checked) => {
    for (const box of boxes()) box.checked = checked;
    show();
  };

  form.addEventListener("click", (event) => {
    const box = event.target.closest(".tile-check input");
    if (!box) return;
    const all = boxes();
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const other of all.slice(from, to + 1)) other.checked = box.checked;
    }
    last = box;
    show();
  });

  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      tickAll(true);
    } else if (event.key === "Escape") tickAll(false);
  });

  show();
}
