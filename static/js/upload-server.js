// @ts-check
// What the server is asked: each call waits for a server that is away, and fails with a sentence.
const PAUSES = [1_000, 2_000, 5_000, 10_000, 20_000];

export class Refused extends Error {
  constructor(status, sentence, missing = 0) {
    super(sentence);
    this.status = status;
    this.missing = missing;
  }
}

export const sentenceOf = (status, body) => {
  if (body?.detail || body?.error) return body.detail || body.error;
  if (status === 403) return "This page has expired, or your role was changed. Reload the page and resume.";
  if (status === 413) return "The file is larger than the proxy in front of the server accepts.";
  return `The server answered with status ${status}. Try again.`;
};

const wait = (pause) =>
  new Promise((done) => {
    const timer = setTimeout(done, pause);
    const now = () => {
      clearTimeout(timer);
      done();
    };
    addEventListener("online", now, { once: true });
  });

export class Server {
  constructor(token, away) {
    this.token = token;
    this.away = away;
  }

  headers() {
    return { Accept: "application/json", "X-CSRFToken": this.token };
  }

  async ask(address, options = {}) {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(address, { ...options, headers: { ...this.headers(), ...options.headers } }).catch(() => null);
      if (answer && answer.status < 500 && answer.status !== 429) return this.#read(answer);
      this.away(true);
      await wait(PAUSES[Math.min(tries, PAUSES.length - 1)]);
    }
  }

  async #read(answer) {
    this.away(false);
    const body = await answer.json().catch(() => null);
    if (!answer.ok) throw new Refused(answer.status, sentenceOf(answer.status, body), body?.missing);
    return body ?? {};
  }

  post(address, body) {
    return this.ask(address, { method: "POST", body });
  }

  open(address, form) {
    return this.post(address, new FormData(form));
  }

  async name(base, files) {
    const headers = { "Content-Type": "application/json" };
    return (await this.ask(`${base}/parts`, { method: "POST", headers, body: JSON.stringify({ files }) })).parts;
  }

  async parts(base) {
    const found = [];
    let cursor = "";
    do {
      const page = await this.ask(`${base}/parts?cursor=${cursor}`);
      found.push(...page.parts);
      cursor = page.next;
    } while (cursor);
    return found;
  }
}
