// The stream of the page Now: new rows are added on top, and the row that is being read keeps its position.
import { parse } from "./merge.js";
import { localTimes } from "./times.js";

const LONGEST = 300; // rows kept on the page
const RETRY_EVERY = 3_000; // milliseconds
const POINTED = 30_000; // milliseconds; a mouse that rests longer does not mean reading

export class Stream {
  constructor(list) {
    this.list = list;
    this.last = list.dataset.last;
    this.filters = list.dataset.filters;
    this.more = document.getElementById("more");
    this.unseen = 0;
    this.busy = false;
    this.again = false;
    this.pointedAt = -POINTED;
    this.title = document.title;
    this.more.addEventListener("click", () => this.show());
    list.addEventListener("pointermove", () => { this.pointedAt = performance.now(); });
    list.addEventListener("pointerleave", () => { this.pointedAt = -POINTED; });
    window.addEventListener("scroll", () => { if (window.scrollY < 8) this.seen(); }, { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && window.scrollY < 8) this.seen(); });
  }

  query() {
    const query = new URLSearchParams(this.filters);
    if (this.last) query.set("after", this.last);
    return query.size ? "?" + query : "";
  }

  async load() {
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    try {
      do {
        this.again = false;
        const reply = await fetch("/parts/events" + this.query());
        if (reply.status >= 500) throw new Error(reply.statusText); // retry
        if (!reply.ok) return;
        const part = parse(await reply.text()).querySelector("ol[data-last]");
        const last = part.dataset.last;
        if (last && last !== this.last) { this.last = last; this.again = true; }
        this.add([...part.querySelectorAll("li[data-event]")]);
      } while (this.again);
    } catch {
      setTimeout(() => this.load(), RETRY_EVERY); // the bar shows a lost connection
    } finally {
      this.busy = false;
    }
  }

  reading() {
    const chosen = document.getSelection();
    const focused = document.activeElement;
    return this.list.getBoundingClientRect().top < 0
      || performance.now() - this.pointedAt < POINTED
      || (focused !== this.list && this.list.contains(focused))
      || (chosen && !chosen.isCollapsed && this.list.contains(chosen.anchorNode));
  }

  // The row that is being read: the first that reaches below the bar.
  anchor() {
    const bar = document.querySelector(".bar").getBoundingClientRect().bottom;
    return [...this.list.children].find((row) => row.getBoundingClientRect().bottom > bar);
  }

  // Add rows on top, newest first. The page scrolls by their height, so the row that is being read keeps its position,
  // even when its story has a newer row.
  add(rows) {
    const reading = this.reading();
    const anchor = this.anchor();
    const top = anchor ? anchor.getBoundingClientRect().top : 0;
    const fresh = [];
    for (const row of rows) {
      const old = document.getElementById(row.id);
      if (row.dataset.folded !== undefined) {
        if (old) old.querySelector(".copies").replaceWith(row.querySelector(".copies"));
      } else if (!old || old.dataset.event !== row.dataset.event) {
        const kept = old && reading && (old === anchor || old.contains(document.activeElement) || old.matches(":hover"));
        if (kept) old.removeAttribute("id");
        else old?.remove();
        fresh.push(row);
      }
    }
    for (const row of fresh) row.classList.add("is-fresh");
    this.list.prepend(...fresh);
    localTimes(this.list);
    if (reading && anchor?.isConnected) {
      window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    }
    this.trim();
    if (!fresh.length) return;
    document.getElementById("nothing").hidden = true;
    const words = fresh[0].querySelector(".badge").textContent + ": " + fresh[0].querySelector("h2").textContent;
    document.getElementById("said").textContent = fresh.length > 1 ? fresh.length + " new, the last one " + words : words;
    if (reading || document.hidden) this.count(fresh.length);
  }

  // Remove the oldest rows that are outside the window.
  trim() {
    let last = this.list.lastElementChild;
    while (this.list.children.length > LONGEST && last.getBoundingClientRect().top > window.innerHeight) {
      last.remove();
      last = this.list.lastElementChild;
    }
  }

  count(more) {
    this.unseen += more;
    this.more.hidden = false;
    this.more.textContent = this.unseen + " new ↑";
    document.title = "(" + this.unseen + ") " + this.title;
  }

  show() {
    window.scrollTo({ top: 0, behavior: "instant" });
    this.list.focus({ preventScroll: true }); // the button disappears; the next Tab goes to the newest row
    this.seen();
  }

  seen() {
    this.unseen = 0;
    this.more.hidden = true;
    document.title = this.title;
  }
}
