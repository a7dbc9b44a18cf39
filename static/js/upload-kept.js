// @ts-check
// What was chosen for an upload, kept in this browser until all of it is sent, so that a reload goes on by itself: handles of what was dropped where the browser gives them, which cost nothing, or else the files, up to a size. A browser that keeps nothing is no error: then the files are chosen once more.
import { delMany, getMany, keys, set } from "../vendor/idb-keyval/index.js";
import { openStore } from "./kept-store.js";
import { fromHandle } from "./upload-files.js";

const LARGEST = 256 << 20; // bytes of files for one upload: the browser copies them
const LONGEST = 7 * 24 * 3_600_000; // milliseconds
const PATIENCE = 2_000; // with a database that does not answer

const wait = (pause, then) => new Promise((done) => setTimeout(done, pause, then));

const orElse = async (ask, otherwise) => {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
};

export class Kept {
  #store = openStore();
  #base = "";
  #unkept = []; // chosen before there was an upload
  #earlier = []; // the keys of what was chosen before this page was there
  #bytes = 0;
  #count = 0;

  // `chosen` is one of { handles }, { files } as a queue takes them, { without: { path, size } } of one that was taken out again, unnamed: whether the server never heard of it, and { begun: n } and { ended: n } around what may be kept in part only.
  keep(chosen) {
    if (this.#base) this.#write(chosen);
    else this.#unkept.push(chosen);
  }

  // Until what this returns is called, not all that was chosen is kept.
  start() {
    const begun = Math.random();
    this.keep({ begun });
    return () => this.keep({ ended: begun });
  }

  keepFiles(files) {
    const end = this.start();
    this.#bytes += files.reduce((sum, { file }) => sum + file.size, 0);
    if (this.#bytes > LARGEST) return;
    this.keep({ files });
    end();
  }

  clear() {
    [this.#unkept, this.#bytes] = [[], 0];
  }

  begin(base) {
    this.#base = base;
    for (const chosen of this.#unkept.splice(0)) this.#write(chosen);
  }

  #write(chosen) {
    this.#count += 1;
    const key = [this.#base, Date.now(), this.#count];
    return orElse(() => set(key, chosen, this.#store), null);
  }

  #keys() {
    return Promise.race([orElse(() => keys(this.#store), []), wait(PATIENCE, [])]);
  }

  #drop(some) {
    return Promise.race([orElse(() => delMany(some, this.#store), null), wait(PATIENCE)]);
  }

  // All that was chosen for an upload before now, in its order.
  async chosen(base) {
    this.#earlier = (await this.#keys()).filter(([one]) => one === base);
    return (await orElse(() => getMany(this.#earlier, this.#store), [])).filter(Boolean);
  }

  decline() {
    return this.#drop(this.#earlier);
  }

  async forget(base) {
    await this.#drop((await this.#keys()).filter(([one]) => one === base));
  }

  async forgetOld() {
    await this.#drop((await this.#keys()).filter(([, when]) => when < Date.now() - LONGEST));
  }
}

export const isWhole = (all) => {
  const ended = new Set(all.map(({ ended: one }) => one));
  return all.every(({ begun }) => begun === undefined || ended.has(begun));
};

// Asking needs a click of the person; looking whether it may be read does not.
export const mayBeRead = async (all, { ask = false } = {}) => {
  for (const handle of all.flatMap(({ handles }) => handles ?? [])) {
    const state = await (ask ? handle.requestPermission({ mode: "read" }) : handle.queryPermission({ mode: "read" })).catch(() => "denied");
    if (state !== "granted") return false;
  }
  return true;
};

// Returns the paths of what cannot be read.
export const read = async (all, add) => {
  let found = [];
  const lost = [];
  for (const { handles = [], files = [], without } of all) {
    found = found.concat(files); // there may be more than a call takes arguments
    for (const handle of handles) await fromHandle(handle, (one) => found.push(one), (path) => lost.push(path));
    const place = without ? found.findIndex(({ path, file }) => path === without.path && file.size === without.size) : -1;
    if (place >= 0) found.splice(place, 1);
  }
  add(found);
  return lost;
};

// Whether no other page of this browser is about to send the same: two would, for all that they know, be two people.
export const isAlone = (base) => {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((done) => {
    const hold = () => {
      done(true);
      return new Promise(() => {}); // as long as this page is there
    };
    navigator.locks.request(`upload ${base}`, { signal: AbortSignal.timeout(PATIENCE) }, hold).catch(() => done(false));
  });
};
