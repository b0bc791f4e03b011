"""A release's position in the list of all releases: the cursor of pagination."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from stories.model.release import Release
from stories.model.timestamps import milliseconds

_TEXT = re.compile(r"([0-9]{1,15})-([A-Za-z0-9_]{1,40})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """A position in the list, newest release first; within a millisecond, greatest id first.

    A release keeps its position; new releases are inserted before it.
    """

    seen: int
    """When the release was first seen, in ms since 1970."""
    id: str

    def __str__(self) -> str:
        return f"{self.seen}-{self.id}"

    def after(self, other: ListPosition) -> bool:
        """Return whether this position comes after another in the list."""
        return (self.seen, self.id) < (other.seen, other.id)


def parse_list_position(text: str) -> ListPosition:
    """Return the position that ``str`` wrote.

    Raises:
        ValueError: the text is not a position.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a position in the list")
    return ListPosition(seen=int(found[1]), id=found[2])


def list_position_of(release: Release) -> ListPosition:
    """Return the position of a stored release."""
    assert release.id is not None and release.first_seen_at is not None  # noqa: S101, PT018 (it is stored)
    return ListPosition(seen=milliseconds(datetime.fromisoformat(release.first_seen_at)), id=release.id)
