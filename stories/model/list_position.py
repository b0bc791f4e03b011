"""Where a release stands in the list of all releases: what pages of it go on from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from stories.model.release import Release
from stories.model.timestamps import milliseconds

_TEXT = re.compile(r"([0-9]{1,15})-([A-Za-z0-9_]{1,40})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """The newest release stands first; of those first seen in the same millisecond, the one with the greatest id.

    It stays where it is whatever happens to the release: releases that arrive stand before it.
    """

    seen: int
    """When the release was first seen, in ms since 1970."""
    id: str

    def __str__(self) -> str:
        return f"{self.seen}-{self.id}"

    def after(self, other: ListPosition) -> bool:
        """Return whether this stands after the other in the list."""
        return (self.seen, self.id) < (other.seen, other.id)


def parse_place(text: str) -> ListPosition:
    """Return the place that ``str`` gave; ``ValueError`` for what is none."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no place in the list")
    return ListPosition(seen=int(found[1]), id=found[2])


def place_of(release: Release) -> ListPosition:
    """Return where a stored release stands."""
    assert release.id is not None and release.first_seen_at is not None  # noqa: S101, PT018 (it is stored)
    return ListPosition(seen=milliseconds(datetime.fromisoformat(release.first_seen_at)), id=release.id)
