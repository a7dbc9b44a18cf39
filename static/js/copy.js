// @ts-check
// Copy: shows buttons with [data-copy="text"] or [data-copy-from="#id"] and copies; [data-copy-label] inside says "Copied" for two seconds.
const show = (root) => {
  for (const button of root.querySelectorAll("[data-copy], [data-copy-from]")) button.hidden = false;
};

const textOf = (button) => {
  if (button.dataset.copy !== undefined) return button.dataset.copy;
  const source = document.querySelector(button.dataset.copyFrom);
  return source.value ?? source.textContent;
};

// The clipboard API exists only on https and localhost; a server in a local network is often neither.
const copyTheOldWay = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("The browser refused to copy.");
};

const copy = async (text) => (navigator.clipboard ? navigator.clipboard.writeText(text) : copyTheOldWay(text));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const label = button.querySelector("[data-copy-label]") ?? button;
  button.dataset.copyBefore ??= label.textContent;
  try {
    await copy(textOf(button));
    label.textContent = "Copied";
  } catch {
    label.textContent = "Select it and press Ctrl+C";
  }
  button.focus();
  setTimeout(() => (label.textContent = button.dataset.copyBefore), 2_000);
});

document.addEventListener("htmx:load", (event) => show(event.target.parentNode ?? document));
show(document);
