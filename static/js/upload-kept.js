// What was chosen for an upload, kept in this browser until all of it is sent, so that a reload goes on by itself: handles of what was dropped where the browser gives them, which cost nothing, or else the files, up to a size. A browser that keeps nothing is no error: then the files are chosen once more.
import { createStore, delMany, getMany, keys, set } from "../vendor/idb-keyval/index.js";
import { fromHandle } from "./upload-files.js";

const LARGEST = 256 << 20; // bytes of files for one upload: the browser copies them
const LONGEST = 7 * 24 * 3_600_000;

const orElse = async (ask, otherwise) => {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
};

export class Kept {
  #store = createStore("likewise", "chosen");
  #base = "";
  #unkept = []; // chosen before there was an upload
  #bytes = 0;
  #count = 0;

  // `chosen` is one of { handles }, { files } as a queue takes them, and { without: a path that was taken out again, unnamed: whether the server never heard of it }.
  keep(chosen) {
    if (this.#base) this.#write(chosen);
    else this.#unkept.push(chosen);
  }

  clear() {
    this.#unkept = [];
  }

  begin(base) {
    this.#base = base;
    for (const chosen of this.#unkept.splice(0)) this.#write(chosen);
  }

  async #write(chosen) {
    const bytes = (chosen.files ?? []).reduce((sum, { file }) => sum + file.size, 0);
    if (this.#bytes + bytes > LARGEST) return;
    this.#bytes += bytes;
    this.#count += 1;
    const key = [this.#base, Date.now(), this.#count];
    await orElse(() => set(key, chosen, this.#store), null);
  }

  #keys() {
    return orElse(() => keys(this.#store), []);
  }

  #drop(some) {
    return orElse(() => delMany(some, this.#store), null);
  }

  // All that was chosen for this upload, in its order; what is too old to go on with is forgotten.
  async chosen() {
    const all = await this.#keys();
    await this.#drop(all.filter(([, when]) => when < Date.now() - LONGEST));
    const ours = all.filter(([base]) => base === this.#base);
    return (await orElse(() => getMany(ours, this.#store), [])).filter(Boolean);
  }

  async forget() {
    await this.#drop((await this.#keys()).filter(([base]) => base === this.#base));
  }
}

const handlesOf = (all) => all.flatMap(({ handles }) => handles ?? []);

// Asking needs a click of the person; looking whether it may be read does not.
export const mayBeRead = async (all, { ask = false } = {}) => {
  for (const handle of handlesOf(all)) {
    const state = await (ask ? handle.requestPermission({ mode: "read" }) : handle.queryPermission({ mode: "read" })).catch(() => "denied");
    if (state !== "granted") return false;
  }
  return true;
};

// Returns the paths of what cannot be read.
export const read = async (all, add) => {
  let found = [];
  const lost = [];
  for (const { handles = [], files = [], without = null } of all) {
    found = found.filter(({ path }) => path !== without).concat(files);
    for (const handle of handles) await fromHandle(handle, (one) => found.push(one), (path) => lost.push(path));
  }
  add(found);
  return lost;
};
