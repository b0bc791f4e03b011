// Keeps the page as it is now: new events on top, alerts and sources renewed. Without it, the page is complete but still.
"use strict";

const LONGEST = 300; // rows kept on the page
const PART_EVERY = 5000; // milliseconds between two looks at alerts and sources
const RETRY_EVERY = 3000; // milliseconds to the next try after the stream was refused

function localTimes(root) {
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const iso = time.getAttribute("datetime");
    if (!iso.includes("T") || time.title) continue;
    const at = new Date(iso);
    if (Number.isNaN(at.getTime())) continue;
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    const day = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    time.title = iso;
    time.textContent = at.toLocaleString(undefined, at.toDateString() === today ? clock : day);
  }
}

function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

class Stream {
  constructor(list) {
    this.list = list;
    this.last = list.dataset.last;
    this.more = document.getElementById("more");
    this.unseen = 0;
    this.busy = false;
    this.again = false;
    this.title = document.title;
    this.more.addEventListener("click", () => window.scrollTo({ top: 0 }));
    window.addEventListener("scroll", () => { if (window.scrollY < 8) this.seen(); }, { passive: true });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && window.scrollY < 8) this.seen(); });
  }

  listen() {
    const source = new EventSource("/api/v1/events" + this.query());
    source.onopen = () => { this.state("live", "live"); this.load(); };
    source.onmessage = () => this.load();
    source.onerror = () => {
      this.state("off", "reconnecting …");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.listen(), RETRY_EVERY);
    };
  }

  query() {
    return this.last ? "?after=" + encodeURIComponent(this.last) : "";
  }

  state(name, words) {
    const state = document.getElementById("state");
    if (state.dataset.state === name && state.textContent === words) return;
    state.dataset.state = name;
    state.textContent = words;
  }

  async load() {
    if (this.busy) { this.again = true; return; }
    this.busy = true;
    try {
      do {
        this.again = false;
        const reply = await fetch("/parts/events" + this.query());
        if (reply.status === 401) { location.reload(); return; }
        if (!reply.ok) return;
        const rows = [...parse(await reply.text()).querySelectorAll("li[data-event]")];
        if (rows.length && this.add(rows)) this.again = true;
      } while (this.again);
    } catch {
      this.state("off", "reconnecting …"); // the stream's own reconnecting brings the next look
    } finally {
      this.busy = false;
    }
  }

  reading() {
    const chosen = document.getSelection();
    return this.list.getBoundingClientRect().top < 0
      || this.list.contains(document.activeElement)
      || (chosen && !chosen.isCollapsed && this.list.contains(chosen.anchorNode));
  }

  // Put rows, newest first, on top and return whether any is new. What is being read stays where it is: the page
  // scrolls by what was put above it.
  add(rows) {
    this.last = rows[0].dataset.event;
    const fresh = rows.filter((row) => !document.getElementById(row.id));
    if (!fresh.length) return false;
    const reading = this.reading();
    const anchor = this.list.firstElementChild;
    const top = anchor ? anchor.getBoundingClientRect().top : 0;
    for (const row of fresh) row.classList.add("is-fresh");
    this.list.prepend(...fresh);
    localTimes(this.list);
    if (anchor && reading) window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    else while (this.list.children.length > LONGEST) this.list.lastElementChild.remove();
    document.getElementById("nothing").hidden = true;
    const words = fresh[0].querySelector(".badge").textContent + ": " + fresh[0].querySelector("h2").textContent;
    document.getElementById("said").textContent = fresh.length > 1 ? fresh.length + " new, the last one " + words : words;
    if (reading || document.hidden) this.count(fresh.length);
    return true;
  }

  count(more) {
    this.unseen += more;
    this.more.hidden = false;
    this.more.textContent = this.unseen + " new ↑";
    document.title = "(" + this.unseen + ") " + this.title;
  }

  seen() {
    this.unseen = 0;
    this.more.hidden = true;
    document.title = this.title;
  }
}

async function renew(part) {
  if (document.hidden || part.contains(document.activeElement)) return;
  try {
    const reply = await fetch(part.dataset.part);
    if (!reply.ok) return;
    const html = await reply.text();
    if (part.dataset.shown === html) return;
    part.dataset.shown = html;
    part.replaceChildren(...parse(html).childNodes);
    localTimes(part);
  } catch {
    // The server is away: the stream says so, and the next look comes by itself.
  }
}

localTimes(document);
const list = document.getElementById("stream");
if (list) {
  new Stream(list).listen();
  const parts = document.querySelectorAll("[data-part]");
  setInterval(() => parts.forEach(renew), PART_EVERY);
}
