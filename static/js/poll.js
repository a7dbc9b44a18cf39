// @ts-check
// Polling: fires "poll" on each [data-poll] every second while the page is visible, every 5 s after a minute, every 15 s after ten; htmx listens with hx-trigger="poll".
const STEPS = [
  [600_000, 15_000],
  [60_000, 5_000],
  [0, 1_000],
];
// By id and not by element: htmx replaces the element with each answer.
const clocks = new Map();

const pause = (age) => STEPS.find(([since]) => age >= since)[1];

const tick = () => {
  if (document.visibilityState !== "visible") return;
  const now = Date.now();
  const seen = new Set();
  for (const element of document.querySelectorAll("[data-poll]")) {
    const key = element.id || element.getAttribute("hx-get");
    seen.add(key);
    const clock = clocks.get(key) ?? { born: now, last: now };
    clocks.set(key, clock);
    // One question at a time: a slow answer must not pile up requests, nor take a form away that was just sent.
    if (element.matches(".htmx-request, :has(.htmx-request)")) continue;
    if (now - clock.last + 50 < pause(now - clock.born)) continue;
    clock.last = now;
    element.dispatchEvent(new CustomEvent("poll"));
  }
  for (const key of clocks.keys()) if (!seen.has(key)) clocks.delete(key);
};

setInterval(tick, 1_000);

// Whoever comes back to the tab wants the state of now.
document.addEventListener("visibilitychange", () => {
  for (const clock of clocks.values()) clock.last = 0;
  tick();
});
