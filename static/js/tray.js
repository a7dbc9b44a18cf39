// @ts-check
// The tray of running jobs: remembers in a cookie, which the server heeds, whether it is closed. On a phone it is closed at first.
const COOKIE = "tray";
const found = document.cookie.match(/(?:^|; )tray=(\w+)/)?.[1];
let closed = found ? found === "closed" : window.matchMedia("(max-width: 991px)").matches;

const apply = () => {
  const tray = document.getElementById("tray");
  if (tray) tray.open = !closed;
};

// The summary is clicked by mouse and keyboard alike; "toggle" would also tell of what the server did.
document.addEventListener("click", (event) => {
  const tray = event.target.closest?.("#tray > summary")?.parentElement;
  if (!tray) return;
  closed = tray.open;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the cookie store exists on https alone
  document.cookie = `${COOKIE}=${closed ? "closed" : "open"}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
});

// An answer that was under way when somebody clicked does not know of it yet.
document.addEventListener("htmx:afterSwap", apply);
apply();
