// @ts-check
// A few workers that hash files: `hash(file)` promises the SHA-256 in hex.
export class Hasher {
  #workers = [];
  #waiting = [];
  #answers = new Map();
  #next = 0;

  constructor(address) {
    const many = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));
    for (let number = 0; number < many; number += 1) {
      const worker = new Worker(address, { type: "module" });
      worker.addEventListener("message", ({ data }) => this.#answered(worker, data));
      this.#workers.push(worker);
    }
  }

  hash(file) {
    return new Promise((done, fail) => {
      this.#next += 1;
      this.#waiting.push({ id: this.#next, file, done, fail });
      this.#feed();
    });
  }

  #feed() {
    while (this.#workers.length && this.#waiting.length) {
      const { id, file, done, fail } = this.#waiting.shift();
      this.#answers.set(id, { done, fail });
      this.#workers.pop().postMessage({ id, file });
    }
  }

  #answered(worker, { id, sha256, error }) {
    const { done, fail } = this.#answers.get(id);
    this.#answers.delete(id);
    this.#workers.push(worker);
    if (error) fail(new Error(error));
    else done(sha256);
    this.#feed();
  }
}
