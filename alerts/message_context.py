"""What alert texts depend on apart from their event: language, time zone, titles and the address of the pages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Literal


@cache
def label_tables() -> Mapping[str, Mapping[str, str]]:
    """Return the labels of alert texts by language (``alerts/labels.toml``)."""
    return tomllib.loads((files("alerts") / "labels.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContext:
    """How a desk wants its alert texts."""

    language: str = "en"
    """One of ``label_tables()``."""
    timezone: tzinfo | Literal["local"] | None = None
    """Times are shown in this zone; ``local``: the machine's; None: as the release prints them."""
    pages: str | None = None
    """The public address of the pages, without a slash at the end; None: no link to stories."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Titles of sources by name."""
    watches: Mapping[str, str] = field(default_factory=dict)
    """Titles of watches by name, with what each follows: ``HKSTP (#HKSTP)``."""

    def label(self, name: str, **values: object) -> str:
        """Return a label in the language, filled in."""
        table = label_tables().get(self.language) or label_tables()["en"]
        return table[name].format(**values) if values else table[name]

    def has_label(self, name: str) -> bool:
        """Return whether there is such a label."""
        return name in label_tables()["en"]

    def time(self, text: str) -> str:
        """Return a time of ISO 8601 as ``2026-02-11 09:00 UTC+08:00``; a date or other text unchanged."""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return text
        if len(text) <= len("2026-02-11") or moment.tzinfo is None:
            return text
        if self.timezone is not None:
            moment = moment.astimezone(None if self.timezone == "local" else self.timezone)
        offset = moment.strftime("%z")
        zone = f"UTC{offset[:3]}:{offset[3:5]}" if moment.utcoffset() else "UTC"
        return f"{moment:%Y-%m-%d %H:%M} {zone}"
