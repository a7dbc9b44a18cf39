// @ts-check
// The files of an upload, each in one state, and what they come to: how many are in each state, and how many bytes.
// waiting -> hashing -> hashed -> named -> sending -> done | known | failed; one that was removed is "gone".
export class Ledger {
  items = [];
  files = { waiting: 0, hashing: 0, hashed: 0, named: 0, sending: 0, done: 0, known: 0, failed: 0 };
  bytes = { total: 0, sent: 0, known: 0, failed: 0 };
  sending = new Set();
  failed = new Set();
  #lists = { waiting: [], hashed: [], named: [] };

  get unfinished() {
    return this.items.length - this.files.done - this.files.known - this.files.failed;
  }

  add({ path, file, kind = "" }) {
    const item = { path, file, kind, key: "", size: file.size, state: "waiting", sent: 0, id: 0, isFresh: false, sha256: "", reason: "" };
    this.items.push(item);
    this.files.waiting += 1;
    this.bytes.total += item.size;
    this.#lists.waiting.push(item);
  }

  move(item, state) {
    if (item.state === "gone") return;
    if (item.state === "failed") this.bytes.failed -= item.size - item.sent;
    if (state === "failed") this.bytes.failed += item.size - item.sent;
    if (item.state === "known") this.bytes.known -= item.size;
    if (state === "known") this.bytes.known += item.size;
    this.files[item.state] -= 1;
    this.files[state] += 1;
    item.state = state;
    this.failed[state === "failed" ? "add" : "delete"](item);
    this.sending[state === "sending" ? "add" : "delete"](item);
    this.#lists[state]?.push(item);
  }

  // The first of a state, or null. A list may still name items that have moved on since.
  take(state) {
    const list = this.#lists[state];
    while (list.length) {
      const item = list.shift();
      if (item.state === state) return item;
    }
    return null;
  }

  count(item, sent) {
    if (item.state === "gone") return; // the last bytes of one that was removed meanwhile
    this.bytes.sent += sent - item.sent;
    item.sent = sent;
  }

  fail(item, reason) {
    item.reason = reason;
    this.move(item, "failed");
  }

  forget(item) {
    if (item.state === "failed") this.bytes.failed -= item.size - item.sent;
    if (item.state === "known") this.bytes.known -= item.size;
    this.files[item.state] -= 1;
    this.bytes.total -= item.size;
    this.bytes.sent -= item.sent;
    this.failed.delete(item);
    this.sending.delete(item);
    this.items.splice(this.items.indexOf(item), 1);
    item.state = "gone";
  }
}
