// Refreshes parts of a page, or its whole content: regularly, and after an event.
import { merge, parse } from "./merge.js";
import { localTimes } from "./times.js";

const PART_EVERY = 5_000; // milliseconds between two requests for alerts and sources
const AWAITED_EVERY = 700; // milliseconds, while a result is pending
const SETTLES = 400; // milliseconds, so that events at the same time are shown together
const TYPED_INTO = ":is(input, select, textarea):focus";

const bar = () => document.querySelector(".bar").getBoundingClientRect().bottom;

// The row that is being read: the first that reaches below the bar and is not inside another row.
function underTheEyes(root) {
  const lines = root.querySelectorAll("li, h1, h2, p, dl, table, section > form");
  return [...lines].find((one) => one.getBoundingClientRect().bottom > bar() && !one.querySelector("li, p"));
}

export class Fresh {
  constructor(element, address, { every = PART_EVERY, until = [], shown = () => {} } = {}) {
    this.element = element;
    this.address = address;
    this.until = until;
    this.shown = shown;
    this.said = element.cloneNode(true); // as the server sent it, before times are converted to the reader's zone
    this.busy = false;
    this.timer = 0;
    this.interval = setInterval(() => this.look(), until.length ? AWAITED_EVERY : every);
  }

  soon() {
    this.timer ||= setTimeout(() => { this.timer = 0; this.look(); }, SETTLES);
  }

  async look() {
    if (document.hidden || this.busy || this.element.querySelector(TYPED_INTO)) return;
    this.busy = true;
    try {
      const reply = await fetch(this.address, { headers: { Accept: "text/html" } });
      if (!reply.ok) return;
      const page = parse(await reply.text());
      const whole = page.querySelector("main");
      const after = this.said.cloneNode(false);
      after.append(...(whole ?? page.body).childNodes);
      this.put(after, whole ? page.title : null);
    } catch {
      // The server does not answer: the bar shows it, and the next refresh retries.
    } finally {
      this.busy = false;
    }
  }

  put(after, title) {
    const eyes = underTheEyes(document.querySelector("main"));
    const top = eyes?.getBoundingClientRect().top;
    const fresh = [];
    this.element = merge(this.element, this.said, after, fresh); // another element if it was replaced
    this.said = after;
    if (title) document.title = title;
    localTimes(this.element);
    if (eyes?.isConnected && window.scrollY > 0) {
      window.scrollBy({ top: eyes.getBoundingClientRect().top - top, behavior: "instant" });
    }
    const state = this.element.querySelector("[data-state]");
    if (state && this.until.includes(state.dataset.state)) clearInterval(this.interval);
    if (fresh.length) this.shown(fresh);
  }
}

export function renewParts() {
  return [...document.querySelectorAll("[data-part]")].map((part) =>
    new Fresh(part, part.dataset.part, { until: part.dataset.until?.split(" ") ?? [] }));
}
