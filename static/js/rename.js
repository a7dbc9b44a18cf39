// @ts-check
// Renaming in place: in a form [data-rename] Escape does what its link [data-rename-cancel] does; the old name is selected, so that typing replaces it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const form = event.target.closest("[data-rename]");
  if (!form) return;
  event.preventDefault();
  form.querySelector("[data-rename-cancel]").click();
});

document.addEventListener("htmx:load", (event) => {
  // After the swap is over: whatever else it brought must not keep the focus.
  const saved = event.target.querySelector("a[autofocus]");
  if (saved) setTimeout(() => saved.focus());
  event.target.querySelector("[data-rename] input[name=name]:not([aria-invalid])")?.select();
});
