"""What a sentence frame is, and the words that frames have in common.

Patterns are for folded text (small letters, no Latin accents). ``<release>`` and ``<gone>`` stand for the words below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stories.release import NoticeKind

_RELEASE = r"(?:(?:press|news|media)\s+)?(?:release|announcement|advisory|communique)"
_GONE = r"(?:retracted|withdrawn|rescinded|killed|cancell?ed|revoked)"
_SENT = r"(?:issued|published|distributed|disseminated|released|sent)"
WRONG = (
    r"(?:instead of|rather than|should (?:have )?(?:read|been|be|stated?|said)|incorrect(?:ly)?"
    r"|erroneous(?:ly)?|errantly"
    r"|mistaken(?:ly)?|inadvertent(?:ly)?|please note|we are advised|\berrors?\b|misstated|typo)"
)
"""Words that explain what was wrong."""
POINTER = (
    r"the (?:complete,? )?(?:and )?corrected (?:release|version|text|copy|announcement|story)"
    r" (?:reads|follows|is as follows|is below|appears)"
)
"""Business Wire's and PR Newswire's line before the corrected text; the reason stands before it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One sentence frame."""

    kind: NoticeKind
    cues: tuple[str, ...]
    """The pattern is tried on a body that holds one of these (small letters, accents kept)."""
    pattern: re.Pattern[str]
    opening: bool = False
    """Counts only in the first sentence of the body: elsewhere it tells of a slip inside another story."""


def frame(kind: NoticeKind, cues: str, *parts: str, opening: bool = False) -> Frame:
    pattern = "".join(parts)
    for name, words in (("release", _RELEASE), ("gone", _GONE), ("sent", _SENT), ("wrong", WRONG)):
        pattern = pattern.replace(f"<{name}>", words)
    return Frame(kind, tuple(cues.split("|")), re.compile(pattern), opening)
