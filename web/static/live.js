// Keeps the page as it is now: new events on top, alerts and sources renewed. Without it, the page is complete but still.
"use strict";

const LONGEST = 300; // rows kept on the page
const PART_EVERY = 5000; // milliseconds between two looks at alerts and sources
const AWAITED_EVERY = 700; // milliseconds, where something is waited for
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
    this.filters = list.dataset.filters;
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
    const source = new EventSource("/api/v1/events" + (this.last ? "?after=" + encodeURIComponent(this.last) : ""));
    source.onopen = () => { this.state("live", "live"); this.load(); };
    source.onmessage = () => this.load();
    source.onerror = () => {
      this.state("off", "reconnecting …");
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.listen(), RETRY_EVERY);
    };
  }

  query() {
    const query = new URLSearchParams(this.filters);
    if (this.last) query.set("after", this.last);
    return query.size ? "?" + query : "";
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
        const part = parse(await reply.text()).querySelector("ol[data-last]");
        const last = part.dataset.last;
        if (last && last !== this.last) { this.last = last; this.again = true; }
        this.add([...part.querySelectorAll("li[data-event]")]);
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

  // The row under the eyes: the first one that reaches below the bar.
  anchor() {
    const bar = document.querySelector(".bar").getBoundingClientRect().bottom;
    return [...this.list.children].find((row) => row.getBoundingClientRect().bottom > bar);
  }

  // Put rows, newest first, on top. What is being read stays where it is: the page scrolls by what came above it, and
  // the row under the eyes stays even when its story has a newer one.
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
        if (old && (old === anchor || old.contains(document.activeElement)) && reading) old.removeAttribute("id");
        else if (old) old.remove();
        fresh.push(row);
      }
    }
    for (const row of fresh) row.classList.add("is-fresh");
    this.list.prepend(...fresh);
    localTimes(this.list);
    if (anchor && anchor.isConnected && reading) {
      window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: "instant" });
    } else {
      while (this.list.children.length > LONGEST) this.list.lastElementChild.remove();
    }
    if (!fresh.length) return;
    document.getElementById("nothing").hidden = true;
    const words = fresh[0].querySelector(".badge").textContent + ": " + fresh[0].querySelector("h2").textContent;
    document.getElementById("said").textContent = fresh.length > 1 ? fresh.length + " new, the last one " + words : words;
    if (reading || document.hidden) this.count(fresh.length);
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

// A story that is being read is not changed under the eyes: a button says that there is more.
function followStory(id, last) {
  const source = new EventSource("/api/v1/events" + (last ? "?after=" + encodeURIComponent(last) : ""));
  source.onmessage = (message) => {
    const { data } = JSON.parse(message.data);
    if (!data.story || data.story.id !== id) return;
    const more = document.getElementById("more");
    more.hidden = false;
    more.onclick = () => location.reload();
    document.getElementById("said").textContent = more.textContent;
  };
}

// Renew a part of the page; one that waits for an end (data-until) is looked at often, and left alone after it.
async function renew(part) {
  if (document.hidden || part.contains(document.activeElement) || part.dataset.ended) return;
  try {
    const reply = await fetch(part.dataset.part);
    if (!reply.ok) return;
    const html = await reply.text();
    if (part.dataset.shown === html) return;
    part.dataset.shown = html;
    part.replaceChildren(...parse(html).childNodes);
    localTimes(part);
    const state = part.querySelector("[data-state]");
    if (state && (part.dataset.until || "").split(" ").includes(state.dataset.state)) part.dataset.ended = "yes";
  } catch {
    // The server is away: the stream says so, and the next look comes by itself.
  }
}

localTimes(document);
const list = document.getElementById("stream");
if (list && list.dataset.still === undefined) new Stream(list).listen();
const story = document.querySelector("main[data-story]");
if (story) followStory(story.dataset.story, story.dataset.last);
for (const part of document.querySelectorAll("[data-part]")) {
  setInterval(() => renew(part), part.dataset.until ? AWAITED_EVERY : PART_EVERY);
}
