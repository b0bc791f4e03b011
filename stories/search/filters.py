"""Filters of stored releases for the command line and the API, with and without the index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stories.model.list_position import ListPosition
from stories.model.release import Release
from stories.model.timestamps import milliseconds
from stories.search.index import Hit
from stories.search.terms import every, mark
from stories.store.archive import Archive, StoredRelease
from stories.text.index_words import tag_word, tag_words

KINDS = ("new", "copy", "correction", "update", "withdrawal", "repeat", "revised")
"""What a release can be: the first of its story, a copy, a notice of some kind or withdrawn, or revised."""
READ = 200  # releases of an index result that are read in one round trip


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRequest:
    """A query or a watch, as a predicate for releases and as an expression for the index."""

    matches: Callable[[Release], bool]
    expression: str | None
    """Of ``stories.search.terms``. None: everything matches."""
    is_exact: bool = True
    """The expression finds exactly what matches; otherwise it finds more, and what it finds is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Every part that is given must hold."""

    tag: str | None = None
    source: str | None = None
    kind: str | None = None
    since: datetime | None = None
    asked: Sequence[FilterRequest] = ()


class ReleaseIndex(Protocol):
    """What answers from the index."""

    async def find(
        self, expression: str | None, *, since: int | None, before: ListPosition | None, limit: int
    ) -> list[Hit] | None:
        """Return what an expression finds, newest first; None while the index cannot tell."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of the result."""

    releases: Sequence[StoredRelease]
    next: ListPosition | None
    """Where to go on; None at the end."""


def kind_of(stored: StoredRelease) -> str:
    """Return what a stored release is, in a word of ``KINDS``."""
    if stored.verdict == "withdrawn":
        return "withdrawal"
    if stored.release.notice is not None:
        return stored.release.notice.kind
    if stored.verdict == "copy":
        return "copy"
    return "revised" if stored.release.revision > 1 or stored.verdict == "reissue" else "new"


def passes(stored: StoredRelease, wanted: ReleaseFilter) -> bool:
    """Return whether a release matches; the archive applies ``since``."""
    release = stored.release
    if wanted.tag is not None and tag_word(wanted.tag) not in tag_words(release.tags, release.headline):
        return False
    if wanted.source is not None and release.source != wanted.source:
        return False
    if wanted.kind is not None and kind_of(stored) != wanted.kind:
        return False
    return all(one.matches(release) for one in wanted.asked)


def expression(wanted: ReleaseFilter) -> str | None:
    """Return the filter as an index expression; None for no filter."""
    parts = [one.expression for one in wanted.asked if one.expression is not None]
    if wanted.tag is not None:
        parts.append(mark("t", tag_word(wanted.tag)))
    if wanted.source is not None:
        parts.append(mark("s", wanted.source))
    if wanted.kind is not None:
        parts.append(mark("k", wanted.kind))
    return every(parts) if parts else None


async def filtered(
    archive: Archive, wanted: ReleaseFilter, finder: ReleaseIndex | None = None, before: ListPosition | None = None
) -> AsyncIterator[StoredRelease]:
    """Yield the matching releases, newest first, from ``before`` on."""
    async for _, stored in _looked_at(archive, wanted, finder, before, READ):
        if stored is not None:
            yield stored


async def page_of(
    archive: Archive,
    wanted: ReleaseFilter,
    *,
    finder: ReleaseIndex | None,
    before: ListPosition | None,
    limit: int,
    look_at: int,
) -> Page:
    """Return the next ``limit`` matching releases.

    Without the index no more than ``look_at`` are looked at: the page may be short, even empty, and have a next.
    """
    scans = finder is None and expression(wanted) is not None
    found: list[StoredRelease] = []
    last, looked_at = before, 0
    async for place, stored in _looked_at(archive, wanted, finder, before, READ if scans else limit + 1):
        if len(found) == limit or looked_at == look_at:
            return Page(releases=found, next=last)
        last, looked_at = place, looked_at + 1
        if stored is not None:
            found.append(stored)
    return Page(releases=found, next=None)


async def _looked_at(
    archive: Archive, wanted: ReleaseFilter, finder: ReleaseIndex | None, before: ListPosition | None, ahead: int
) -> AsyncIterator[tuple[ListPosition, StoredRelease | None]]:
    """Yield each position that is read with its release, None for a release that does not match."""
    asked, is_exact = expression(wanted), all(one.is_exact for one in wanted.asked)
    since = milliseconds(wanted.since) if wanted.since is not None else None

    async def read(
        places: Sequence[ListPosition], hits: Sequence[Hit] = ()
    ) -> AsyncIterator[tuple[ListPosition, StoredRelease | None]]:
        stored = {one.release.id: one for one in await archive.several([place.id for place in places])}
        held = {hit.place: (hit.row.revision, hit.kind) for hit in hits}
        for place in places:
            one = stored.get(place.id)
            # The index has looked at what it holds; what changed or expired a moment ago is looked at here.
            asked_for = one is not None and (
                (is_exact and held.get(place) == (one.release.revision, kind_of(one))) or passes(one, wanted)
            )
            yield place, one if asked_for else None

    while finder is not None and asked is not None:
        hits = await finder.find(asked, since=since, before=before, limit=ahead)
        if hits is None:
            break
        async for one in read([hit.place for hit in hits], hits):
            yield one
        if len(hits) < ahead:
            return
        before = hits[-1].place
    while places := await archive.places(before=before, limit=ahead):
        wanted_places = [place for place in places if since is None or place.seen >= since]
        async for one in read(wanted_places):
            yield one
        if len(wanted_places) < len(places):
            return
        before = places[-1]
