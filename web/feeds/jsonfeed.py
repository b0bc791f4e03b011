"""Entries as a JSON Feed (jsonfeed.org/version/1.1); a withdrawn entry has no other content. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from stories.model.timestamps import timestamp
from web.feeds.entries import FeedEntry
from web.feeds.feed import Feed


def json_feed(feed: Feed) -> bytes:
    """Return a feed as a JSON Feed document."""
    return msgspec.json.encode(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": feed.home,
            "feed_url": feed.address("json"),
            "authors": [{"name": "wirewatch"}],
            "items": [_item(entry, feed) for entry in feed.entries],
        }
    )


def _item(entry: FeedEntry, feed: Feed) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.url or feed.story(entry.story),
        "title": entry.title if entry.withdrawn is None else f"Withdrawn: {entry.title}",
        "content_html": entry.content,
        "date_published": timestamp(entry.published),
        "date_modified": timestamp(entry.updated),
        "authors": [{"name": entry.author}],
        "tags": [*entry.tags, entry.kind],
        "_wirewatch": {
            "about": "https://github.com/wirewatch/wirewatch",
            "story": feed.story(entry.story),
            "kind": entry.kind,
            "withdrawn": entry.withdrawn is not None,
        },
    }
    if entry.summary:
        item["summary"] = entry.summary
    if entry.language:
        item["language"] = entry.language
    return item
