// One event stream for all pages of a browser, because a browser allows six connections to one server. Pages connect to
// this shared worker; without shared workers, each page has its own.
const RETRY_EVERY = 3_000; // milliseconds to the next try after a refusal
const LOOK_EVERY = 20_000; // milliseconds between two checks for a silently lost connection
const PATIENCE = 10_000; // milliseconds for the answer of a check

export class Wire {
  constructor(tell) {
    this.tell = tell;
    this.state = "still"; // not yet known
    this.source = null;
    this.looking = 0;
  }

  open() {
    if (this.source) return;
    const source = this.source = new EventSource("/api/v1/events");
    source.onopen = () => this.is("live");
    source.onmessage = (message) => this.tell({ event: message.data });
    source.onerror = () => {
      this.is("off");
      if (source.readyState === EventSource.CLOSED) this.again(source);
    };
    this.looking ||= setInterval(() => this.look(), LOOK_EVERY);
  }

  close() {
    clearInterval(this.looking);
    this.looking = 0;
    this.source?.close();
    this.source = null;
    this.state = "still";
  }

  is(state) {
    if (this.state === state) return;
    this.state = state;
    this.tell({ state });
  }

  // Refused, not only interrupted: no Redis, too many streams, or a missing token.
  async again(source) {
    const reply = await fetch("/static/wire.js", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
    if (reply?.status === 401) this.tell({ state: "locked" });
    setTimeout(() => {
      if (this.source !== source) return;
      this.source = null;
      this.open();
    }, RETRY_EVERY);
  }

  async look() {
    if (this.state !== "live") return;
    const source = this.source;
    const fine = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }).then((reply) => reply.ok, () => false);
    if (fine || this.source !== source) return;
    source.close();
    this.is("off");
    this.again(source);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined") {
  const pages = new Set();
  const wire = new Wire((message) => { for (const page of pages) page.postMessage(message); });
  self.onconnect = ({ ports: [page] }) => {
    page.onmessage = ({ data }) => {
      if (data === "bye") pages.delete(page);
      else pages.add(page);
      if (pages.size) wire.open();
      else wire.close();
      if (data !== "bye") page.postMessage({ state: wire.state });
    };
  };
}
