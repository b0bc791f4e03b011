// Parts of a page, or all of its content, renewed: now and then, and when something has happened.
import { merge, parse } from "./merge.js";
import { localTimes } from "./times.js";

const PART_EVERY = 5_000; // milliseconds between two looks at alerts and sources
const AWAITED_EVERY = 700; // milliseconds, where something is waited for
const SETTLES = 400; // milliseconds: what happens together is shown together
const TYPED_INTO = ":is(input, select, textarea):focus";

const bar = () => document.querySelector(".bar").getBoundingClientRect().bottom;

// The line under the eyes: the first that reaches below the bar, of what is not part of another.
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
    this.said = element.cloneNode(true); // as the server wrote it: before times are put into the reader's zone
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
      // The server is away: the state in the bar says so, and the next look comes by itself.
    } finally {
      this.busy = false;
    }
  }

  put(after, title) {
    const eyes = underTheEyes(document.querySelector("main"));
    const top = eyes?.getBoundingClientRect().top;
    const fresh = [];
    this.element = merge(this.element, this.said, after, fresh); // another one where it was replaced
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
