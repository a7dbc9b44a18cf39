// @ts-check
// The course of an upload on the server: it is opened, or found again, and in the end finished or discarded; then the page goes where the server says.
import { isAlone } from "./upload-kept.js";
import { There } from "./upload-there.js";
import { files } from "./upload-words.js";

export class Course {
  ending = false;
  #resumed = null; // how many files the server knew when this page came to an upload, and how many were to be named

  constructor({ form, server, queue, kept, view }) {
    this.form = form;
    this.server = server;
    this.queue = queue;
    this.kept = kept;
    this.view = view;
  }

  async begin() {
    const { form, kept, queue } = this;
    const there = form.base ? await this.#findAgain() : null;
    if (!there) await this.#open();
    kept.begin(form.base);
    queue.begin(form.base, there);
  }

  async #findAgain() {
    const there = new There(await this.server.parts(this.form.base));
    this.#resumed = { named: there.count, expected: Number(this.form.element.dataset.expected) };
    return there;
  }

  async #open() {
    const { element } = this.form;
    const { items } = this.queue;
    element.elements.expected.value = items.length;
    element.elements.name.value = items.length === 1 ? items[0].path : files(items.length);
    const { location: address, id } = await this.server.open(element.dataset.open, element);
    this.form.base = new URL(`./${id}`, new URL(element.dataset.open, location.href)).pathname;
    history.replaceState(null, "", address); // a reload goes on with this upload
    isAlone(this.form.base);
  }

  // Whoever goes on may choose a part of it first: it is all when as many were named as were to be.
  get isAll() {
    const resumed = this.#resumed;
    return !resumed || (resumed.expected > 0 && resumed.named + this.queue.named >= resumed.expected);
  }

  // So many fewer are to be named: they were taken out before the server heard of them. All of them if nobody knows.
  expectLess(count) {
    if (this.#resumed) this.#resumed.expected -= count;
  }

  expectNothing() {
    if (this.#resumed) this.#resumed.expected = 0;
  }

  finish({ without = false } = {}) {
    this.ending = true;
    this.view.missing = 0;
    this.view.say("All files are uploaded.");
    return this.#lead(this.server.post(`${this.form.base}/finish`, new URLSearchParams(without ? { leave_out: "yes" } : {})));
  }

  discard() {
    this.queue.pause();
    return this.#lead(this.server.post(`${this.form.base}/discard`));
  }

  async #lead(promise) {
    let to = "";
    try {
      ({ location: to } = await promise);
    } catch (error) {
      this.#refused(error);
      return;
    }
    await this.kept.forget(this.form.base).finally(() => location.assign(to));
  }

  #refused({ message, missing }) {
    this.ending = false;
    this.view.asks = false;
    this.view.missing = missing ?? 0;
    this.view.note(message);
    this.view.say(message);
    this.view.show();
  }
}
