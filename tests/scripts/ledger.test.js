// The counts of an upload: after any moves they are what one gets by counting anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../../static/js/upload-ledger.js";

const STATES = ["waiting", "hashing", "hashed", "named", "sending", "done", "known", "failed"];

// Numbers of a seed, so that a failure comes again (Park and Miller).
const numbers = (seed) => {
  let last = seed;
  return (below) => {
    last = (last * 48271) % 2147483647;
    return last % below;
  };
};

const counted = ({ items }) => {
  const bytes = { total: 0, sent: 0, known: 0, failed: 0 };
  const files = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const { size, sent, state } of items) {
    files[state] += 1;
    bytes.total += size;
    bytes.sent += sent;
    if (state === "known") bytes.known += size;
    if (state === "failed") bytes.failed += size - sent;
  }
  return { bytes, files };
};

for (const seed of [1, 2, 3, 4, 5]) {
  test(`any moves, by seed ${seed}`, () => {
    const pick = numbers(seed);
    const ledger = new Ledger();
    const gone = [];
    for (let step = 0; step < 2_000; step += 1) {
      const item = ledger.items[pick(ledger.items.length || 1)];
      const deed = pick(10);
      if (!item || deed < 2) ledger.add({ path: `${step}`, file: { size: pick(1000) } });
      else if (deed < 3) {
        ledger.forget(item);
        gone.push(item);
      } else if (deed < 5 && item.state !== "failed") ledger.count(item, pick(item.size + 1));
      else ledger.move(item, STATES[pick(STATES.length)]);
      if (gone.length) {
        ledger.move(gone[0], "done"); // what was removed meanwhile counts no more
        ledger.count(gone[0], 7);
      }
      const { bytes, files } = counted(ledger);
      assert.deepEqual({ ...ledger.bytes }, bytes);
      assert.deepEqual({ ...ledger.files }, files);
      assert.equal(ledger.unfinished, ledger.items.filter(({ state }) => !["done", "known", "failed"].includes(state)).length);
      assert.deepEqual(
        [...ledger.failed],
        [...ledger.failed].filter(({ state }) => state === "failed"),
      );
      assert.equal(ledger.failed.size, files.failed);
      assert.equal(ledger.sending.size, files.sending);
    }
  });
}

test("items are taken in their order, each once", () => {
  const ledger = new Ledger();
  for (const path of ["a", "b", "c"]) ledger.add({ path, file: { size: 1 } });
  ledger.forget(ledger.items[1]);
  const taken = [];
  for (let item = ledger.take("waiting"); item; item = ledger.take("waiting")) {
    ledger.move(item, "hashing");
    taken.push(item.path);
  }
  assert.deepEqual(taken, ["a", "c"]);
});
