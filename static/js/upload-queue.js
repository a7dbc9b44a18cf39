// @ts-check
// The files of an upload on their way: hashed, named to the server a few hundred at a time, then sent.
import { Ledger } from "./upload-ledger.js";
import { Namer } from "./upload-namer.js";
import { sentenceOf } from "./upload-server.js";

const AT_HAND = 24; // files that are handed on to be sent
const NAMED_AT_ONCE = 500;
const WORTH_NAMING = 50;
const HASHED_AHEAD = 64;
const AGAIN = 5_000;
const UNREADABLE = "The file cannot be read: it was moved or changed. Choose it again.";

// Events: "change", "end" once nothing is left to do, "remove" with the item, and "stop" with a sentence.
export class Queue extends EventTarget {
  paused = false;
  named = 0; // to the server, by this page
  #ledger = new Ledger();
  #collecting = 0; // folders that are still walked through
  #naming = false;
  #base = "";
  there = null; // what the server has already

  // `sending` makes what sends, given whom it tells of it: see upload-sender.js.
  constructor({ server, hasher, largestHashed, sending }) {
    super();
    this.server = server;
    this.hasher = hasher;
    this.largestHashed = largestHashed;
    this.namer = new Namer(server);
    this.sender = sending({
      progressed: (item, sent) => this.#progressed(item, sent),
      sent: (item) => this.#sent(item),
      broke: (item, status, body) => this.#broke(item, status, body),
    });
  }

  get items() {
    return this.#ledger.items;
  }

  get files() {
    return this.#ledger.files;
  }

  get bytes() {
    return this.#ledger.bytes;
  }

  get sending() {
    return this.#ledger.sending;
  }

  get failed() {
    return this.#ledger.failed;
  }

  get unfinished() {
    return this.#ledger.unfinished;
  }

  get begun() {
    return this.#base !== "";
  }

  get isEmpty() {
    return !this.items.length && !this.#collecting;
  }

  // Files may be added before; nothing is sent until there is somewhere to send it to.
  begin(base, there) {
    this.#base = base;
    this.there = there;
    this.#work();
  }

  add(found) {
    for (const one of found) this.#ledger.add(one);
    this.#work();
  }

  // More is about to be added: it is not over before that is.
  async collect(adding) {
    this.#collecting += 1;
    try {
      await adding;
    } finally {
      this.#collecting -= 1;
      this.#work();
    }
  }

  pause() {
    this.paused = true;
    this.sender.pause();
    this.#changed();
  }

  resume() {
    this.paused = false;
    this.sender.resume();
    this.#work();
  }

  retry(items = [...this.failed]) {
    for (const item of items) {
      item.reason = "";
      this.#ledger.move(item, item.id ? "named" : "waiting");
    }
    this.resume(); // what sends too, which holds what it had begun
  }

  async remove(item) {
    if (item.id && this.#base) await this.#withdraw(item);
    this.#ledger.forget(item);
    this.dispatchEvent(new CustomEvent("remove", { detail: item }));
    this.#work();
  }

  async #withdraw(item) {
    const headers = { "Tus-Resumable": "1.0.0" };
    try {
      await this.server.ask(`${this.#base}/parts/${item.id}`, { method: "DELETE", headers });
    } catch (error) {
      if (error.status !== 404) throw error;
    }
  }

  clear() {
    for (const item of [...this.items]) this.#ledger.forget(item);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #work() {
    if (this.begun && !this.paused) {
      this.#hashSome();
      this.#nameSome();
      this.#sendSome();
    }
    this.#changed();
    if (this.begun && this.items.length && !this.unfinished && !this.#collecting) this.dispatchEvent(new Event("end"));
  }

  #hashSome() {
    while (this.files.hashing < HASHED_AHEAD) {
      const item = this.#ledger.take("waiting");
      if (!item) return;
      this.#hash(item);
    }
  }

  async #hash(item) {
    this.#ledger.move(item, "hashing");
    try {
      if (!item.kind && item.size <= this.largestHashed) item.sha256 = await this.hasher.hash(item.file);
      this.#ledger.move(item, "hashed");
    } catch {
      this.#ledger.fail(item, UNREADABLE);
    }
    this.#work();
  }

  // Some, or what there is once nothing more is being hashed.
  #nameSome() {
    const ready = this.files.hashed;
    if (this.#naming || !ready || (ready < WORTH_NAMING && (this.files.hashing || this.files.waiting))) return;
    const batch = [];
    while (batch.length < NAMED_AT_ONCE) {
      const item = this.#ledger.take("hashed");
      if (!item) break;
      item.key ||= this.namer.keyOf(item);
      const part = this.there?.take(item);
      if (part) this.#found(item, part);
      else batch.push(item);
    }
    if (batch.length) this.#name(batch);
  }

  async #name(batch) {
    this.#naming = true;
    await this.namer.name(this.#base, batch, {
      named: (item, part) => {
        this.named += 1;
        item.isFresh = part.offset === 0; // unlike what was found again, which may be on its way
        this.#found(item, part);
      },
      failed: (item, sentence) => this.#ledger.fail(item, sentence),
      stopped: (items, sentence) => this.#stop(sentence, items, "hashed"),
    });
    this.#naming = false;
    this.#work();
  }

  #found(item, part) {
    item.id = part.id;
    if (!part.known) this.#ledger.count(item, part.offset);
    const whole = part.offset === part.size ? "done" : "named";
    this.#ledger.move(item, part.known ? "known" : whole);
  }

  #sendSome() {
    const next = [];
    while (this.sending.size < AT_HAND) {
      const item = this.#ledger.take("named");
      if (!item) break;
      this.#ledger.move(item, "sending");
      next.push(item);
    }
    this.sender.send(next, this.#base);
  }

  #progressed(item, sent) {
    if (item.state !== "sending") return;
    if (sent > item.sent) this.server.away(false);
    this.#ledger.count(item, sent);
    this.#changed();
  }

  #sent(item) {
    this.server.away(false);
    this.#ledger.count(item, item.size);
    this.#ledger.move(item, "done");
    this.#work();
  }

  #broke(item, status, body) {
    if (item.state === "gone") return;
    if (status === 401) this.#stop(sentenceOf(status, body), [item], "named");
    else if (status >= 400 && status < 500 && status !== 429) this.#ledger.fail(item, sentenceOf(status, body));
    else this.#later(item);
    this.#work();
  }

  // The file itself may be what is gone, and not the server.
  async #later(item) {
    const readable = await item.file
      .slice(0, 1)
      .arrayBuffer()
      .then(
        () => true,
        () => false,
      );
    if (readable) {
      this.server.away(true);
      setTimeout(() => this.#again(item), AGAIN);
    } else this.#ledger.fail(item, UNREADABLE);
    this.#work();
  }

  #again(item) {
    this.#ledger.move(item, "named");
    this.#work();
  }

  #stop(sentence, items, state) {
    for (const item of items) this.#ledger.move(item, state);
    this.pause();
    this.dispatchEvent(new CustomEvent("stop", { detail: sentence }));
  }
}
