"""Entries as an Atom feed (RFC 4287); what was withdrawn as a tombstone (RFC 6721). Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, cast

from lxml import etree

from stories.model.timestamps import timestamp
from web.feeds.entries import FeedEntry
from web.feeds.feed import Feed

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def atom(feed: Feed) -> bytes:
    """Return a feed as an Atom document."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=cast(Any, {None: ATOM, "at": TOMBSTONES}))
    _text(root, "id", feed.id)
    _text(root, "title", feed.title)
    _text(root, "updated", timestamp(feed.updated))
    _person(root, "author", "wirewatch")
    _text(root, "generator", "wirewatch")
    _link(root, "self", feed.address("atom"), "application/atom+xml")
    _link(root, "alternate", feed.home, "text/html")
    for entry in feed.entries:
        if entry.withdrawn is None:
            _entry(root, entry, feed)
        else:
            _tombstone(root, entry, feed)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(root: etree._Element, item: FeedEntry, feed: Feed) -> None:
    element = etree.SubElement(root, f"{{{ATOM}}}entry")
    if item.language:
        element.set("{http://www.w3.org/XML/1998/namespace}lang", _clean(item.language))
    _text(element, "id", item.id)
    _text(element, "title", item.title)
    _moments(element, item.published, item.updated)
    _person(element, "author", item.author)
    _link(element, "alternate", item.url or feed.story(item.story), "text/html")
    _link(element, "related", feed.story(item.story), "text/html")
    for term in (*item.tags, item.kind):
        etree.SubElement(element, f"{{{ATOM}}}category", term=_clean(term))
    if item.summary:
        _text(element, "summary", item.summary)
    _text(element, "content", item.content).set("type", "html")


def _tombstone(root: etree._Element, entry: FeedEntry, feed: Feed) -> None:
    gone = etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry", ref=entry.id, when=timestamp(entry.updated))
    etree.SubElement(gone, f"{{{TOMBSTONES}}}comment").text = _clean(f"{entry.title}. {entry.withdrawn}")
    _link(gone, "related", feed.story(entry.story), "text/html")


def _moments(entry: etree._Element, published: datetime, updated: datetime) -> None:
    _text(entry, "published", timestamp(published))
    _text(entry, "updated", timestamp(updated))


def _person(parent: etree._Element, name: str, words: str) -> None:
    _text(etree.SubElement(parent, f"{{{ATOM}}}{name}"), "name", words)


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}link", rel=rel, href=_clean(href), type=kind)


def _text(parent: etree._Element, name: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
