// @ts-check
// Sends files that the server knows by a number. Uppy does it, which only ever holds the next few: it looks at all that it has for every step of one.
import { Tus, Uppy } from "../vendor/uppy/uppy.min.mjs";

const AT_ONCE = 4; // files that are sent side by side
const PIECE = 64 << 20; // of a large file in one request
const RETRIES = [0, 1_000, 2_000, 5_000, 10_000, 20_000];
// The page says what went wrong with each file; for the console that is no error.
const LOG = { debug() {}, warn: console.warn, error: console.warn };

export class Sender {
  #byUppy = new Map();
  #uppy = new Uppy({ allowMultipleUploadBatches: true, logger: LOG });

  // `heard` has progressed(item, bytes), sent(item) and broke(item, status, body): status 0 if no answer came.
  constructor(server, heard) {
    this.heard = heard;
    this.#uppy.use(Tus, {
      endpoint: "-",
      limit: AT_ONCE,
      chunkSize: PIECE,
      retryDelays: RETRIES,
      storeFingerprintForResuming: false,
      headers: () => server.headers(),
      onBeforeRequest: (request, file) => this.#spare(request, file),
    });
    this.#uppy.on("upload-progress", (file, { bytesUploaded }) => this.#progressed(file?.id, bytesUploaded));
    this.#uppy.on("upload-success", (file) => this.#sent(file.id));
    this.#uppy.on("upload-error", (file, _, response) => this.#broke(file.id, response));
  }

  send(items, base) {
    for (const item of items) this.#hand(item, base);
    if (items.length) this.#uppy.upload().catch(() => null); // each file says for itself what went wrong
  }

  pause() {
    this.#uppy.pauseAll();
  }

  resume() {
    this.#uppy.resumeAll();
  }

  #hand(item, base) {
    const meta = { relativePath: `${item.id}/${item.path}` };
    const id = this.#uppy.addFile({ name: item.file.name || "file", type: item.file.type, data: item.file, source: "queue", meta });
    this.#uppy.setFileState(id, { tus: { uploadUrl: `${base}/parts/${item.id}` } });
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

  #progressed(id, sent) {
    const item = this.#byUppy.get(id);
    if (item) this.heard.progressed(item, sent);
  }

  #leave(id) {
    const item = this.#byUppy.get(id);
    this.#byUppy.delete(id);
    setTimeout(() => this.#uppy.getFile(id) && this.#uppy.removeFile(id)); // once Uppy is through with it
    return item;
  }

  #sent(id) {
    const item = this.#leave(id);
    if (item) this.heard.sent(item);
  }

  #broke(id, response) {
    const item = this.#leave(id);
    if (item) this.heard.broke(item, response?.status ?? 0, parsed(response?.body?.xhr?.responseText));
  }
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
