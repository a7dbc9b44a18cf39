// Upload: enhances <form data-dropzone> around one file input: drop or paste files and folders, see what was chosen, send with a progress bar, then go to the {"location"} of the answer.
const size = (bytes) => {
  const unit = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 3);
  return `${(bytes / 1000 ** unit).toLocaleString(undefined, { maximumFractionDigits: unit ? 1 : 0 })} ${["B", "kB", "MB", "GB"][unit]}`;
};

// A dropped folder is read to its leaves; readEntries gives at most a hundred at a time.
const filesIn = async (entry) => {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const found = [];
  for (let batch; (batch = await new Promise((done, fail) => reader.readEntries(done, fail))).length; ) {
    for (const child of batch) found.push(...(await filesIn(child)));
  }
  return found.filter((file) => !file.name.startsWith("."));
};

const filesOf = async (transfer) => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  return (await Promise.all(entries.map(filesIn))).flat();
};

const reasonOf = (request) => {
  const body = request.response ?? {};
  if (body.error || body.detail || body.message) return body.error || body.detail || body.message;
  if (request.status === 413) return "This is larger than the server accepts. Send fewer files at once.";
  return request.status ? `The server answered ${request.status}. Try again.` : "The connection broke off. Nothing is lost here: press Upload again.";
};

const enhance = (form) => {
  const part = (name) => form.querySelector(`[data-dropzone-${name}]`);
  const [input, zone] = [form.querySelector("input[type=file]"), part("zone")];
  const [list, status, bar, error] = ["list", "status", "progress", "error"].map(part);
  const tell = (element, text) => ((element.textContent = text), (element.hidden = !text));
  let request = null;

  const show = () => {
    const files = [...input.files];
    const row = (name, note) => {
      const item = document.createElement("li");
      item.append(...[name, note].map((text) => Object.assign(document.createElement("span"), { textContent: text })));
      return item;
    };
    list.replaceChildren(...files.slice(0, 100).map((file) => row(file.name, size(file.size))));
    if (files.length > 100) list.append(row(`and ${(files.length - 100).toLocaleString()} more`, ""));
    const total = files.reduce((sum, file) => sum + file.size, 0);
    tell(status, files.length ? `${files.length.toLocaleString()} ${files.length === 1 ? "file" : "files"}, ${size(total)}` : "");
    tell(error, "");
  };

  const add = (files) => {
    const transfer = new DataTransfer();
    for (const file of [...(input.multiple ? input.files : []), ...files]) transfer.items.add(file);
    input.files = transfer.files;
    show();
  };

  const busy = (is) => {
    bar.hidden = !is;
    for (const button of form.querySelectorAll("[type=submit]")) button.disabled = is;
  };

  const finish = () => {
    const answer = request;
    request = null;
    if (answer.status >= 200 && answer.status < 300 && answer.response?.location) return location.assign(answer.response.location);
    busy(false);
    show();
    return tell(error, reasonOf(answer));
  };

  const send = () => {
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", form.elements.csrfmiddlewaretoken.value);
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      [bar.max, bar.value] = [total, loaded];
      tell(status, loaded < total ? `${size(loaded)} of ${size(total)} sent` : "All sent. The server is reading it…");
    });
    request.addEventListener("loadend", finish);
    request.send(new FormData(form));
    tell(error, "");
    busy(true);
  };

  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, (event) => (event.preventDefault(), (zone.dataset.over = "")));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  zone.addEventListener("drop", async (event) => (event.preventDefault(), add(await filesOf(event.dataTransfer))));
  document.addEventListener("paste", ({ clipboardData }) => clipboardData?.files.length && add([...clipboardData.files]));
  input.addEventListener("change", show);
  form.addEventListener("submit", (event) => (event.preventDefault(), request || send()));
  window.addEventListener("beforeunload", (event) => request && event.preventDefault());
  show();
};

document.querySelectorAll("form[data-dropzone]").forEach(enhance);
