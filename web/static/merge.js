// Merges new HTML of the server into the page. Unchanged elements stay, with open details, selections and focus.
import { localTimes } from "./times.js";

export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

const keys = (parent) => [...parent.children].map((one) => one.id || one.dataset.key || "");
const bare = (parent) => [...parent.childNodes].every((one) => one.nodeType !== Node.TEXT_NODE || !one.data.trim());
const keyed = (parent) => parent.children.length > 0 && bare(parent) && keys(parent).every(Boolean);

function alike(one, other) {
  return bare(one) && bare(other) && one.children.length === other.children.length
    && [...one.children].every((child, n) => child.tagName === other.children[n].tagName && child.id === other.children[n].id);
}

function attributes(shown, before, after) {
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) shown.setAttribute(name, value);
  for (const { name } of before.attributes) if (!after.hasAttribute(name) && name !== "open") shown.removeAttribute(name);
}

// Focus stays on the element with the same text and target.
function replace(shown, after) {
  const fresh = document.importNode(after, true);
  const focused = shown.contains(document.activeElement) ? document.activeElement : null;
  shown.replaceWith(fresh);
  localTimes(fresh.parentNode);
  if (!focused) return fresh;
  const same = [fresh, ...fresh.querySelectorAll(focused.tagName)].find((one) => one.tagName === focused.tagName
    && (one.getAttribute("href") ?? one.textContent) === (focused.getAttribute("href") ?? focused.textContent));
  same?.focus({ preventScroll: true });
  return fresh;
}

function mergeList(shown, before, after, fresh) {
  const wanted = new Set(keys(after));
  const was = new Map(keys(before).map((key, n) => [key, before.children[n]]));
  for (const one of [...shown.children]) if (!wanted.has(one.id || one.dataset.key)) one.remove();
  const here = new Map(keys(shown).map((key, n) => [key, shown.children[n]]));
  let place = shown.firstElementChild;
  for (const child of after.children) {
    const key = child.id || child.dataset.key;
    let one = here.get(key);
    const inPlace = one !== undefined && one === place;
    if (one && was.has(key)) {
      one = merge(one, was.get(key), child, fresh);
    } else {
      one?.remove();
      one = document.importNode(child, true);
      fresh.push(one);
    }
    if (!inPlace || !one.isConnected) shown.insertBefore(one, place?.isConnected ? place : null);
    place = one.nextElementSibling;
  }
}

// Returns the element that replaces `shown`. `before`: the server's last HTML; `fresh` receives new or changed elements.
export function merge(shown, before, after, fresh) {
  if (before.isEqualNode(after)) return shown;
  const same = shown.tagName === after.tagName && before.tagName === after.tagName;
  if (same && keyed(before) && keyed(after)) {
    attributes(shown, before, after);
    mergeList(shown, before, after, fresh);
    return shown;
  }
  if (same && alike(before, after) && alike(shown, after)) {
    attributes(shown, before, after);
    const mine = [...shown.children];
    [...after.children].forEach((child, n) => merge(mine[n], before.children[n], child, fresh));
    return shown;
  }
  const put = replace(shown, after);
  fresh.push(put);
  return put;
}
