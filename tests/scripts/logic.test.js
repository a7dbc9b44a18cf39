// What needs no page: keys of files, what is found again, how fast it goes, and counts in words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Namer } from "../../static/js/upload-namer.js";
import { Refused, sentenceOf } from "../../static/js/upload-server.js";
import { There } from "../../static/js/upload-there.js";
import { Rate, time } from "../../static/js/upload-words.js";
import { counted, percent, size } from "../../static/js/words.js";

const file = (path) => ({ path, size: 3, sha256: "", kind: "" });

test("a file has the same key after a reload, and its twin another", () => {
  const [before, after] = [new Namer(), new Namer()].map((namer) => ["a.jpg", "b.jpg", "a.jpg"].map((path) => namer.keyOf(file(path))));
  assert.deepEqual(before, after);
  assert.equal(new Set(before).size, 3);
  for (const key of before) assert.match(key, /^[0-9a-f]{32}$/);
});

test("an error that is no refusal is not taken for one", async () => {
  const broken = { name: async () => Promise.reject(new TypeError("a fault of the program")) };
  await assert.rejects(new Namer(broken).name("", [file("a")], {}), TypeError);
});

test("a batch is halved until what is refused stands alone", async () => {
  const asked = [];
  const server = {
    name: async (_, files) => {
      asked.push(files.length);
      if (files.some(({ name }) => name === "5")) throw new Refused(400, "No.");
      return files.map(({ name }) => ({ id: Number(name) }));
    },
  };
  const heard = { named: [], failed: [] };
  const batch = Array.from({ length: 8 }, (_, number) => file(String(number)));
  await new Namer(server).name("", batch, {
    named: (item, part) => heard.named.push([item.path, part.id]),
    failed: (item, sentence) => heard.failed.push([item.path, sentence]),
  });
  assert.deepEqual(heard.failed, [["5", "No."]]);
  assert.deepEqual(
    heard.named,
    [0, 1, 2, 3, 4, 6, 7].map((number) => [String(number), number]),
  );
  assert.deepEqual(asked, [8, 4, 4, 2, 1, 1, 2]);
});

test("two files of the same content are found as two", () => {
  const parts = [1, 2].map((id) => ({ id, name: `shoes/${id}.jpg`, size: 5, sha256: "same" }));
  const there = new There(parts);
  const take = (path, sha256 = "same") => there.take({ path, size: 5, sha256 })?.id;
  assert.deepEqual([take("1.jpg"), take("1.jpg"), take("2.jpg"), take("2.jpg")], [1, undefined, 2, undefined]);
});

test("a file of the same name and other content is another", () => {
  const there = new There([{ id: 1, name: "a.jpg", size: 5, sha256: "one" }]);
  assert.equal(there.take({ path: "a.jpg", size: 5, sha256: "two" }), undefined);
  assert.equal(there.take({ path: "a.jpg", size: 5, sha256: "" }).id, 1);
});

test("the rate is that of the last seconds", () => {
  const rate = new Rate();
  assert.equal(rate.perSecond, 0);
  for (let second = 0; second <= 60; second += 1) rate.mark(second < 40 ? 0 : (second - 40) * 100, second * 1000);
  assert.equal(rate.perSecond, 100);
  rate.forget();
  assert.equal(rate.perSecond, 0);
});

test("times are rounded up", () => {
  assert.deepEqual([0.2, 59, 61, 3599, 3600, 5000].map(time), ["1 s", "59 s", "2 min", "60 min", "1 h 0 min", "1 h 24 min"]);
});

test("the server's sentence comes first", () => {
  assert.equal(sentenceOf(413, { detail: "Too large." }), "Too large.");
  assert.match(sentenceOf(413, null), /proxy in front of the server/);
  assert.match(sentenceOf(418, {}), /418/);
});

// tests/test_scripts.py hands over tests/words.py, which the server's words are held against too.
const tables = JSON.parse(process.env.LIKEWISE_WORDS ?? "{}");
for (const [name, say] of Object.entries({ counted, percent, size })) {
  test(`${name} says what the server says`, { skip: tables[name] ? false : "run by tests/test_scripts.py" }, () => {
    for (const [asked, expected] of tables[name]) assert.equal(say(...asked), expected);
  });
}
