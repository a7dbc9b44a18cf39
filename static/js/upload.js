// @ts-check
// The upload page: <form data-upload> takes files, a queue sends them, a view shows it; when all is in, the server is told and the page goes where it says.
import { Again } from "./upload-again.js";
import { Choice } from "./upload-choice.js";
import { Course } from "./upload-course.js";
import { fromAddresses, fromInput, fromPaste } from "./upload-files.js";
import { Form } from "./upload-form.js";
import { Hasher } from "./upload-hasher.js";
import { Kept } from "./upload-kept.js";
import { Queue } from "./upload-queue.js";
import { Sender } from "./upload-sender.js";
import { Server } from "./upload-server.js";
import { View } from "./upload-view.js";
import { files } from "./upload-words.js";

const AWAY = "The server is not responding. Nothing is lost: the upload resumes automatically when it is back.";

class Page {
  #away = false;

  constructor(element) {
    const form = new Form(element, document.querySelector("[data-upload-panel]"));
    const server = new Server(element.elements.csrfmiddlewaretoken.value, (is) => this.#tellAway(is));
    const queue = new Queue({
      server,
      hasher: new Hasher(element.dataset.hasher),
      largestHashed: Number(element.dataset.largestHashed),
      sending: (heard) => new Sender(server, heard),
    });
    const kept = new Kept();
    const view = new View(form.panel, queue);
    const course = new Course({ form, server, queue, kept, view });
    const choice = new Choice({ form, queue, kept, began: () => this.#begun(), declining: () => this.again.decline() });
    this.again = new Again({ form, queue, kept, course, choice });
    this.form = form;
    this.queue = queue;
    this.kept = kept;
    this.view = view;
    this.course = course;
    this.choice = choice;
  }

  #tellAway(is) {
    if (is === this.#away) return;
    this.#away = is;
    this.view.note(is ? AWAY : "");
    if (this.form.panel.hidden) this.form.tell(is ? AWAY : "");
    this.view.say(is ? AWAY : "The server is back.");
  }

  #begun() {
    const { form, queue, view } = this;
    if (!form.panel.hidden) return;
    form.showPanel();
    view.part("title").focus();
    view.say(`Sending ${files(queue.items.length)}.`);
  }

  async submit() {
    const { choice, course, form, queue } = this;
    const addresses = form.element.elements.addresses?.value.trim();
    for (const earlier of queue.items.filter(({ kind }) => kind === "addresses")) queue.remove(earlier); // the form was refused
    if (addresses) choice.choose([fromAddresses(addresses)]);
    if (!queue.items.length) {
      form.tell("Choose at least one image, folder or archive.");
      return;
    }
    form.part("submit").disabled = true;
    try {
      await course.begin();
      this.#begun();
    } catch (error) {
      form.tell(error.message);
    } finally {
      form.part("submit").disabled = false;
    }
  }

  take(input) {
    if (!input.files.length) return;
    this.choice.choose(fromInput(input));
    input.value = "";
  }

  removed({ path, size, id }) {
    const unnamed = this.queue.begun && !id;
    if (unnamed) this.course.expectLess(1);
    this.kept.keep({ without: { path, size }, unnamed });
  }

  ended() {
    const { course, queue, view } = this;
    if (course.ending) return;
    view.asks = !queue.failed.size && !course.isAll;
    view.show();
    if (queue.failed.size) view.say(`${files(queue.failed.size)} failed; all others are uploaded.`);
    else if (view.asks) view.say("All chosen files are uploaded. Choose more, or continue.");
    else course.finish();
  }

  // What a button of the panel does; then the focus is at what stands in its place.
  press(deed, focus, sentence = "") {
    const { view } = this;
    deed();
    view.show();
    view.part(focus).focus();
    if (sentence) view.say(sentence);
  }

  async resume() {
    const { again, course, form, kept, queue } = this;
    try {
      const all = await kept.chosen(form.base);
      await course.begin();
      await again.goOn(all);
      if (queue.items.length) this.#begun();
    } catch ({ message }) {
      form.tell(message);
    }
  }
}

const listenToZone = ({ choice, form: { zone }, queue }) => {
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.dataset.over = "";
    });
  }
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    queue.collect(choice.drop(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => event.clipboardData?.files.length && choice.choose(fromPaste(event.clipboardData)));
};

const listenToPanel = (page) => {
  const { course, queue, view } = page;
  const onClick = (name, deed) => view.part(name).addEventListener("click", deed);
  const resume = () => {
    view.note("");
    queue.resume();
  };
  const retry = () => {
    view.note("");
    queue.retry();
  };
  onClick("pause", () => page.press(() => queue.pause(), "resume", "Paused."));
  onClick("resume", () => page.press(resume, "pause", "Resumed."));
  onClick("retry", () => page.press(retry, "title"));
  onClick("finish", () => course.finish());
  onClick("without", () => course.finish({ without: true }));
  document.querySelector("[data-upload-discard]").addEventListener("click", () => {
    document.getElementById("giving-up").close();
    course.discard();
  });
};

const listenToQueue = (page) => {
  const { queue, view } = page;
  queue.addEventListener("remove", ({ detail }) => page.removed(detail));
  queue.addEventListener("stop", ({ detail }) => {
    view.note(detail);
    view.say(detail);
  });
  queue.addEventListener("end", () => page.ended());
};

const enhance = (element) => {
  const page = new Page(element);
  const { choice, form, kept } = page;
  listenToZone(page);
  listenToPanel(page);
  listenToQueue(page);
  for (const input of form.inputs) input.addEventListener("change", () => page.take(input));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    page.submit();
  });
  form.part("clear").addEventListener("click", () => choice.clear());
  for (const input of element.querySelectorAll("input[type=file]")) page.take(input); // what was chosen before this ran
  form.enhance();
  kept.forgetOld();
  document.addEventListener("submit", ({ target }) => target.closest("[data-upload-once]") && kept.forget(form.base));
  if (form.base) page.resume();
};

document.querySelectorAll("form[data-upload]").forEach(enhance);
