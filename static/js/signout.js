// Signing out: what this browser keeps of unfinished uploads, see upload-kept.js, is not for whoever comes next.
import { clear, createStore } from "../vendor/idb-keyval/index.js";

const PATIENCE = 3_000;

const forget = async () => clear(createStore("likewise", "chosen"));

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-sign-out]")) return;
  event.preventDefault();
  await Promise.race([forget().catch(() => null), new Promise((done) => setTimeout(done, PATIENCE))]);
  form.submit();
});
