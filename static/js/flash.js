// @ts-check
// Messages: closes an alert with [data-flash-close], and shows new ones in #flash: from the event "flash" (HX-Trigger: {"flash": {"level": "success", "text": "..."}}) and when a request of htmx fails.
const region = document.getElementById("flash");

const reveal = () => {
  for (const button of document.querySelectorAll("[data-flash-close]")) button.hidden = false;
};

const say = (text, level = "info") => {
  const template = document.querySelector(`template[data-flash="${level}"]`) ?? document.querySelector("template[data-flash]");
  if (!region || !template) return;
  const alert = template.content.firstElementChild.cloneNode(true);
  alert.querySelector("[data-flash-text]").textContent = text;
  region.replaceChildren(alert);
  reveal();
  alert.scrollIntoView({ block: "nearest" });
};

document.addEventListener("click", (event) => {
  event.target.closest("[data-flash-close]")?.closest(".alert").remove();
});

document.addEventListener("flash", (event) => say(event.detail.text, event.detail.level));

// A failed poll says nothing: the next one is a second away.
const isPoll = (event) => event.target.hasAttribute?.("data-poll");

document.addEventListener("htmx:responseError", (event) => {
  if (isPoll(event)) return;
  const { status } = event.detail.xhr;
  const reasons = {
    403: "You do not have permission to do that, or you have been signed out. Reload the page and try again.",
    404: "This no longer exists. Reload the page.",
    413: "The request is larger than the server accepts. Send less at once.",
    429: "Too many requests. Wait a moment and try again.",
  };
  say(reasons[status] ?? `The server could not do that (${status}). Try again; if the error persists, check the server log.`, "error");
});

document.addEventListener("htmx:sendError", (event) => {
  if (!isPoll(event)) say("The server cannot be reached. Check your connection and try again.", "error");
});

document.addEventListener("htmx:load", reveal);
reveal();
