// The upload page: <form data-upload> takes files, a queue sends them, a view shows it; when all is in, the server is told and the page goes where it says.
import { fromAddresses, fromDrop, fromInput, fromPaste, handlesOf } from "./upload-files.js";
import { Hasher } from "./upload-hasher.js";
import { Kept, mayBeRead, read } from "./upload-kept.js";
import { Queue } from "./upload-queue.js";
import { Server } from "./upload-server.js";
import { There } from "./upload-there.js";
import { View } from "./upload-view.js";
import { files, size } from "./upload-words.js";

const AWAY = "The server does not answer. Nothing is lost: sending goes on by itself when it is back.";

const UNREAD = "The browser does not let this page read them. Choose or drop the same files or folders once more.";

const enhance = (form) => {
  const panel = document.querySelector("[data-upload-panel]");
  const zone = form.querySelector("[data-upload-zone]");
  const part = (name) => form.querySelector(`[data-upload-${name}]`);
  let away = false;
  let ending = false;
  let view = null;
  let resumed = null; // how many files the server knew when this page came to an upload, and how many were to be named

  const server = new Server(form.elements.csrfmiddlewaretoken.value, (is) => {
    if (is === away) return;
    away = is;
    view.note(is ? AWAY : "");
    if (panel.hidden) tell(is ? AWAY : "");
    view.say(is ? AWAY : "The server is back.");
  });
  const queue = new Queue({ server, hasher: new Hasher(form.dataset.hasher), largestHashed: Number(form.dataset.largestHashed) });
  const kept = new Kept();
  view = new View(panel, queue);
  const tell = (sentence) => ((part("error").textContent = sentence), (part("error").hidden = !sentence));

  const chosen = () => {
    const { items, bytes } = queue;
    part("chosen").textContent = items.length ? `${files(items.length)}, ${size(bytes.total)}` : "";
    part("clear").hidden = !items.length || queue.begun;
  };

  const add = (found) => {
    if (!found.length) return;
    tell("");
    if (part("again")) part("again").hidden = true; // it would come twice
    const wasEmpty = !queue.items.length;
    queue.add(found);
    chosen();
    if (queue.begun) begun();
    else if (wasEmpty) part("submit")?.scrollIntoView({ block: "nearest" });
  };

  const choose = (found) => (add(found), kept.keep({ files: found }));

  const begun = () => {
    if (!panel.hidden) return;
    panel.hidden = false;
    for (const once of document.querySelectorAll("[data-upload-once]")) once.hidden = true;
    part("chosen").textContent = "";
    part("clear").hidden = true;
    view.part("title").focus();
    view.say(`Sending ${files(queue.items.length)}.`);
  };

  const refused = ({ message, missing }) => {
    ending = false;
    view.asks = false;
    view.missing = missing ?? 0;
    view.note(message);
    view.say(message);
    view.show();
  };

  const lead = (promise) => promise.then(({ location: to }) => kept.forget().finally(() => location.assign(to)), refused);

  // Whoever goes on may choose a part of it first: it is all when as many were named as were to be.
  const isAll = () => !resumed || (resumed.expected > 0 && resumed.named + queue.named >= resumed.expected);

  const finish = (without = false) => {
    ending = true;
    view.missing = 0;
    view.say("All files are here.");
    lead(server.post(`${form.dataset.base}/finish`, new URLSearchParams(without ? { leave_out: "yes" } : {})));
  };

  const begin = async () => {
    const there = form.dataset.base ? new There(await server.parts(form.dataset.base)) : null;
    if (there) resumed = { named: there.count, expected: Number(form.dataset.expected) };
    else {
      form.elements.expected.value = queue.items.length;
      form.elements.name.value = queue.items.length === 1 ? queue.items[0].path : files(queue.items.length);
      const { location: address, id } = await server.open(form.dataset.open, form);
      form.dataset.base = new URL(`./${id}`, new URL(form.dataset.open, location)).pathname;
      history.replaceState(null, "", address); // a reload goes on with this upload
    }
    kept.begin(form.dataset.base);
    queue.begin(form.dataset.base, there);
  };

  const submit = async () => {
    const addresses = form.elements.addresses?.value.trim();
    for (const earlier of queue.items.filter(({ kind }) => kind === "addresses")) queue.remove(earlier); // the form was refused
    if (addresses) choose([fromAddresses(addresses)]);
    if (!queue.items.length) return tell("Choose at least one picture, folder or archive.");
    part("submit").disabled = true;
    try {
      await begin();
      begun();
    } catch (error) {
      tell(error.message);
    } finally {
      part("submit").disabled = false;
    }
  };

  const leaveOut = (lost) => {
    if (lost.length) tell(`${files(lost.length)} could not be read and ${lost.length === 1 ? "is" : "are"} left out: ${lost.slice(0, 3).join(", ")}${lost.length > 3 ? ", …" : ""}`);
  };

  const dropped = async (transfer) => {
    const keeping = handlesOf(transfer);
    const files = [];
    leaveOut(await fromDrop(transfer, (found) => (files.push(...found), add(found))));
    const handles = await keeping;
    kept.keep(handles ? { handles } : { files });
  };

  // After a reload: what this browser kept, at once if it may still be read, or else when somebody says so.
  const goOn = async () => {
    const all = await kept.chosen();
    resumed.expected -= all.filter(({ unnamed }) => unnamed).length;
    const takeUp = () => queue.collect(read(all, add).then(leaveOut));
    if (await mayBeRead(all)) return takeUp();
    part("again").hidden = false;
    part("again").querySelector("button").addEventListener("click", async () => {
      if (await mayBeRead(all, { ask: true })) return takeUp();
      part("again").hidden = true;
      return tell(UNREAD);
    });
    return null;
  };

  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => (event.preventDefault(), (zone.dataset.over = "")));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  zone.addEventListener("drop", (event) => (event.preventDefault(), queue.collect(dropped(event.dataTransfer))));
  document.addEventListener("paste", (event) => event.clipboardData?.files.length && choose(fromPaste(event.clipboardData)));
  const take = (input) => input.files.length && (choose(fromInput(input)), (input.value = ""));
  for (const input of form.querySelectorAll("[data-upload-input]")) input.addEventListener("change", () => take(input));
  form.addEventListener("submit", (event) => (event.preventDefault(), submit()));
  part("clear").addEventListener("click", () => (queue.clear(), kept.clear(), chosen(), form.querySelector("[data-upload-input]").focus()));
  view.part("pause").addEventListener("click", () => (queue.pause(), view.show(), view.part("resume").focus(), view.say("Paused.")));
  view.part("resume").addEventListener("click", () => (view.note(""), queue.resume(), view.show(), view.part("pause").focus(), view.say("Going on.")));
  view.part("retry").addEventListener("click", () => (view.note(""), queue.retry(), view.show(), view.part("title").focus()));
  view.part("finish").addEventListener("click", () => finish());
  view.part("without").addEventListener("click", () => finish(true));
  document.querySelector("[data-upload-discard]").addEventListener("click", () => (document.getElementById("giving-up").close(), queue.pause(), lead(server.post(`${form.dataset.base}/discard`))));
  queue.addEventListener("remove", ({ detail }) => kept.keep({ without: detail.path, unnamed: !detail.id }));
  queue.addEventListener("stop", ({ detail }) => (view.note(detail), view.say(detail)));
  queue.addEventListener("end", () => {
    if (ending) return;
    view.asks = !queue.failed.size && !isAll();
    view.show();
    if (queue.failed.size) view.say(`${files(queue.failed.size)} failed; all others are here.`);
    else if (view.asks) view.say("All that was chosen is here. Choose more, or go on.");
    else finish();
  });

  for (const input of form.querySelectorAll("input[type=file]")) take(input); // what was chosen before this ran
  for (const plain of form.querySelectorAll("[data-upload-plain]")) {
    plain.hidden = true;
    for (const input of plain.querySelectorAll("input")) input.disabled = true;
  }
  for (const enhanced of form.querySelectorAll("[data-upload-enhanced]")) enhanced.hidden = false;
  if (form.dataset.base) begin().then(goOn).then(() => queue.items.length && begun(), ({ message }) => tell(message));
};

document.querySelectorAll("form[data-upload]").forEach(enhance);
