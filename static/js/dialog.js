// @ts-check
// Dialogs: a button [data-dialog="id"] opens that <dialog> as a modal one; [data-dialog-close] inside closes it, and so does a click beside it. Without this module the button's popovertarget does the opening.
// A question that htmx brings, <dialog data-ask>, opens by itself and goes once it is answered; then the focus is where it was before.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    // Prevented, so that the same button does not open it as a popover too.
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (!dialog) return;
  if (event.target.closest("[data-dialog-close]")) {
    event.preventDefault();
    dialog.close();
  } else if (event.target === dialog && isBeside(dialog, event)) {
    dialog.close();
  }
});

// A click on the backdrop is reported on the dialog itself, with a point outside of its box.
function isBeside(dialog, { clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}

let asker = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.closest("dialog")) asker = event.target;
});

document.addEventListener("htmx:load", (event) => {
  const dialog = event.target.closest?.("dialog[data-ask]") ?? event.target.querySelector?.("dialog[data-ask]");
  if (!dialog || dialog.open) return;
  dialog.addEventListener("close", () => {
    dialog.remove();
    // The browser has put the focus back by now, unless a click gave none.
    if (document.activeElement === document.body && asker?.isConnected) asker.focus();
  });
  dialog.showModal();
});

document.addEventListener("htmx:afterRequest", (event) => event.target.closest?.("dialog[data-ask]")?.close());
