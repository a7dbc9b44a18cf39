// @ts-check
// After a reload: what this browser kept of an upload is sent on, at once if it may still be read, or else when somebody says so.
import { isAlone, isWhole, mayBeRead, read } from "./upload-kept.js";

const UNREAD = "The browser does not let this page read the files. Choose or drop the same files or folders again.";

export class Again {
  #offered = false;

  constructor({ form, queue, kept, course, choice }) {
    this.form = form;
    this.queue = queue;
    this.kept = kept;
    this.course = course;
    this.choice = choice;
  }

  // Whoever chooses anew does without what this browser offered to go on with, or it would come twice.
  decline() {
    if (!this.#offered) return;
    this.#offered = false;
    this.form.part("again").hidden = true;
    this.kept.decline();
  }

  async goOn(all) {
    const { course, form, kept, queue } = this;
    const mayBe = await mayBeRead(all);
    const alone = await isAlone(form.base);
    if (!queue.isEmpty) {
      kept.decline();
      return;
    }
    if (!all.length) return;
    if (!isWhole(all)) course.expectNothing();
    course.expectLess(all.filter(({ unnamed }) => unnamed).length);
    if (mayBe && alone) await this.#takeUp(all);
    else this.#offer(all);
  }

  #offer(all) {
    const { form } = this;
    const again = form.part("again");
    this.#offered = true;
    again.hidden = false;
    again.querySelector("button").addEventListener("click", async () => {
      if (await mayBeRead(all, { ask: true })) {
        if (this.#offered) this.#takeUp(all);
        return;
      }
      again.hidden = true;
      form.tell(UNREAD);
      form.inputs[0].focus();
    });
  }

  async #takeUp(all) {
    const { choice, form, queue } = this;
    this.#offered = false;
    form.part("again").hidden = true;
    form.hideOnce(true);
    form.part("chosen").textContent = "Looking for the chosen files …";
    const reading = read(all, (some) => choice.add(some));
    await queue.collect(reading.then((lost) => choice.leaveOut(lost)));
    form.hideOnce(queue.items.length > 0);
    if (!queue.items.length) form.showChosen(queue);
  }
}
