// @ts-check
// What the form of an upload shows beside its panel: what was chosen, what is wrong, and what is there only before it begins.
import { files } from "./upload-words.js";
import { size } from "./words.js";

export class Form {
  constructor(element, panel) {
    this.element = element;
    this.panel = panel;
    this.zone = this.element.querySelector("[data-upload-zone]");
    this.inputs = this.element.querySelectorAll("[data-upload-input]");
  }

  get base() {
    return this.element.dataset.base;
  }

  set base(address) {
    this.element.dataset.base = address;
  }

  part(name) {
    return this.element.querySelector(`[data-upload-${name}]`);
  }

  tell(sentence) {
    this.part("error").textContent = sentence;
    this.part("error").hidden = !sentence;
  }

  showChosen({ items, bytes, begun }) {
    this.part("chosen").textContent = items.length ? `${files(items.length)}, ${size(bytes.total)}` : "";
    this.part("clear").hidden = !items.length || begun;
  }

  hideOnce(hidden) {
    for (const dialog of document.querySelectorAll("[data-upload-once] dialog[open]")) dialog.close();
    for (const once of document.querySelectorAll("[data-upload-once]")) once.hidden = hidden;
  }

  showPanel() {
    this.panel.hidden = false;
    this.hideOnce(true);
    this.part("chosen").textContent = "";
    this.part("clear").hidden = true;
  }

  // What needs no script makes room for what does.
  enhance() {
    for (const plain of this.element.querySelectorAll("[data-upload-plain]")) {
      plain.hidden = true;
      for (const input of plain.querySelectorAll("input")) input.disabled = true;
    }
    for (const enhanced of this.element.querySelectorAll("[data-upload-enhanced]")) enhanced.hidden = false;
  }
}
