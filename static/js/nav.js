// @ts-check
// Navigation: closes <details class="menu"> on Escape, on a click outside and when the focus leaves, and the left bar's popover when the window becomes wide.
const close = (menu, { refocus = false } = {}) => {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
};

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(/** @type {Node} */ (event.target))) close(menu);
  }
});

document.addEventListener("focusout", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  // A click on something that takes no focus has no relatedTarget; the click listener decides then.
  if (menu && event.relatedTarget && !menu.contains(event.relatedTarget)) close(menu);
});

document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement?.closest("details.menu[open]");
    if (!menu) return;
    close(menu, { refocus: true });
    // The menu is done; the popover or dialog around it stays open.
    event.preventDefault();
  },
  true,
);

const sidebar = document.getElementById("sidebar");
window.matchMedia("(min-width: 992px)").addEventListener("change", (wide) => {
  if (wide.matches && sidebar?.matches(":popover-open")) sidebar.hidePopover();
});
