"""The tags that a page's markup gives: keywords, ``article:tag``, linked data, ``rel="tag"`` and links to tag pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

import lxml.html

from crawler.extraction.body.blocks import ASIDE, ancestors
from crawler.extraction.page import Page, inner_text
from stories.text.index_words import tag_word

MAX_TAGS = 50  # of a page's markup; a page with more of them fills its keywords for search engines
MAX_TAG_CHARACTERS = 60
MAX_LINKS = 3_000  # links of a page that are looked at
_META = ("article:tag", "og:article:tag", "parsely-tags", "sailthru.tags", "news_keywords", "keywords", "dc.subject")
_SEPARATOR = re.compile(r"[,;，、；|\n]")
_TAG_PATH = re.compile(r"/(?:tags?|hashtags?)(?:/|/?$)", re.I)
_OTHERS = re.compile(
    r"relat|recommend|sidebar|widget|popular|trending|latest|teaser|tag-?cloud|most-?read|\bmenu|navbar|navigation|carousel",
    re.I,
)
_TAG_PARAMETERS = frozenset({"tag", "tags", "hashtag"})


def find_page_tags(page: Page, article: lxml.html.HtmlElement | None, text_tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of a page's markup that its text has not, without ``#``.

    Args:
        page: the page.
        article: the element of the release; a link in another ``<article>`` or next to it is another story's.
        text_tags: the hashtags of the text.
    """
    known = {tag_word(tag) for tag in text_tags} | {""}
    found: dict[str, str] = {}
    for tag in (*_linked_tags(page, article), *_meta_tags(page), *_data_tags(page)):
        word = tag_word(tag)
        if word not in known and len(tag) <= MAX_TAG_CHARACTERS and "://" not in tag:
            found.setdefault(word, tag)
    return tuple(found.values())[:MAX_TAGS]


def _split(text: str) -> Iterator[str]:
    for part in _SEPARATOR.split(text):
        yield part.strip().lstrip("#＃").strip()


def _meta_tags(page: Page) -> Iterator[str]:
    for name in _META:
        for content in page.meta.get(name, ())[:MAX_TAGS]:
            yield from _split(content)


def _data_tags(page: Page) -> Iterator[str]:
    for node in page.linked:
        keywords = node.get("keywords")
        for value in keywords[:MAX_TAGS] if isinstance(keywords, list) else [keywords]:
            name = value.get("name") if isinstance(value, dict) else value  # DefinedTerm
            if isinstance(name, str):
                yield from _split(name.removeprefix("Tag:"))


def _linked_tags(page: Page, article: lxml.html.HtmlElement | None) -> Iterator[str]:
    for number, link in enumerate(page.tree.iter("a")):
        if number >= MAX_LINKS:
            return
        is_marked = "tag" in (link.get("rel") or "").lower().split()
        if not is_marked and not _leads_to_tag_page(link.get("href") or ""):
            continue
        if _belongs(link, article, is_marked=is_marked):
            tag = inner_text(link).lstrip("#＃").strip()
            if tag and "\n" not in tag:
                yield tag.rstrip(",;")


def _leads_to_tag_page(href: str) -> bool:
    if "tag" not in href:
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return _TAG_PATH.search(parts.path) is not None or any(
        name.lower() in _TAG_PARAMETERS for name, _ in parse_qsl(parts.query)
    )


def _belongs(link: lxml.html.HtmlElement, article: lxml.html.HtmlElement | None, *, is_marked: bool) -> bool:
    """Whether a link to a tag is the release's: in its element, or marked as a tag and in no other story's or box."""
    for element in ancestors(link):
        if element is article:
            return True
        if element.tag == "article" or element.tag in ASIDE - {"footer"} or _is_other_stories(element):
            return False
        if element.tag == "footer" and element.getparent() is not None and element.getparent().tag == "body":
            return False
    return is_marked


def _is_other_stories(element: lxml.html.HtmlElement) -> bool:
    """Whether the class or id of an element names other stories, or all tags of the site."""
    return _OTHERS.search(f"{element.get('class') or ''} {element.get('id') or ''}") is not None
