// Single-key shortcuts. A reader can turn them off (WCAG 2.1, 2.1.4), because voice input can trigger them.
const KEPT = "wirewatch keys";
const LINES = "#stream > li h2 a, .cards > li h2 a, .alerts.rows > li .what a, .stream > li h3[tabindex]";

function step(by) {
  const lines = [...document.querySelectorAll(LINES)];
  if (!lines.length) return;
  const bar = document.querySelector(".bar").getBoundingClientRect().bottom;
  let at = lines.findIndex((line) => line === document.activeElement);
  if (at < 0) at = lines.findIndex((line) => line.getBoundingClientRect().top > bar) - (by > 0 ? 1 : 0);
  const line = lines[Math.min(lines.length - 1, Math.max(0, at + by))];
  line.focus();
  line.scrollIntoView({ block: "nearest" });
}

const ACTS = {
  "/": () => document.getElementById("q")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  n: () => { const more = document.getElementById("more"); if (more && !more.hidden) more.click(); },
};

export function listenToKeys() {
  const box = document.getElementById("keys-on");
  if (!box) return;
  try { box.checked = localStorage.getItem(KEPT) !== "off"; } catch { /* no storage: on until the page is closed */ }
  box.closest("details").hidden = false;
  box.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, box.checked ? "on" : "off"); } catch { /* as above */ }
  });
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("input, select, textarea, [contenteditable]")) return;
    const act = ACTS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
