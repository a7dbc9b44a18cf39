// @ts-check
// The files that somebody dropped, chose or pasted, with the path that each has in its folder.
// What systems add is not sent: the server's own pattern, from the page.
const JUNK = new RegExp(document.querySelector("[data-junk]")?.dataset.junk ?? "(?!)", "i");

// readEntries gives at most a hundred at a time.
const childrenOf = async (reader) => {
  const found = [];
  for (;;) {
    const batch = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!batch.length) return found;
    found.push(...batch);
  }
};

// What cannot be read is passed to `lost`, and holds up nothing else.
const walk = async (entry, add, lost) => {
  const path = entry.fullPath.replace(/^\/+/, "");
  if (JUNK.test(path)) return;
  try {
    if (entry.isFile) add({ path, file: await new Promise((done, fail) => entry.file(done, fail)) });
    else for (const child of await childrenOf(entry.createReader())) await walk(child, add, lost);
  } catch {
    lost(path);
  }
};

// What a browser can find again after a reload, or null; to be asked while the event of a drop lasts.
export const handlesOf = async (transfer) => {
  const handles = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.getAsFileSystemHandle?.());
  const found = await Promise.all(handles).catch(() => []);
  return found.length && found.every(Boolean) ? found : null;
};

export const fromHandle = async (handle, add, lost, path = handle.name) => {
  if (JUNK.test(path)) return;
  try {
    if (handle.kind === "file") add({ path, file: await handle.getFile() });
    else for await (const child of handle.values()) await fromHandle(child, add, lost, `${path}/${child.name}`);
  } catch {
    lost(path);
  }
};

const plain = (file) => ({ path: file.webkitRelativePath || file.name, file });

// `add` gets a few hundred at a time, so that a page with a large folder stays at hand.
const inBatches = (add) => {
  const batch = [];
  const flush = () => batch.length && add(batch.splice(0));
  return { flush, one: (found) => batch.push(found) >= 300 && flush() };
};

// Returns the paths of what cannot be read.
export const fromDrop = async (transfer, add) => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const lost = [];
  const batches = inBatches(add);
  if (!entries.length) add([...transfer.files].map(plain).filter(({ path }) => !JUNK.test(path)));
  for (const entry of entries) await walk(entry, batches.one, (path) => lost.push(path));
  batches.flush();
  return lost;
};

export const fromInput = (input) => [...input.files].map(plain).filter(({ path }) => !JUNK.test(path));

export const fromPaste = (clipboard) => [...(clipboard?.files ?? [])].map((file) => ({ path: file.name, file }));

export const fromAddresses = (text) => ({ path: "addresses.txt", kind: "addresses", file: new File([text], "addresses.txt", { type: "text/plain" }) });
