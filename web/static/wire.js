// One connection to the stream of events for all pages of a browser: it allows six to one server, and a desk has more
// stories open than that. A page connects to this worker; where there are no shared workers, each has its own.
const RETRY_EVERY = 3_000; // milliseconds to the next try after the stream was refused
const LOOK_EVERY = 20_000; // milliseconds: a connection that died without a word is noticed by asking
const PATIENCE = 10_000; // milliseconds for that answer

export class Wire {
  constructor(tell) {
    this.tell = tell;
    this.state = "still"; // neither known to be there nor lost
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

  // Refused, not merely cut off: Redis is away, there are too many, or the token is asked for.
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
