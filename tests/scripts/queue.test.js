// The queue of an upload: what it hashes, names and sends, and how it ends, whatever goes wrong on the way.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { Queue } from "../../static/js/upload-queue.js";
import { Server } from "../../static/js/upload-server.js";
import { There } from "../../static/js/upload-there.js";
import { sha256 } from "../../static/vendor/noble-hashes/sha2.js";
import { bytesToHex } from "../../static/vendor/noble-hashes/utils.js";

globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail } = {}) {
    super(type);
    this.detail = detail;
  }
};

// A server that knows files by their keys, as the real one does, and says what it was asked.
const site = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = pieces.length ? JSON.parse(Buffer.concat(pieces).toString()) : null;
  site.asked.push({ method: request.method, url: request.url, names: body?.files.map(({ name }) => name) });
  const [status, answer] = site.answer(request, body);
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
});

const name = (_, body) => {
  if (!body) return [200, {}];
  const refused = body.files.find(({ name: path }) => path.startsWith("bad"));
  if (refused) return [400, { detail: `${refused.name} is refused.` }];
  return [201, { parts: body.files.map((file) => site.part(file)) }];
};

Object.assign(site, {
  asked: [],
  answer: name,
  parts: new Map(),
  part({ key, size, name: path, sha256: hash }) {
    if (!site.parts.has(key)) site.parts.set(key, { id: site.parts.size + 1, key, name: path, size, sha256: hash, offset: 0, known: path.startsWith("known") });
    return site.parts.get(key);
  },
});

before(async () => {
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
});
after(() => site.close());
afterEach(() => {
  site.asked.length = 0;
  site.answer = name;
  site.parts.clear();
});

const base = () => `http://127.0.0.1:${site.address().port}/uploads/1`;
const picture = (path, content = path) => ({ path, file: new Blob([content]) });
const hasher = { hash: async (file) => bytesToHex(sha256(new Uint8Array(await file.arrayBuffer()))) };

// Sends by saying so: `fate` of an item is a status that breaks it, or 0 for no answer, once.
class Sending {
  sent = [];
  held = [];
  paused = false;
  most = 0;

  constructor(fates = {}) {
    this.fates = fates;
  }

  for(heard) {
    this.heard = heard;
    return this;
  }

  pause() {
    this.paused = true;
  }

  resume() {
    this.paused = false;
    this.#go();
  }

  send(items) {
    this.held.push(...items);
    this.most = Math.max(this.most, this.held.length);
    setImmediate(() => this.#go());
  }

  #go() {
    while (!this.paused && this.held.length) {
      const item = this.held.shift();
      const fate = this.fates[item.path];
      delete this.fates[item.path];
      if (fate !== undefined) this.heard.broke(item, fate, { detail: `Refused with ${fate}.` });
      else {
        this.sent.push(item.path);
        this.heard.progressed(item, item.size);
        this.heard.sent(item);
      }
    }
  }
}

const made = ({ fates = {}, largestHashed = 1e6, server = new Server("token", () => {}) } = {}) => {
  const sending = new Sending(fates);
  const queue = new Queue({ server, hasher, largestHashed, sending: (heard) => sending.for(heard) });
  const seen = { ends: 0, stops: [] };
  queue.addEventListener("end", () => (seen.ends += 1));
  queue.addEventListener("stop", ({ detail }) => seen.stops.push(detail));
  return { queue, sending, seen };
};

const ended = (queue) => once(queue, "end");
const sums = ({ files }) => Object.values(files).reduce((sum, count) => sum + count, 0);

test("nothing is sent before there is somewhere to send it to", async () => {
  const { queue, sending, seen } = made();
  queue.add([picture("a.jpg")]);
  await new Promise(setImmediate);
  assert.deepEqual([site.asked.length, sending.sent.length, seen.ends, queue.begun], [0, 0, 0, false]);
  queue.begin(base());
  await ended(queue);
  assert.deepEqual(sending.sent, ["a.jpg"]);
});

test("many are named some hundred at a time, and few are held by what sends", async () => {
  const { queue, sending } = made();
  queue.add(Array.from({ length: 1200 }, (_, number) => picture(`${number}.jpg`)));
  queue.begin(base());
  await ended(queue);
  assert.equal(queue.files.done, 1200);
  assert.equal(sums(queue), 1200);
  assert.equal(new Set(sending.sent).size, 1200);
  assert.ok(sending.most <= 24, `${sending.most} were held at once`);
  assert.ok(site.asked.length < 40, `${site.asked.length} calls`);
  assert.ok(Math.max(...site.asked.map(({ names }) => names.length)) <= 500);
  assert.equal(queue.bytes.sent, queue.bytes.total);
});

test("what the server knows is not sent", async () => {
  const { queue, sending } = made();
  queue.add([picture("known.jpg"), picture("new.jpg")]);
  queue.begin(base());
  await ended(queue);
  assert.deepEqual([sending.sent, queue.files.known, queue.files.done], [["new.jpg"], 1, 1]);
  assert.equal(queue.bytes.known, "known.jpg".length);
});

test("what was sent before a reload is found again, and the rest is sent", async () => {
  const there = new There([
    { id: 7, name: "here.jpg", size: 8, offset: 8, sha256: "" },
    { id: 8, name: "half.jpg", size: 8, offset: 3, sha256: "" },
  ]);
  const { queue, sending } = made();
  queue.add([picture("here.jpg"), picture("half.jpg"), picture("new.jpg")]);
  queue.begin(base(), there);
  await ended(queue);
  assert.deepEqual(sending.sent.toSorted?.() ?? [...sending.sent].sort(), ["half.jpg", "new.jpg"]);
  assert.deepEqual(
    site.asked.map(({ names }) => names),
    [["new.jpg"]],
  );
  assert.deepEqual(queue.items.map(({ id }) => id).slice(0, 2), [7, 8]);
});

test("a file that is refused holds up no other", async () => {
  const { queue, sending } = made();
  queue.add([...Array.from({ length: 9 }, (_, number) => picture(`${number}.jpg`)), picture("bad.jpg")]);
  queue.begin(base());
  await ended(queue);
  assert.equal(sending.sent.length, 9);
  assert.deepEqual(
    [...queue.failed].map(({ path, reason }) => [path, reason]),
    [["bad.jpg", "bad.jpg is refused."]],
  );
  assert.equal(queue.bytes.failed, "bad.jpg".length);
});

test("what fails on the way is tried again when somebody says so", async () => {
  const { queue, sending, seen } = made({ fates: { "b.jpg": 413 } });
  queue.add([picture("a.jpg"), picture("b.jpg")]);
  queue.begin(base());
  await ended(queue);
  assert.deepEqual([[...queue.failed].map(({ reason }) => reason), queue.unfinished], [["Refused with 413."], 0]);
  const again = ended(queue);
  queue.retry();
  await again;
  assert.deepEqual([sending.sent, queue.failed.size, queue.bytes.failed, seen.ends], [["a.jpg", "b.jpg"], 0, 0, 2]);
  assert.equal(site.asked.length, 1, "it was named already");
});

test("who is signed out sends on where it stopped", async () => {
  const { queue, sending, seen } = made({ fates: { "b.jpg": 401 } });
  queue.add([picture("a.jpg"), picture("b.jpg"), picture("c.jpg")]);
  queue.begin(base());
  await once(queue, "stop");
  assert.deepEqual([seen.stops, queue.paused, queue.failed.size], [["Refused with 401."], true, 0]);
  const end = ended(queue);
  queue.resume();
  await end;
  assert.deepEqual([[...sending.sent].sort(), queue.files.done], [["a.jpg", "b.jpg", "c.jpg"], 3]);
});

test("signed out while naming, nothing is lost", async () => {
  const { queue, seen } = made();
  site.answer = () => [401, { detail: "Sign in." }];
  queue.add([picture("a.jpg"), picture("b.jpg")]);
  queue.begin(base());
  await once(queue, "stop");
  assert.deepEqual([seen.stops, queue.files.hashed], [["Sign in."], 2]);
  site.answer = name;
  const end = ended(queue);
  queue.resume();
  await end;
  assert.equal(queue.files.done, 2);
});

test("paused, it does not begin what is added", async () => {
  const { queue, sending } = made();
  queue.begin(base());
  queue.pause();
  queue.add([picture("a.jpg")]);
  await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual([sending.sent, queue.files.waiting, site.asked.length], [[], 1, 0]);
  const end = ended(queue);
  queue.resume();
  await end;
  assert.deepEqual(sending.sent, ["a.jpg"]);
});

test("a file that can no longer be read fails alone", async () => {
  const gone = { path: "gone.jpg", file: { size: 3, slice: () => gone.file, arrayBuffer: () => Promise.reject(new Error("gone")) } };
  const { queue, sending } = made();
  queue.add([gone, picture("a.jpg")]);
  queue.begin(base());
  await ended(queue);
  assert.deepEqual([sending.sent, [...queue.failed].map(({ path }) => path)], [["a.jpg"], ["gone.jpg"]]);
  assert.match([...queue.failed][0].reason, /cannot be read/);
});

test("one that is removed is taken back from the server, and told of", async () => {
  const { queue } = made({ fates: { "a.jpg": 413 } });
  queue.add([picture("a.jpg"), picture("b.jpg")]);
  queue.begin(base());
  await ended(queue);
  const [failed] = queue.failed;
  const removed = once(queue, "remove");
  const end = ended(queue);
  await queue.remove(failed);
  const [{ detail }] = await removed;
  await end;
  assert.equal(detail, failed);
  assert.deepEqual(
    site.asked.filter(({ method }) => method === "DELETE").map(({ url }) => url),
    [`/uploads/1/parts/${failed.id}`],
  );
  assert.deepEqual([queue.items.length, queue.bytes.failed, queue.bytes.total], [1, 0, "b.jpg".length]);
});

test("it is not over while folders are walked through", async () => {
  const { queue, seen } = made();
  queue.begin(base());
  let walked = () => {};
  const collecting = queue.collect(new Promise((done) => (walked = done)));
  queue.add([picture("a.jpg")]);
  await new Promise((done) => setTimeout(done, 100));
  assert.deepEqual([queue.files.done, seen.ends, queue.isEmpty], [1, 0, false]);
  queue.add([picture("b.jpg")]);
  walked();
  await Promise.all([collecting, ended(queue)]);
  assert.equal(queue.files.done, 2);
});

test("large files are named without a hash", async () => {
  const { queue } = made({ largestHashed: 4 });
  queue.add([picture("a.jpg", "1234"), picture("b.zip", "12345")]);
  queue.begin(base());
  await ended(queue);
  const hashes = [...site.parts.values()].map(({ name: path, sha256: hash }) => [path, hash.length]);
  assert.deepEqual(hashes.sort(), [["a.jpg", 64], ["b.zip", 0]]);
});
