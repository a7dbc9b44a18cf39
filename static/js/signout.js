// @ts-check
// Signing out: what this browser keeps of unfinished uploads, see upload-kept.js, is not for whoever comes next.
import { clear } from "../vendor/idb-keyval/index.js";
import { openStore } from "./kept-store.js";

const PATIENCE = 3_000;

const forget = async () => clear(openStore());

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-sign-out]")) return;
  event.preventDefault();
  await Promise.race([forget().catch(() => null), new Promise((done) => setTimeout(done, PATIENCE))]);
  form.submit();
});
