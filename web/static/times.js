// Shows times in the reader's zone and as "… ago", and keeps them correct on a page that is open for days.
const DAY = 86_400_000; // milliseconds
const NEAR = 12 * 3_600_000; // milliseconds; for older times the clock time is clearer than "22 h ago"
const RELABEL_EVERY = 10_000; // milliseconds

export function clock(at, now) {
  const time = { hour: "2-digit", minute: "2-digit" };
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString(undefined, { ...time, second: "2-digit" });
  const day = { day: "numeric", month: "short" };
  if (Math.abs(at - now) > 300 * DAY) day.year = "numeric";
  return at.toLocaleString(undefined, { ...day, ...time });
}

export function distance(at, now) {
  const seconds = Math.round((at - now) / 1000);
  const size = Math.abs(seconds);
  if (size * 1000 > NEAR) return "";
  if (size < 10) return at > now ? "any moment" : "just now";
  const span = size < 60 ? `${size - (size % 10)} s` : size < 3600 ? `${Math.trunc(size / 60)} min` : `${Math.trunc(size / 3600)} h`;
  return at > now ? `in ${span}` : `${span} ago`;
}

// The title has the full time with its zone, and the time as written (in UTC, or with the page's offset).
export function localTimes(root, now = new Date()) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const iso = time.getAttribute("datetime");
    const at = new Date(iso);
    if (!iso.includes("T") || Number.isNaN(at.getTime())) continue;
    if (!time.title) {
      time.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }) + " = " + iso.replace("T", " ");
    }
    const due = time.dataset.ago === "next" && at <= now;
    const words = time.dataset.ago === undefined ? "" : due ? "due" : distance(at, now);
    const shown = clock(at, now) + (words ? " · " + words : "");
    if (time.textContent !== shown) time.textContent = shown;
  }
}

export function keepTimes() {
  localTimes(document);
  setInterval(() => localTimes(document), RELABEL_EVERY);
}
