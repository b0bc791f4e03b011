"""What pages say that hold no release: error pages, maintenance, log-in, cookie and JavaScript walls.

The phrases are one table, ``page_phrases.toml``. Extraction refuses pages by them. The crawler decides by them whether
a known release was removed or its site is down.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

PageKind = Literal[
    "not_found", "not_found_heading", "gone", "maintenance", "maintenance_heading", "maintenance_title", "away",
    "error", "login", "cookies", "consent", "javascript",
]  # fmt: skip
"""
``not_found``: a whole heading, or a phrase in the little text of an error page.
``not_found_heading``: only a whole heading.
``gone``: words in the title or a heading of an error page.
``maintenance``: a whole heading, or a phrase in the little text of an error page.
``maintenance_heading``: only a whole heading.
``maintenance_title``: only a whole title or first heading, for it also names sections.
``away``: words in the title or a heading of a site that is away.
``error``: a phrase in the title or the little text of an error page, whatever the error.
``consent``: what a site asks its reader to agree to, in words that address the reader; no release speaks so.
``login``, ``cookies``, ``javascript``: phrases in the little text of a wall or an empty shell.
"""


@cache
def page_phrases() -> dict[PageKind, dict[str, list[str]]]:
    """Return the patterns by kind and language tag.

    Raises:
        msgspec.ValidationError: the table has an unknown kind or a value of another type.
    """
    source = (files("crawler.extraction") / "page_phrases.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(source), type=dict[PageKind, dict[str, list[str]]])


def _compiled(*kinds: PageKind, suffix: str = "") -> re.Pattern[str]:
    phrases = page_phrases()
    patterns = [pattern + suffix for kind in kinds for found in phrases[kind].values() for pattern in found]
    return re.compile("|".join(dict.fromkeys(patterns)), re.IGNORECASE)


NOT_FOUND_HEADING = _compiled("not_found_heading", "not_found", suffix=r"\W*")
"""A whole title or heading."""
MAINTENANCE_HEADING = _compiled("maintenance_heading", "maintenance", suffix=r"\W*")
"""A whole title or heading."""
MAINTENANCE_TITLE = _compiled("maintenance_title", suffix=r"\W*")
"""A whole title or first heading. Further behind it is the name of a section and says nothing."""
GONE = _compiled("gone", "not_found")
AWAY = _compiled("away", "maintenance")
ERROR = _compiled("error", "not_found", "maintenance")
LOGIN = _compiled("login")
COOKIES = _compiled("cookies")
CONSENT = _compiled("consent")
JAVASCRIPT = _compiled("javascript")
