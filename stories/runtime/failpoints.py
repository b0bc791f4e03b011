"""Failpoints: named places where a test kills the process, to show that a crash there loses nothing.

``WIREWATCH_FAILPOINT="kept@3 alert-sent"`` kills it with SIGKILL, as a crash would, at the third passing of ``kept`` or
the first of ``alert-sent``, whichever comes first. ``"extracting=/news/7"`` kills it at each page (or
listing) whose URL contains this text: a page that crashes its reader. Without the variable a failpoint costs one
comparison.

Maintained libraries (TiKV's ``fail``, FreeBSD's failpoints, libfiu) are for other languages or need a C build.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter

import structlog

log = structlog.get_logger(__name__)

POINTS = (
    "listed",  # a listing was read, none of its pages is claimed
    "claimed",  # its new pages are claimed and not requested
    "asked",  # the pages are requested, the listing's cursor is not stored
    "noted",  # the cursor is stored
    "fetched",  # the response of a release page arrived
    "extracted",  # the release was extracted
    "decided",  # the decision is made, nothing is stored
    "kept",  # release, event and alerts are stored in one step, no alert is sent
    "alert-claimed",  # alerts are leased and not sent
    "alert-sending",  # an alert is about to be sent
    "alert-sent",  # the receiver replied, no receipt is written
    "alert-settled",  # the receipt is written
)
"""In the order in which a release passes them."""
OTHER_POINTS = (
    "parsing",  # a listing is parsed
    "extracting",  # a page is extracted
    "keeping",  # the decision is made and stored
    "taken",  # a requested crawl is taken and has not started
)
"""Points that not every release passes."""
VARIABLE = "WIREWATCH_FAILPOINT"
_WISH = re.compile(r"([a-z-]+)(?:@(\d+)|=(\S+))?")

_armed: dict[str, int | str] | None = None
_passed: Counter[str] = Counter()


def arm(wishes: str) -> None:
    """Arm failpoints (``"kept@3 alert-sent"``); an empty text disarms all.

    Raises:
        ValueError: unknown failpoint; the text names the allowed ones.
    """
    global _armed
    found: dict[str, int | str] = {}
    for wish in wishes.split():
        match = _WISH.fullmatch(wish)
        if match is None or match[1] not in POINTS + OTHER_POINTS:
            raise ValueError(
                f"{VARIABLE}: {wish!r} is not a failpoint; allowed are {', '.join(POINTS + OTHER_POINTS)}, "
                "each with @NUMBER or =WORDS"
            )
        found[match[1]] = match[3] or int(match[2] or 1)
    _armed = found or None
    _passed.clear()


def failpoint(name: str, about: str = "") -> None:
    """Kill the process if this failpoint is armed for this page or listing (``about``)."""
    if _armed is not None:
        _pass(name, about, _armed)


def _pass(name: str, about: str, armed: dict[str, int | str]) -> None:
    if not _passed:
        log.warning("failpoints_armed", variable=VARIABLE, points=armed, next="this process kills itself for a test")
    _passed[name] += 1
    wish = armed.get(name)
    if wish is not None and (wish in about if isinstance(wish, str) else wish == _passed[name]):
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
