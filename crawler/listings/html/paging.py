"""The way to the next page of an html listing."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from crawler.listings.html.flat_dom import FlatDom
from crawler.listings.html.link_text import one_line

NEXT_WORDS = re.compile(
    r"(?:go to (?:the )?)?(?:next(?: page| \d+| results)?"
    r"|older(?: (?:posts|entries|news|articles|releases|stories|press releases))?|(?:show|load|view) more(?: .{1,20})?"
    r"|more results|nächste(?: seite)?|weiter|vor|ältere(?: .{1,20})?|suivante?(?: .{1,10})?|page suivante"
    r"|siguiente(?: .{1,10})?|successiv[ao]|próxim[ao](?: .{1,10})?|volgende|nästa"
    r"|下一?[页頁]|后一?页|後一?頁|次へ|次のページ|다음)[\s›»→>…]*",
    re.IGNORECASE,
)
ARROWS = ("›", "→", ">", "»", ">>")
"""In the order of trust: » may be the way to the last page."""
PAGERS = re.compile(r"pag(?:er|ing|inat)|page-?(?:nav|num|list)|wp-pagenavi|nav-links", re.IGNORECASE)
OFF = re.compile(r"disabled|inactive|is-hidden", re.IGNORECASE)

Resolve = Callable[[str], str | None]
"""href → canonical URL; None for what is no page, or is the listing itself."""


def next_page(page: FlatDom, resolve: Resolve, host: str) -> str | None:
    """Return the URL of the page with older entries, on the same host; ``None`` on the last page."""
    return _declared(page, resolve, host) or _worded(page, resolve, host) or _numbered(page, resolve, host)


def _same_host(url: str | None, host: str) -> str | None:
    return url if url and (urlsplit(url).hostname or "") == host else None


def _declared(page: FlatDom, resolve: Resolve, host: str) -> str | None:
    root = page.nodes[0] if page.nodes else None
    if root is None:
        return None
    for node in root.iter("link"):
        if "next" in (node.get("rel") or "").lower().split() and (
            url := _same_host(resolve(node.get("href") or ""), host)
        ):
            return url
    for index in page.links:
        node = page.nodes[index]
        if "next" in (node.get("rel") or "").lower().split() and (
            url := _same_host(resolve(node.get("href") or ""), host)
        ):
            return url
    return None


def _worded(page: FlatDom, resolve: Resolve, host: str) -> str | None:
    arrows: dict[str, str] = {}
    for index in page.links:
        if page.text_end[index] - page.text_start[index] > 60:
            continue
        node = page.nodes[index]
        text = one_line(page.words(index))
        label = one_line(node.get("aria-label") or node.get("title") or "")
        if not (NEXT_WORDS.fullmatch(text) or (text in ARROWS) or NEXT_WORDS.fullmatch(label)) or _is_off(page, index):
            continue
        url = _same_host(resolve(node.get("href") or ""), host)
        if url is None:
            continue
        if text not in ARROWS or NEXT_WORDS.fullmatch(label):
            return url
        arrows.setdefault(text, url)
    return next((arrows[arrow] for arrow in ARROWS if arrow in arrows), None)


def _is_off(page: FlatDom, index: int) -> bool:
    nodes = [page.nodes[index], page.nodes[page.parent[index]]] if page.parent[index] >= 0 else [page.nodes[index]]
    return any(OFF.search(node.get("class") or "") or node.get("aria-disabled") == "true" for node in nodes)


def _numbered(page: FlatDom, resolve: Resolve, host: str) -> str | None:
    """The link named one more than the page that is marked as this one."""
    for index, node in enumerate(page.nodes):
        if not PAGERS.search(f"{node.get('class') or ''} {node.get('id') or ''}") or page.end[index] - index > 200:
            continue
        current = next((int(page.words(one)) for one in range(index, page.end[index]) if _is_current(page, one)), None)
        if current is None:
            continue
        for one in range(index, page.end[index]):
            if page.anchor[one] == one and page.words(one) == str(current + 1):
                return _same_host(resolve(page.nodes[one].get("href") or ""), host)
    return None


def _is_current(page: FlatDom, index: int) -> bool:
    node = page.nodes[index]
    marked = node.get("aria-current") or re.search(r"\b(?:active|current|selected)\b", node.get("class") or "")
    plain = node.tag in ("strong", "b", "span", "em") and page.anchor[index] == -1
    text = page.words(index) if marked or plain else ""
    return 0 < len(text) <= 4 and text.isascii() and text.isdigit()
