// @ts-check
// What was typed before htmx listened, it never heard of: a field with the focus then asks once more, by the other trigger that it or its form has.
document.addEventListener(
  "htmx:load",
  () => {
    const field = document.activeElement;
    if (!(field instanceof HTMLInputElement) || field.value === field.defaultValue) return;
    const asking = field.closest('[hx-trigger^="input changed"]');
    if (asking) window.htmx.trigger(asking, asking === field ? "focus" : "submit");
  },
  { once: true },
);
