"""Which stored releases are asked for: the same filters for the command line and the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from stories.archive import Archive, Stored
from stories.release import Release

KINDS = ("new", "copy", "correction", "update", "withdrawal", "repeat", "revised")
"""What a release can be: the first of its story, a copy, a notice of some kind or withdrawn, or revised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFilter:
    """Every part that is given must hold."""

    tag: str | None = None
    source: str | None = None
    kind: str | None = None
    since: datetime | None = None
    matches: Callable[[Release], bool] | None = None
    """Whether a watch matches."""


def kind_of(stored: Stored) -> str:
    """Return what a stored release is, in a word of ``KINDS``."""
    if stored.verdict == "withdrawn":
        return "withdrawal"
    if stored.release.notice is not None:
        return stored.release.notice.kind
    if stored.verdict == "copy":
        return "copy"
    return "revised" if stored.release.revision > 1 or stored.verdict == "reissue" else "new"


def passes(stored: Stored, wanted: ReleaseFilter) -> bool:
    """Return whether a release is asked for; ``since`` is the archive's own work."""
    release = stored.release
    if wanted.tag is not None:
        tag = wanted.tag.lstrip("#＃").casefold()
        if tag not in (one.casefold() for one in release.tags):
            return False
    if wanted.source is not None and release.source != wanted.source:
        return False
    if wanted.kind is not None and kind_of(stored) != wanted.kind:
        return False
    return wanted.matches is None or wanted.matches(release)


async def filtered(archive: Archive, wanted: ReleaseFilter, before: str | None = None) -> AsyncIterator[Stored]:
    """Yield the releases that are asked for, newest first, from ``before`` (an id) on."""
    async for stored in archive.releases(since=wanted.since, before=before):
        if passes(stored, wanted):
            yield stored
