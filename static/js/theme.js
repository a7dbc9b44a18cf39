// @ts-check
// Theme: sets light or dark before the first paint, and runs the switch [data-theme-switch] with buttons [data-theme-choice="auto|light|dark"]. A plain blocking script, not a module.
(() => {
  const KEY = "likewise-theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Storage can be refused (private windows, blocked cookies); the system's preference is then enough.
  const read = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  };

  const write = (choice) => {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // Kept for this page only.
    }
  };

  const apply = (choice) => {
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.dataset.bsTheme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
    }
  };

  apply(read());
  dark.addEventListener("change", () => apply(read()));
  window.addEventListener("storage", (event) => event.key === KEY && apply(read()));
  document.addEventListener("DOMContentLoaded", () => {
    for (const element of document.querySelectorAll("[data-theme-switch]")) element.hidden = false;
    apply(read());
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    write(button.dataset.themeChoice);
    apply(button.dataset.themeChoice);
  });
})();
