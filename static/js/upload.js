// The upload page: <form data-upload> takes files, a queue sends them, a view shows it; when all is in, the server is told and the page goes where it says.
import { fromAddresses, fromDrop, fromInput, fromPaste, handlesOf } from "./upload-files.js";
import { Hasher } from "./upload-hasher.js";
import { Kept, isAlone, isWhole, mayBeRead, read } from "./upload-kept.js";
import { Queue } from "./upload-queue.js";
import { Server } from "./upload-server.js";
import { There } from "./upload-there.js";
import { View } from "./upload-view.js";
import { files } from "./upload-words.js";
import { size } from "./words.js";
import { either } from "./words.js";

const AWAY = "The server does not answer. Nothing is lost: sending goes on by itself when it is back.";
const UNREAD = "The browser does not let this page read them. Choose or drop the same files or folders once more.";

const enhance = (form) => {
  const panel = document.querySelector("[data-upload-panel]");
  const zone = form.querySelector("[data-upload-zone]");
  const part = (name) => form.querySelector(`[data-upload-${name}]`);
  const inputs = form.querySelectorAll("[data-upload-input]");
  let away = false;
  let ending = false;
  let view = null;
  let offered = false; // to go on with what this browser kept
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
    const wasEmpty = !queue.items.length;
    queue.add(found);
    chosen();
    if (queue.begun) begun();
    else if (wasEmpty) part("submit")?.scrollIntoView({ block: "nearest" });
  };

  // Whoever chooses anew does without what this browser offered to go on with, or it would come twice.
  const decline = () => {
    if (!offered) return;
    offered = false;
    part("again").hidden = true;
    kept.decline();
  };

  const choose = (found) => (decline(), add(found), kept.keepFiles(found));

  const hideOnce = (hidden) => {
    for (const dialog of document.querySelectorAll("[data-upload-once] dialog[open]")) dialog.close();
    for (const once of document.querySelectorAll("[data-upload-once]")) once.hidden = hidden;
  };

  const begun = () => {
    if (!panel.hidden) return;
    panel.hidden = false;
    hideOnce(true);
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

  const lead = (promise) => promise.then(({ location: to }) => kept.forget(form.dataset.base).finally(() => location.assign(to)), refused);

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
      isAlone(form.dataset.base);
    }
    kept.begin(form.dataset.base);
    queue.begin(form.dataset.base, there);
  };

  const taken = ({ path, size, id }) => {
    const unnamed = queue.begun && !id;
    if (unnamed && resumed) resumed.expected -= 1;
    kept.keep({ without: { path, size }, unnamed });
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
    if (lost.length) tell(`${files(lost.length)} could not be read and ${either(lost.length, "is", "are")} left out: ${lost.slice(0, 3).join(", ")}${lost.length > 3 ? ", …" : ""}`);
  };

  const dropped = async (transfer) => {
    decline();
    const end = kept.start();
    const found = [];
    const [keeping, walking] = [handlesOf(transfer), fromDrop(transfer, (some) => (found.push(...some), add(some)))];
    const handles = await keeping;
    if (handles) (kept.keep({ handles }), end());
    leaveOut(await walking);
    if (!handles) (kept.keepFiles(found), end());
  };

  const takeUp = async (all) => {
    offered = false;
    part("again").hidden = true;
    hideOnce(true);
    part("chosen").textContent = "Looking for what was chosen …";
    await queue.collect(read(all, add).then(leaveOut));
    hideOnce(queue.items.length > 0);
    if (!queue.items.length) chosen();
  };

  // After a reload: what this browser kept, at once if it may still be read, or else when somebody says so.
  const goOn = async (all) => {
    const mayBe = await mayBeRead(all);
    const alone = await isAlone(form.dataset.base);
    if (!queue.isEmpty) return void kept.decline();
    if (!all.length) return;
    if (!isWhole(all)) resumed.expected = 0;
    resumed.expected -= all.filter(({ unnamed }) => unnamed).length;
    if (mayBe && alone) return void (await takeUp(all));
    offered = true;
    part("again").hidden = false;
    part("again").querySelector("button").addEventListener("click", async () => {
      if (await mayBeRead(all, { ask: true })) return void (offered && takeUp(all));
      part("again").hidden = true;
      tell(UNREAD);
      inputs[0].focus();
    });
  };

  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => (event.preventDefault(), (zone.dataset.over = "")));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  zone.addEventListener("drop", (event) => (event.preventDefault(), queue.collect(dropped(event.dataTransfer))));
  document.addEventListener("paste", (event) => event.clipboardData?.files.length && choose(fromPaste(event.clipboardData)));
  const take = (input) => input.files.length && (choose(fromInput(input)), (input.value = ""));
  for (const input of inputs) input.addEventListener("change", () => take(input));
  form.addEventListener("submit", (event) => (event.preventDefault(), submit()));
  part("clear").addEventListener("click", () => (queue.clear(), kept.clear(), chosen(), inputs[0].focus()));
  view.part("pause").addEventListener("click", () => (queue.pause(), view.show(), view.part("resume").focus(), view.say("Paused.")));
  view.part("resume").addEventListener("click", () => (view.note(""), queue.resume(), view.show(), view.part("pause").focus(), view.say("Going on.")));
  view.part("retry").addEventListener("click", () => (view.note(""), queue.retry(), view.show(), view.part("title").focus()));
  view.part("finish").addEventListener("click", () => finish());
  view.part("without").addEventListener("click", () => finish(true));
  document.querySelector("[data-upload-discard]").addEventListener("click", () => (document.getElementById("giving-up").close(), queue.pause(), lead(server.post(`${form.dataset.base}/discard`))));
  queue.addEventListener("remove", ({ detail }) => taken(detail));
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
  kept.forgetOld();
  document.addEventListener("submit", ({ target }) => target.closest("[data-upload-once]") && kept.forget(form.dataset.base));
  const resume = async () => {
    const all = await kept.chosen(form.dataset.base);
    await begin();
    await goOn(all);
    if (queue.items.length) begun();
  };
  if (form.dataset.base) resume().catch(({ message }) => tell(message));
};

document.querySelectorAll("form[data-upload]").forEach(enhance);
