// @ts-check
// What an upload has on the server already, to find again what is chosen once more: by path and size, or else by content, where one path is the end of the other (the folder was chosen from within).
const keyOf = (path, size) => `${size} ${path}`;

const isEndOf = (end, path) => path === end || path.endsWith(`/${end}`);

export class There {
  #byPath = new Map();
  #byHash = new Map();

  constructor(parts) {
    this.count = parts.length;
    for (const part of parts) {
      this.#put(this.#byPath, keyOf(part.name, part.size), part);
      if (part.sha256) this.#put(this.#byHash, part.sha256, part);
    }
  }

  #put(map, key, part) {
    const list = map.get(key);
    if (list) list.push(part);
    else map.set(key, [part]);
  }

  // Each is found once: two files of the same content are two files.
  take({ path, size, sha256 }) {
    const here = (this.#byPath.get(keyOf(path, size)) ?? []).filter((part) => !part.sha256 || !sha256 || part.sha256 === sha256);
    const same = (this.#byHash.get(sha256) ?? []).filter(({ name }) => isEndOf(name, path) || isEndOf(path, name));
    const part = [...here, ...same].find((one) => !one.taken);
    if (part) part.taken = true;
    return part;
  }
}
