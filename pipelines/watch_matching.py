"""Which watches a release is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from config.query import parse_query
from config.settings import WatchSettings
from pipelines.query_matching import Predicate, ReleaseView, query_test
from stories.model.release import Release
from stories.text.index_words import tag_words


@cache  # a daemon has as many queries as its configuration has watches
def _compiled(query: str) -> Predicate:
    return query_test(parse_query(query))


def query_predicate(query: str) -> Callable[[Release], bool]:
    """Return whether a release matches a query, as a function; ``QuerySyntaxError`` for an invalid query.

    For queries that come and go: nothing of them is kept.
    """
    test = query_test(parse_query(query))
    return lambda release: test(ReleaseView(release, None))


@cache
def _tags(tags: tuple[str, ...]) -> frozenset[str]:
    return tag_words(tags)


def _matches(watch: WatchSettings, view: ReleaseView) -> bool:
    if watch.sources is not None and view.source not in watch.sources:
        return False
    if watch.tags and _tags(watch.tags).isdisjoint(view.tags):
        return False
    return watch.query is None or _compiled(watch.query)(view)


def matches(watch: WatchSettings, release: Release, *, source: str | None) -> bool:
    """Return whether a release is one that a watch follows.

    One of its tags and its query must both hold (those that it has), and the source must be among its sources; a watch
    with neither tags nor query takes all of its sources. ``source`` is the source's name; None: the release's own.
    """
    return _matches(watch, ReleaseView(release, source))


def matching_watches(
    watches: Mapping[str, WatchSettings], release: Release, source: str | None = None
) -> tuple[str, ...]:
    """Return the names of the watches that follow a release, in their order."""
    view = ReleaseView(release, source)
    return tuple(name for name, watch in watches.items() if _matches(watch, view))
