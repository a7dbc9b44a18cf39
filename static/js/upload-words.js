// @ts-check
// Times and counts as people read them, and how fast something goes.
import { counted } from "./words.js";

export const files = (count) => counted(count, "file");

export const time = (seconds) => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min`;
};

// Of the last seconds, so that a pause or a slow beginning does not count for ever.
const WINDOW = 10_000;

export class Rate {
  #marks = [];

  mark(value, now = performance.now()) {
    this.#marks.push([now, value]);
    while (this.#marks.length > 2 && now - this.#marks[0][0] > WINDOW) this.#marks.shift();
  }

  forget() {
    this.#marks = [];
  }

  get perSecond() {
    if (this.#marks.length < 2) return 0;
    const [[began, first], [ended, last]] = [this.#marks[0], this.#marks.at(-1)];
    return ended > began ? Math.max(0, ((last - first) * 1000) / (ended - began)) : 0;
  }
}
