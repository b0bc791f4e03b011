"""Adds to a release what only a listing says of it: tags and tickers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from stories.model.release import Release
from stories.text.index_words import tag_word

MAX_LISTED = 100  # tags, and as many tickers; an entry of a feed has some ten


def with_listed(release: Release, tags: Iterable[str], tickers: Iterable[str] = ()) -> Release:
    """Return the release with the tags and tickers of its listing that its page does not give."""
    known = {tag_word(tag) for tag in release.tags}
    new_tags = {tag_word(tag): tag for tag in reversed(list(tags)) if tag_word(tag) not in known | {""}}
    added = tuple(reversed(new_tags.values()))[:MAX_LISTED]
    new_tickers = tuple(dict.fromkeys(ticker for ticker in tickers if ticker not in release.tickers))[:MAX_LISTED]
    if not added and not new_tickers:
        return release
    return replace(
        release,
        tags=(*release.tags, *added),
        listed_tags=(*release.listed_tags, *added),
        tickers=(*release.tickers, *new_tickers),
        listed_tickers=(*release.listed_tickers, *new_tickers),
    )
