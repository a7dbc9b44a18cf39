// The files of an upload on their way: hashed, named to the server a few hundred at a time, then sent by Uppy, which only ever holds the next few.
import { sha256 } from "../vendor/noble-hashes/sha2.js";
import { bytesToHex } from "../vendor/noble-hashes/utils.js";
import { Tus, Uppy } from "../vendor/uppy/uppy.min.mjs";
import { Refused, sentenceOf } from "./upload-server.js";

const AT_ONCE = 4; // files that are sent side by side
const AT_HAND = 24; // files that Uppy knows: it looks at all of them for every step of one
const NAMED_AT_ONCE = 500;
const WORTH_NAMING = 50;
const HASHED_AHEAD = 64;
const PIECE = 64 << 20; // of a large file in one request
const AGAIN = 5_000;
// The page says what went wrong with each file; for the console that is no error.
const LOG = { debug() {}, warn: console.warn, error: console.warn };
const RETRIES = [0, 1_000, 2_000, 5_000, 10_000, 20_000];

// By its key the server knows a file that is named again, as after an answer that was lost or a reload: what is the same about it, and how many such files came before.
const keyOf = (same, nth) => bytesToHex(sha256(new TextEncoder().encode(`${same}\n${nth}`))).slice(0, 32);

// waiting -> hashing -> hashed -> named -> sending -> done | known | failed
export class Queue extends EventTarget {
  items = [];
  files = { waiting: 0, hashing: 0, hashed: 0, named: 0, sending: 0, done: 0, known: 0, failed: 0 };
  bytes = { total: 0, sent: 0, known: 0, failed: 0 };
  sending = new Set();
  failed = new Set();
  paused = false;
  named = 0; // to the server, by this page
  #collecting = 0; // folders that are still walked through
  #lists = { waiting: [], hashed: [], named: [] };
  #byUppy = new Map();
  #met = new Map();
  #naming = false;
  #base = "";
  #uppy;

  constructor({ server, hasher, largestHashed }) {
    super();
    Object.assign(this, { server, hasher, largestHashed });
    this.#uppy = new Uppy({ allowMultipleUploadBatches: true, logger: LOG });
    this.#uppy.use(Tus, { endpoint: "-", limit: AT_ONCE, chunkSize: PIECE, retryDelays: RETRIES, storeFingerprintForResuming: false, headers: () => server.headers(), onBeforeRequest: (request, file) => this.#spare(request, file) });
    this.#uppy.on("upload-progress", (file, { bytesUploaded }) => this.#progressed(file?.id, bytesUploaded));
    this.#uppy.on("upload-success", (file) => this.#sent(file.id));
    this.#uppy.on("upload-error", (file, error, response) => this.#broke(file.id, error, response));
  }

  // Files may be added before; nothing is sent until there is somewhere to send it to.
  begin(base, there) {
    [this.#base, this.there] = [base, there];
    this.#work();
  }

  get begun() {
    return this.#base !== "";
  }

  get isEmpty() {
    return !this.items.length && !this.#collecting;
  }

  get unfinished() {
    return this.items.length - this.files.done - this.files.known - this.files.failed;
  }

  add(found) {
    for (const { path, file, kind = "" } of found) {
      const item = { path, file, kind, key: "", size: file.size, state: "waiting", sent: 0, id: 0, isFresh: false, sha256: "", reason: "" };
      this.items.push(item);
      this.files.waiting += 1;
      this.bytes.total += item.size;
      this.#lists.waiting.push(item);
    }
    this.#work();
  }

  // More is about to be added: it is not over before that is.
  async collect(adding) {
    this.#collecting += 1;
    await adding.finally(() => ((this.#collecting -= 1), this.#work()));
  }

  pause() {
    this.paused = true;
    this.#uppy.pauseAll();
    this.#changed();
  }

  resume() {
    this.paused = false;
    this.#uppy.resumeAll();
    this.#work();
  }

  retry(items = [...this.failed]) {
    for (const item of items) {
      item.reason = "";
      this.#move(item, item.id ? "named" : "waiting");
    }
    this.resume(); // Uppy too, which holds what it had begun
  }

  async remove(item) {
    if (item.id && this.#base) await this.server.ask(`${this.#base}/parts/${item.id}`, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch((error) => error.status === 404 || Promise.reject(error));
    this.#forget(item);
    this.dispatchEvent(new CustomEvent("remove", { detail: item }));
    this.#work();
  }

  clear() {
    for (const item of [...this.items]) this.#forget(item);
    this.#changed();
  }

  #forget(item) {
    if (item.state === "failed") this.bytes.failed -= item.size - item.sent;
    this.files[item.state] -= 1;
    this.bytes.total -= item.size;
    this.bytes.sent -= item.sent;
    this.failed.delete(item);
    this.sending.delete(item);
    if (item.state === "known") this.bytes.known -= item.size;
    this.items.splice(this.items.indexOf(item), 1);
    item.state = "gone";
  }

  #move(item, state) {
    if (item.state === "gone") return;
    if (item.state === "failed") this.bytes.failed -= item.size - item.sent;
    if (state === "failed") this.bytes.failed += item.size - item.sent;
    this.files[item.state] -= 1;
    this.files[state] += 1;
    item.state = state;
    this.failed[state === "failed" ? "add" : "delete"](item);
    this.sending[state === "sending" ? "add" : "delete"](item);
    this.#lists[state]?.push(item);
  }

  #take(state) {
    const list = this.#lists[state];
    for (let item; (item = list.shift()); ) if (item.state === state) return item;
    return null;
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
      const item = this.#take("waiting");
      if (!item) return;
      this.#hash(item);
    }
  }

  async #hash(item) {
    this.#move(item, "hashing");
    try {
      if (!item.kind && item.size <= this.largestHashed) item.sha256 = await this.hasher.hash(item.file);
      this.#move(item, "hashed");
    } catch {
      this.#fail(item, "The file cannot be read: it was moved or changed. Choose it again.");
    }
    this.#work();
  }

  // Some, or what there is once nothing more is being hashed.
  #nameSome() {
    const ready = this.files.hashed;
    if (this.#naming || !ready || (ready < WORTH_NAMING && (this.files.hashing || this.files.waiting))) return;
    const batch = [];
    for (let item; batch.length < NAMED_AT_ONCE && (item = this.#take("hashed")); ) {
      item.key ||= this.#keyOf(item);
      const part = this.there?.take(item);
      if (part) this.#named(item, part);
      else batch.push(item);
    }
    if (batch.length) this.#name(batch);
  }

  #keyOf({ path, size, sha256: hash, kind }) {
    const same = [path, size, hash, kind].join("\n");
    const nth = this.#met.get(same) ?? 0;
    this.#met.set(same, nth + 1);
    return keyOf(same, nth);
  }

  async #name(batch) {
    this.#naming = true;
    await this.#ask(batch);
    this.#naming = false;
    this.#work();
  }

  // One file that is refused must not hold up the others of its batch: halves are asked again.
  async #ask(batch) {
    try {
      const files = batch.map(({ path, size, sha256, kind, key }) => ({ name: path, size, sha256, kind, key }));
      const parts = await this.server.name(this.#base, files);
      this.named += parts.length;
      for (const [place, part] of parts.entries()) {
        batch[place].isFresh = part.offset === 0; // unlike what was found again, which may be on its way
        this.#named(batch[place], part);
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) this.#stop(error.message, batch, "hashed");
      else if (batch.length === 1) this.#fail(batch[0], error.message);
      else for (const half of [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)]) await this.#ask(half);
    }
  }

  #named(item, part) {
    item.id = part.id;
    if (part.known) {
      this.bytes.known += item.size;
      return this.#move(item, "known");
    }
    this.#count(item, part.offset);
    return this.#move(item, part.offset === part.size ? "done" : "named");
  }

  #sendSome() {
    const next = [];
    for (let item; this.sending.size < AT_HAND && (item = this.#take("named")); next.push(item)) this.#move(item, "sending");
    for (const item of next) this.#hand(item);
    if (next.length) this.#uppy.upload().catch(() => null); // each file says for itself what went wrong
  }

  #hand(item) {
    const meta = { relativePath: `${item.id}/${item.path}` };
    const id = this.#uppy.addFile({ name: item.file.name || "file", type: item.file.type, data: item.file, source: "queue", meta });
    this.#uppy.setFileState(id, { tus: { uploadUrl: `${this.#base}/parts/${item.id}` } });
    this.#byUppy.set(id, item);
  }

  // The client asks where each file goes on. Where a file was named a moment ago nothing of it is there: half of all requests for small files.
  #spare(request, file) {
    const item = this.#byUppy.get(file.id);
    if (request.getMethod() !== "HEAD" || !item?.isFresh) return;
    item.isFresh = false; // once anything was tried, only the server knows
    const headers = { "Upload-Offset": "0", "Upload-Length": String(item.size) };
    request.send = async () => ({ getStatus: () => 200, getHeader: (name) => headers[name] ?? null, getBody: () => "", getUnderlyingObject: () => null });
  }

  #count(item, sent) {
    this.bytes.sent += sent - item.sent;
    item.sent = sent;
  }

  #progressed(id, sent) {
    const item = this.#byUppy.get(id);
    if (!item || item.state !== "sending") return;
    if (sent > item.sent) this.server.away(false);
    this.#count(item, sent);
    this.#changed();
  }

  #leave(id) {
    const item = this.#byUppy.get(id);
    this.#byUppy.delete(id);
    setTimeout(() => this.#uppy.getFile(id) && this.#uppy.removeFile(id)); // once Uppy is through with it
    return item;
  }

  #sent(id) {
    const item = this.#leave(id);
    if (!item) return;
    this.server.away(false);
    this.#count(item, item.size);
    this.#move(item, "done");
    this.#work();
  }

  #broke(id, error, response) {
    const item = this.#leave(id);
    if (!item || item.state === "gone") return;
    const status = response?.status ?? 0;
    const body = parsed(response?.body?.xhr?.responseText);
    if (status === 401) this.#stop(sentenceOf(status, body), [item], "named");
    else if (status >= 400 && status < 500 && status !== 429) this.#fail(item, sentenceOf(status, body));
    else this.#later(item, error);
    this.#work();
  }

  // The file itself may be what is gone, and not the server.
  async #later(item, error) {
    const readable = await item.file.slice(0, 1).arrayBuffer().then(() => true, () => false);
    if (!readable) this.#fail(item, "The file cannot be read: it was moved or changed. Choose it again.");
    else {
      this.server.away(true);
      this.last = error;
      setTimeout(() => (this.#move(item, "named"), this.#work()), AGAIN);
    }
    this.#work();
  }

  #stop(sentence, items, state) {
    for (const item of items) this.#move(item, state);
    this.pause();
    this.dispatchEvent(new CustomEvent("stop", { detail: sentence }));
  }

  #fail(item, reason) {
    item.reason = reason;
    this.#move(item, "failed");
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
