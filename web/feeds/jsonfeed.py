"""Entries as a JSON Feed (jsonfeed.org/version/1.1); one that was withdrawn says that and no more. Pure."""

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
            "items": [_item(one, feed) for one in feed.entries],
        }
    )


def _item(one: FeedEntry, feed: Feed) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": one.id,
        "url": one.url or feed.story(one.story),
        "title": one.title if one.withdrawn is None else f"Withdrawn: {one.title}",
        "content_html": one.content,
        "date_published": timestamp(one.published),
        "date_modified": timestamp(one.updated),
        "authors": [{"name": one.author}],
        "tags": [*one.tags, one.kind],
        "_wirewatch": {
            "about": "https://github.com/wirewatch/wirewatch",
            "story": feed.story(one.story),
            "kind": one.kind,
            "withdrawn": one.withdrawn is not None,
        },
    }
    if one.summary:
        item["summary"] = one.summary
    if one.language:
        item["language"] = one.language
    return item
