"""Failpoints: named places where a test kills the process, to show that a crash there loses nothing.

``WIREWATCH_FAILPOINT="kept@3 alert-sent"`` kills it with SIGKILL, as a crash would, at the third passing of ``kept`` or
the first of ``alert-sent``, whichever comes first; ``"extracting=/news/7"`` whenever that is done with a page (or
listing) whose address holds these words: one that kills whoever reads it. Without the variable it is one comparison.
The libraries that are kept (TiKV's ``fail``, FreeBSD's failpoints, libfiu) are for other languages or a C build; the
idea is theirs.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter

import structlog

log = structlog.get_logger(__name__)

POINTS = (
    "listed",  # a listing was read, nothing of it is claimed
    "claimed",  # its new pages are ours, nobody has asked for them
    "asked",  # they are asked for, the listing's cursor is not stored
    "noted",  # the cursor is stored
    "fetched",  # a release page has come
    "extracted",  # it was read
    "decided",  # what it means is known, and nothing of it is kept
    "kept",  # release, event and alerts are kept in one step, and nobody was told
    "alert-claimed",  # alerts are leased, none is sent
    "alert-sending",  # one is about to be sent
    "alert-sent",  # the receiver answered, no receipt is written
    "alert-settled",  # the receipt is written
)
"""In the order of a release's journey."""
ASIDE = (
    "parsing",  # a listing is read
    "extracting",  # a page is read
    "keeping",  # what it means is found out, and kept
    "taken",  # a crawl that somebody asked for is ours, and has not begun
)
"""Beside the journey, or not on every release's."""
VARIABLE = "WIREWATCH_FAILPOINT"
_WISH = re.compile(r"([a-z-]+)(?:@(\d+)|=(\S+))?")

_armed: dict[str, int | str] | None = None
_passed: Counter[str] = Counter()


def arm(wishes: str) -> None:
    """Arm failpoints (``"kept@3 alert-sent"``), or none for an empty text; ``ValueError`` names those there are."""
    global _armed
    found: dict[str, int | str] = {}
    for wish in wishes.split():
        match = _WISH.fullmatch(wish)
        if match is None or match[1] not in POINTS + ASIDE:
            raise ValueError(
                f"{VARIABLE}: {wish!r} is no failpoint; allowed are {', '.join(POINTS + ASIDE)}, each with @NUMBER or "
                "=WORDS"
            )
        found[match[1]] = match[3] or int(match[2] or 1)
    _armed = found or None
    _passed.clear()


def failpoint(name: str, about: str = "") -> None:
    """Die here if a test wants it, at this page or listing."""
    if _armed is not None:
        _pass(name, about, _armed)


def _pass(name: str, about: str, armed: dict[str, int | str]) -> None:
    if not _passed:
        log.warning("this process kills itself for a test", variable=VARIABLE, at=armed)
    _passed[name] += 1
    wish = armed.get(name)
    if wish is not None and (wish in about if isinstance(wish, str) else wish == _passed[name]):
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
