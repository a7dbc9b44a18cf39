// @ts-check
// Search: enhances <form data-search>: a picture that is dropped, pasted or chosen is searched with at once; so is the present one whenever the version or the number of results changes.
const form = document.querySelector("form[data-search]");
const { file, url, image, record, picture } = form.elements;
const known = [image ?? record, picture]; // what was searched with last, if it is here already
const zone = form.querySelector("[data-search-zone]");

// The server takes one picture: the newest one empties the other places.
const keepOnly = (kept) => {
  for (const input of [file, url, ...known]) if (input !== kept) input.value = "";
};

const take = (files) => {
  if (!files?.length) return;
  const transfer = new DataTransfer();
  transfer.items.add(files[0]);
  file.files = transfer.files;
  keepOnly(file);
  form.requestSubmit();
};

for (const name of ["dragenter", "dragover"]) {
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.dataset.over = "";
  });
}
for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files);
});
document.addEventListener("paste", ({ clipboardData }) => take(clipboardData?.files));
url.addEventListener("input", () => url.value && keepOnly(url));
file.addEventListener("change", () => {
  if (!file.files.length) return;
  keepOnly(file);
  form.requestSubmit();
});
// On a phone the results come below the form, and the bar on top would hide their beginning.
document.getElementById("results").addEventListener("htmx:afterSettle", ({ currentTarget }) => {
  const { top } = currentTarget.getBoundingClientRect();
  if (top > innerHeight * 0.7) scrollBy(0, top - 80);
});
for (const select of form.querySelectorAll("select")) {
  select.addEventListener("change", () => [file, url, ...known].some((one) => one.value) && form.requestSubmit());
}
