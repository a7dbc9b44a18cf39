// @ts-check
// Files are named to the server before they are sent: many at a time, each by a key that it has again after a reload.
import { sha256 } from "../vendor/noble-hashes/sha2.js";
import { bytesToHex } from "../vendor/noble-hashes/utils.js";
import { Refused } from "./upload-server.js";

export class Namer {
  #met = new Map();

  constructor(server) {
    this.server = server;
  }

  // By its key the server knows a file that is named again, as after an answer that was lost or a reload: what is the same about it, and how many such files came before.
  keyOf({ path, size, sha256: hash, kind }) {
    const same = [path, size, hash, kind].join("\n");
    const nth = this.#met.get(same) ?? 0;
    this.#met.set(same, nth + 1);
    return bytesToHex(sha256(new TextEncoder().encode(`${same}\n${nth}`))).slice(0, 32);
  }

  // `heard` has named(item, part), failed(item, sentence) and stopped(items, sentence). One file that is refused must not hold up the others of its batch: halves are asked again.
  async name(base, batch, heard) {
    try {
      const files = batch.map(({ path, size, sha256: hash, kind, key }) => ({ name: path, size, sha256: hash, kind, key }));
      const parts = await this.server.name(base, files);
      for (const [place, part] of parts.entries()) heard.named(batch[place], part);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) heard.stopped(batch, error.message);
      else if (batch.length === 1) heard.failed(batch[0], error.message);
      else for (const half of [batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1)]) await this.name(base, half, heard);
    }
  }
}
