"""Filters of stored releases for the command line and the API, with and without the index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stories.model.list_position import ListPosition
from stories.model.release import Release
from stories.model.timestamps import milliseconds
from stories.search.index_file import Hit
from stories.search.terms import every, mark
from stories.store.archive import Archive, StoredRelease
from stories.text.index_words import tag_word, tag_words

KINDS = ("new", "copy", "correction", "update", "withdrawal", "repeat", "revised")
"""Kinds of a release: the first of its story, a copy, a notice of some kind or withdrawn, or revised."""
READ_BATCH = 200  # releases of an index result that are read in one round trip


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRequest:
    """A query or a watch, as a predicate for releases and as an expression for the index."""

    matches: Callable[[Release], bool]
    expression: str | None
    """An expression of ``stories.search.terms``. None: all releases."""
    is_exact: bool = True
    """Whether the expression finds exactly the matching releases; otherwise it finds more, which are checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """The conditions of a filter; all given ones must hold."""

    tag: str | None = None
    source: str | None = None
    kind: str | None = None
    since: datetime | None = None
    parts: Sequence[FilterRequest] = ()


class ReleaseIndex(Protocol):
    """The query interface of the index."""

    async def find(
        self, expression: str | None, *, since: int | None, before: ListPosition | None, limit: int
    ) -> list[Hit] | None:
        """Return the hits of an expression, newest first; None if the index is not up to date."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of the result."""

    releases: Sequence[StoredRelease]
    next: ListPosition | None
    """The position to continue from; None at the end."""


def kind_of(stored: StoredRelease) -> str:
    """Return the kind of a stored release, one of ``KINDS``."""
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
    return all(part.matches(release) for part in wanted.parts)


def expression(wanted: ReleaseFilter) -> str | None:
    """Return the filter as an index expression; None for no filter."""
    parts = [part.expression for part in wanted.parts if part.expression is not None]
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
    async for _, stored in _looked_at(archive, wanted, finder, before, READ_BATCH):
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

    Without the index, at most ``look_at`` releases are examined: a page may be short or empty, and still have a next
    one.
    """
    scans = finder is None and expression(wanted) is not None
    found: list[StoredRelease] = []
    last, looked_at = before, 0
    async for place, stored in _looked_at(archive, wanted, finder, before, READ_BATCH if scans else limit + 1):
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
    wanted_expression, is_exact = expression(wanted), all(part.is_exact for part in wanted.parts)
    since = milliseconds(wanted.since) if wanted.since is not None else None

    async def read(
        places: Sequence[ListPosition], hits: Sequence[Hit] = ()
    ) -> AsyncIterator[tuple[ListPosition, StoredRelease | None]]:
        stored = {
            release.release.id: release for release in await archive.releases_by_id([place.id for place in places])
        }
        held = {hit.place: (hit.row.revision, hit.kind) for hit in hits}
        for place in places:
            candidate = stored.get(place.id)
            # The index checked the revision that it holds. A release that changed or expired since is checked here.
            is_wanted = candidate is not None and (
                (is_exact and held.get(place) == (candidate.release.revision, kind_of(candidate)))
                or passes(candidate, wanted)
            )
            yield place, candidate if is_wanted else None

    while finder is not None and wanted_expression is not None:
        hits = await finder.find(wanted_expression, since=since, before=before, limit=ahead)
        if hits is None:
            break
        async for result in read([hit.place for hit in hits], hits):
            yield result
        if len(hits) < ahead:
            return
        before = hits[-1].place
    while places := await archive.list_positions(before=before, limit=ahead):
        wanted_places = [place for place in places if since is None or place.seen >= since]
        async for result in read(wanted_places):
            yield result
        if len(wanted_places) < len(places):
            return
        before = places[-1]
