"""Failpoints: named places where a test kills the process, to show that a crash there loses nothing.

``WIREWATCH_FAILPOINT="kept@3 alert-sent"`` kills it with SIGKILL, as a crash would, at the third passing of ``kept`` or
the first of ``alert-sent``, whichever comes first. Without the variable a failpoint is one comparison. The libraries
that are kept (TiKV's ``fail``, FreeBSD's failpoints, libfiu) are for other languages or a C build; the idea is theirs.
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
VARIABLE = "WIREWATCH_FAILPOINT"
_WISH = re.compile(r"([a-z-]+)(?:@(\d+))?")

_armed: dict[str, int] | None = None
_passed: Counter[str] = Counter()


def arm(wishes: str) -> None:
    """Arm failpoints (``"kept@3 alert-sent"``), or none for an empty text; ``ValueError`` names those there are."""
    global _armed
    found: dict[str, int] = {}
    for wish in wishes.split():
        match = _WISH.fullmatch(wish)
        if match is None or match[1] not in POINTS:
            raise ValueError(
                f"{VARIABLE}: {wish!r} is no failpoint; allowed are {', '.join(POINTS)}, each with @NUMBER"
            )
        found[match[1]] = int(match[2] or 1)
    _armed = found or None
    _passed.clear()


def failpoint(name: str) -> None:
    """Die here if a test wants it."""
    if _armed is not None:
        _pass(name, _armed)


def _pass(name: str, armed: dict[str, int]) -> None:
    if not _passed:
        log.warning("this process kills itself for a test", variable=VARIABLE, at=armed)
    _passed[name] += 1
    if armed.get(name) == _passed[name]:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
