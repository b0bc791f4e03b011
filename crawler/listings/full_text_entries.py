"""Entries of a feed that carry the whole release (``full_text``), and how they differ from those that only begin it."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from statistics import median

from crawler.listings.html.link_text import plain_text, word_count

LEAST = 60  # words of a release; what is shorter is a teaser, or a notice whose page is soon read
FAR_SHORTER = 6  # times, than the feed's other entries: a release among them that was not put in whole
END = 120  # characters in which an entry says that it goes on elsewhere
_CUT = re.compile(
    r"(?:\.{3}|…|‥|\[(?:\.{3}|…|&hellip;|\+\d+ chars?)\])\s*(?:[»›>→]|\W{0,3}more\W{0,3})?\s*$"
    r"|\b(?:(?:read|see|view|get|find out|learn) (?:the )?(?:more|rest|(?:full|whole|entire)\b[\w ]{0,24})"
    r"|(?:continue|keep) reading\b.{0,80}|weiterlesen|lire la suite|leer más|seguir leyendo|leggi tutto"
    r"|ler mais)\W{0,4}$"
    r"|(?:閱讀全文|阅读全文|閱讀更多|阅读更多|查看全文|続きを読む|더 ?보기|전문 ?보기)\W{0,4}$",
    re.IGNORECASE,
)
_APPEARED = re.compile(
    r"(?:<p>\s*)?The post\s(?:(?!<p\b).){1,600}?\sappeared first on\s(?:(?!<p\b).){1,300}$", re.IGNORECASE | re.DOTALL
)
"""What WordPress puts under every entry of a feed."""

TAIL = 1_200  # characters at an entry's end in which it is


def whole(contents: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of a feed, by the URL of their page, that carry a whole release and do not only begin one."""
    tidied = {url: _without_footer(content.rstrip()) for url, content in contents.items()}
    texts = {url: plain_text(content) for url, content in tidied.items()}
    words = {url: word_count(text) for url, text in texts.items()}
    usual = median(words.values()) if words else 0.0
    return {
        url: tidied[url]
        for url, text in texts.items()
        if words[url] >= max(LEAST, usual / FAR_SHORTER) and not _CUT.search(text[-END:])
    }


def _without_footer(content: str) -> str:
    return content[:-TAIL] + _APPEARED.sub("", content[-TAIL:])


def as_html(content: object, kind: object) -> str:
    """Return a text of an entry as HTML: plain text by its paragraphs. Empty for what is no text."""
    if not isinstance(content, str):
        return ""
    if str(kind or "").lower() != "text/plain":
        return content
    paragraphs: Iterable[str] = re.split(r"\n\s*\n", content)
    return "".join(f"<p>{html.escape(one.strip())}</p>" for one in paragraphs if one.strip())


def edition(content: str) -> str:
    """Return what is the same as long as an entry says the same."""
    return hashlib.blake2b(plain_text(content).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
