"""What memory offers, and what is decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VerdictKind = Literal["new", "copy", "reissue", "notice", "late_original"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a release is to the releases before it."""

    kind: VerdictKind
    """``new``: a story of its own. ``copy``: the same again. ``reissue``: the same announcement by the same hand with
    other facts or names and no notice. ``notice``: a correction, update or withdrawal. ``late_original``: what an
    earlier notice is about, seen after it."""
    of: str | None
    """The release that it repeats or replaces; for a late original the notice; None: unknown yet."""
    story: str | None
    """The story to join; None: a story of its own."""
    why: str
    """In words, for users."""
