// @ts-check
// A worker: answers {id, file} with {id, sha256}, reading the file as a stream; or with {id, error}.
// Not crypto.subtle: it is missing on plain http addresses, and wants a whole file in memory.
import { sha256 } from "../vendor/noble-hashes/sha2.js";

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const digest = async (file) => {
  const hash = sha256.create();
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hex(hash.digest());
    hash.update(value);
  }
};

addEventListener("message", async ({ data: { id, file } }) => {
  try {
    postMessage({ id, sha256: await digest(file) });
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
});
