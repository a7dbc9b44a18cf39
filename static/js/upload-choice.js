// @ts-check
// What somebody chooses, drops or pastes goes into the queue, and is kept by this browser until it is sent.
import { fromDrop, handlesOf } from "./upload-files.js";
import { files } from "./upload-words.js";
import { either } from "./words.js";

export class Choice {
  // `began` is called once files are added to an upload that has begun; `declining` before anything is chosen anew.
  constructor({ form, queue, kept, began, declining }) {
    this.form = form;
    this.queue = queue;
    this.kept = kept;
    this.began = began;
    this.declining = declining;
  }

  add(found) {
    if (!found.length) return;
    const { form, queue } = this;
    form.tell("");
    const wasEmpty = !queue.items.length;
    queue.add(found);
    form.showChosen(queue);
    if (queue.begun) this.began();
    else if (wasEmpty) form.part("submit")?.scrollIntoView({ block: "nearest" });
  }

  choose(found) {
    this.declining();
    this.add(found);
    this.kept.keepFiles(found);
  }

  async drop(transfer) {
    this.declining();
    const { kept } = this;
    const end = kept.start();
    const found = [];
    const walking = [handlesOf(transfer), fromDrop(transfer, (some) => this.#walked(found, some))]; // both while the event lasts
    const handles = await walking[0];
    if (handles) {
      kept.keep({ handles });
      end();
    }
    this.leaveOut(await walking[1]);
    if (!handles) {
      kept.keepFiles(found);
      end();
    }
  }

  #walked(found, some) {
    found.push(...some);
    this.add(some);
  }

  leaveOut(lost) {
    if (!lost.length) return;
    const named = `${lost.slice(0, 3).join(", ")}${lost.length > 3 ? ", …" : ""}`;
    this.form.tell(`${files(lost.length)} could not be read and ${either(lost.length, "was", "were")} skipped: ${named}`);
  }

  clear() {
    this.queue.clear();
    this.kept.clear();
    this.form.showChosen(this.queue);
    this.form.inputs[0].focus();
  }
}
