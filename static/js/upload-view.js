// @ts-check
// Shows a queue: what is sent of all, how fast, the files under way and those that failed; never a row for each of ten thousand.
import { Rate, files, time } from "./upload-words.js";
import { size } from "./words.js";
import { percent } from "./words.js";

const ROWS = { active: 4, failed: 100 };
const EVERY = 200;
const CHATTER = 15_000;

const element = (name, text = "", fields = {}) => Object.assign(document.createElement(name), { textContent: text, ...fields });

const needed = ({ bytes }) => bytes.total - bytes.known - bytes.failed;

const fraction = (queue) => {
  const { bytes, files: count, items } = queue;
  if (needed(queue) > 0) return Math.min(1, bytes.sent / needed(queue));
  return items.length ? (count.done + count.known) / items.length : 0;
};

export class View {
  asks = false; // whether somebody has to say that all is chosen
  missing = 0; // files of which the server lacks something, though this page has none left to send
  #rate = new Rate();
  #rows = new Map();
  #shownFailed = [];
  #timer = 0;
  #said = 0;

  constructor(panel, queue) {
    this.panel = panel;
    this.queue = queue;
    queue.addEventListener("change", () => (this.#timer ||= setTimeout(() => this.show(), EVERY)));
    this.part("failed").addEventListener("click", ({ target }) => this.#pressed(target.closest("button")));
  }

  part(name) {
    return this.panel.querySelector(`[data-upload-${name}]`);
  }

  // For a screen reader: what somebody would want to be told, and not every step.
  say(sentence, { atOnce = true } = {}) {
    const now = Date.now();
    if (!atOnce && now - this.#said < CHATTER) return;
    this.#said = now;
    this.part("said").textContent = sentence;
  }

  note(sentence) {
    const note = this.part("note");
    if (note.textContent === sentence) return;
    note.textContent = sentence;
    note.hidden = !sentence;
  }

  show() {
    this.#timer = 0;
    const { queue } = this;
    const whole = fraction(queue);
    this.part("bar").value = whole;
    this.part("bar").textContent = `${percent(whole, 1)} %`;
    this.#figures();
    this.#sentence();
    this.#active();
    this.#failed();
    this.part("pause").hidden = queue.paused || !queue.unfinished;
    this.part("resume").hidden = !queue.paused;
    this.part("retry").hidden = !queue.failed.size;
    this.part("finish").hidden = !this.asks || queue.unfinished > 0 || !queue.items.length;
    this.part("without").hidden = !(queue.failed.size || this.missing) || queue.unfinished > 0;
    this.part("without").textContent = this.missing ? "Continue without missing files" : "Continue without failed files";
    if (queue.unfinished && !queue.paused) this.say(`${percent(whole, 1)} percent uploaded.`, { atOnce: false });
  }

  #figures() {
    const { files: count, failed, unfinished } = this.queue;
    const figures = { done: count.done, known: count.known, failed: failed.size, left: unfinished };
    for (const [name, value] of Object.entries(figures)) this.part(`count-${name}`).textContent = value.toLocaleString();
  }

  #sentence() {
    const { bytes, files: count, paused, unfinished } = this.queue;
    if (paused) this.#rate.forget();
    else this.#rate.mark(bytes.sent);
    const { perSecond } = this.#rate;
    const words = [`${size(bytes.sent)} of ${size(needed(this.queue))} uploaded`];
    if (paused) words.push("paused");
    else if (unfinished && perSecond > 0) words.push(`${size(perSecond)}/s`, `${time((needed(this.queue) - bytes.sent) / perSecond)} left`);
    else if (this.asks && !unfinished) words.push("choose more, or continue");
    const hashing = count.waiting + count.hashing;
    if (hashing && !paused) words.push(`${files(hashing)} to check`);
    this.part("sentence").textContent = words.join(" · ");
  }

  #active() {
    const list = this.part("active");
    const moving = [...this.queue.sending].slice(0, ROWS.active); // they are sent in this order
    const wanted = new Set(moving);
    for (const [item, row] of this.#rows) {
      if (wanted.has(item)) continue;
      row.remove();
      this.#rows.delete(item);
    }
    for (const item of moving) {
      if (!this.#rows.has(item)) this.#rows.set(item, list.appendChild(activeRow(item)));
      this.#rows.get(item).querySelector("progress").value = item.size ? item.sent / item.size : 0;
    }
  }

  // Only when something changed, or the focus would be lost from under a finger.
  #failed() {
    const shown = [...this.queue.failed].slice(0, ROWS.failed);
    const same = shown.length === this.#shownFailed.length && shown.every((item, place) => item === this.#shownFailed[place]);
    this.part("failures").hidden = !shown.length;
    const more = this.queue.failed.size - shown.length;
    this.part("more").textContent = more > 0 ? `And ${files(more)} more.` : "";
    if (same) return;
    this.#shownFailed = shown;
    this.part("failed").replaceChildren(...shown.map(failedRow));
  }

  #pressed(button) {
    if (!button) return;
    const row = button.closest("tr");
    const item = this.#shownFailed[row.sectionRowIndex];
    const beside = row.nextElementSibling ?? row.previousElementSibling;
    (beside?.querySelector("button") ?? this.part("title")).focus();
    if (button.dataset.does === "retry") this.queue.retry([item]);
    else this.queue.remove(item);
    this.show();
  }
}

const activeRow = (item) => {
  const row = element("li");
  row.append(element("span", item.path, { className: "upload-name" }), element("span", size(item.size), { className: "text-secondary number" }), element("progress", "", { className: "bar", max: 1, value: 0, ariaLabel: item.path }));
  return row;
};

const failedRow = (item) => {
  const row = element("tr");
  const does = element("div", "", { className: "upload-does" });
  for (const [deed, word] of Object.entries({ retry: "Retry", remove: "Remove" })) {
    const button = element("button", word, { type: "button", className: "btn btn-sm", ariaLabel: `${word} ${item.path}` });
    button.dataset.does = deed;
    does.append(button);
  }
  const [name, why, last] = [element("td", item.path, { className: "text-break" }), element("td"), element("td")];
  why.dataset.label = "Reason";
  why.append(element("span", item.reason));
  last.append(does);
  row.append(name, why, last);
  return row;
};
