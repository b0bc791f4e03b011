"""Why a release was read as it was: a verdict for each block of the page, and the witnesses of each field.

The reader records both while it reads; ``wirewatch extract --explain`` prints them. A field's finder calls
``page.evidence.note(field, value, origin, is_used=…)`` once for each place of the page that gives a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from stories.model.release import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One place of a page that gives a value for a field."""

    field: str
    """The field's name as in the event's JSON: ``published_at``."""
    value: str
    """What it says, as printed or as read."""
    origin: str
    """Where: ``JSON-LD datePublished``, ``line under the headline``."""
    is_used: bool = False
    """Whether the field has this value."""
    reason: str = ""
    """Why it was used or passed over, where that is known."""


@dataclass(frozen=True, slots=True)
class BlockVerdict:
    """What became of one block of a page, or of one paragraph of it."""

    index: int
    """Of the block, in the page's order."""
    part: str
    """``body``, ``about``, ``contacts`` …; ``dropped`` where the release has none of it."""
    reason: str
    text: str


@dataclass(slots=True)
class Evidence:
    """What was seen while one page was read."""

    witnesses: list[Witness] = field(default_factory=list)
    verdicts: Callable[[], list[BlockVerdict]] = list
    """What became of the page's blocks; a function, as only an explanation needs them."""

    def note(self, field: str, value: str, origin: str, *, is_used: bool = False, reason: str = "") -> None:
        """Record that a place of the page gives a value for a field."""
        self.witnesses.append(Witness(field=field, value=value, origin=origin, is_used=is_used, reason=reason))


@dataclass(frozen=True, slots=True)
class Explanation:
    """A page's release or refusal, with the evidence."""

    release: Release | None
    refusal: str | None
    """Why the page holds no release."""
    evidence: Evidence
