"""The candidates that the release store returns, and the verdict of identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VerdictKind = Literal["new", "copy", "reissue", "notice", "late_original"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on a release, given the releases before it."""

    kind: VerdictKind
    """``new``: a story of its own. ``copy``: a duplicate. ``reissue``: the same announcement by the same source with
    other facts or names and no notice. ``notice``: a correction, update or withdrawal. ``late_original``: what
    an earlier notice is about, read after the notice.
    """
    of: str | None
    """The release that it repeats or replaces; for a late original the notice; None: not known yet."""
    story: str | None
    """The story to join; None: a new story."""
    why: str
    """The reason, in words for users."""
