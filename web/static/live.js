// Keeps the page up to date. Without this script, every page is complete but static.
import { Fresh, renewParts } from "./fresh.js";
import { listenToKeys } from "./keys.js";
import { Stream } from "./stream.js";
import { clock, keepTimes } from "./times.js";
import { Wire } from "./wire.js";

const STORY_EVERY = 20_000; // milliseconds, because receipts are written after the event

const state = document.getElementById("state");
const more = document.getElementById("more");
const main = document.querySelector("main");
const here = location.pathname + location.search;
const followers = []; // called when the connection opens, and with each event

function is(name) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  state.textContent = name === "live" ? "live" : "not live since " + clock(new Date(), new Date()) + ", trying again …";
}

function hear({ state: name, event }) {
  if (name === "locked") location.reload();
  else if (name === "live" || name === "off") is(name);
  if (event || name === "live") for (const follow of followers) follow(event ? JSON.parse(event) : null);
}

function connect() {
  const alone = () => new Wire(hear).open();
  if (typeof SharedWorker === "undefined") { alone(); return; }
  const worker = new SharedWorker("/static/wire.js", { type: "module", name: "wirewatch" });
  worker.addEventListener("error", alone, { once: true }); // a browser without module workers
  const { port } = worker;
  port.onmessage = ({ data }) => hear(data);
  addEventListener("pagehide", () => port.postMessage("bye"));
  addEventListener("pageshow", () => port.postMessage("hello"));
  port.postMessage("hello");
}

// New parts of an open story are shown immediately, with a notice if they are outside the window.
function pointTo(fresh) {
  const card = fresh.map((one) => one.closest("li.row")).filter(Boolean).at(-1);
  if (!card) return;
  card.classList.add("is-fresh");
  const words = card.querySelector(".badge").textContent + ": " + card.querySelector("h3").textContent;
  document.getElementById("said").textContent = words;
  const { top, bottom } = card.getBoundingClientRect();
  more.hidden = bottom > 0 && top < innerHeight - 80;
  more.textContent = card.querySelector(".badge").textContent + (top > 0 ? " ↓" : " ↑");
  more.onclick = () => {
    more.hidden = true;
    card.scrollIntoView({ block: "start" });
    card.querySelector("h3").focus({ preventScroll: true });
  };
}

function followStory(id) {
  const fresh = new Fresh(main, here, { every: STORY_EVERY, shown: pointTo });
  followers.push((event) => {
    if (!event || event.data.story?.id === id) fresh.soon();
  });
}

// The address has only the filters that are set.
function leaveOutTheEmpty(form) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}

function start() {
  for (const form of document.querySelectorAll("form[method=get]")) leaveOutTheEmpty(form);
  const list = document.getElementById("stream");
  if (list && list.dataset.still === undefined) {
    const stream = new Stream(list);
    followers.push(() => stream.load());
  }
  renewParts();
  if (main.dataset.story) followStory(main.dataset.story);
  else if (main.dataset.fresh) new Fresh(main, here, { every: Number(main.dataset.fresh) * 1000 });
  keepTimes();
  listenToKeys();
  connect();
}

start();
