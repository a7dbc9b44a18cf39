// @ts-check
// Keys of every page: / goes to the search of the page, ? shows the dialog #keys. Escape in an empty search field leaves it.
const EDITABLE = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";
const FIELDS = "#group-search, #search, input[type=search], form[data-search] [name=url]";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Escape" && event.target.matches?.(FIELDS) && !event.target.value) event.target.blur();
  if (event.target.closest?.(`${EDITABLE}, dialog[open]`)) return;
  if (event.key === "/") {
    const field = [...document.querySelectorAll(FIELDS)].find((one) => one.checkVisibility());
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === "?") {
    event.preventDefault();
    document.getElementById("keys").showModal();
  }
});
