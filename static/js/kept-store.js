// @ts-check
// Where this browser keeps what was chosen for unfinished uploads: upload-kept.js fills it, signout.js empties it.
import { createStore } from "../vendor/idb-keyval/index.js";

export const openStore = () => createStore("likewise", "chosen");
