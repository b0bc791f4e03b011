"""A digest of the formats of stored data, in addition to the layout number: records, script formats, phrases.

A record with a removed, renamed or newly required field would be decoded wrongly without an error. The digest changes
with each such change, and the table below lists the earlier digests that can still be read.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stories.crawl_state.crawl_requests import CrawlState
from stories.crawl_state.quarantine import QuarantinedItem
from stories.crawl_state.websub_subscriptions import Subscription
from stories.db.codec import phrases_digest
from stories.model.page_result import Validators
from stories.model.release import Release
from stories.model.sighting import Cursor, PendingSighting, Poll
from stories.model.source_health import Gap, ListingHealth

RECORDS: tuple[type, ...] = (
    *(
        Release,
        Cursor,
        Gap,
        ListingHealth,
        CrawlState,
        PendingSighting,
        QuarantinedItem,
        Poll,
        Validators,
        Subscription,
    ),
)
"""Dataclasses that are stored as JSON or as the fields of a hash; dataclasses in their fields are found automatically.

Events are stored as the JSON of the contract; data with a lifetime of an hour or less (canary reports, due times) are
not listed.
"""

STORED_NAMES: Mapping[type, str] = {PendingSighting: "OpenSighting", QuarantinedItem: "SetAside"}
"""Class names in the digest of classes that were renamed: class names are not stored, so the data stay readable."""

FORMS = (
    "release: revision story replaces tokens verdict at why, newline, zstd of JSON with a dictionary by its number",
    "index: 16 bytes an entry, the number of a release's id, the oldest first",
    "story: sorted set, releases by first seen, at 0 marks c: w: n:",
    "history: event, zstd above 100 bytes, ~ begins one whose release is kept elsewhere",
    "page: release, failures, retry_at, failed_at, reason, gone_since, loud, futile, h: and a listing",
    "alert: event, channel, story, type, state, attempt, created, listed, body",
    "backlog: class 1e15, seconds 1e4, position",
    "dictionaries: by number, newest; trained by zstd",
)
"""The formats that scripts write and read, in words that change with them."""

READABLE: Mapping[str, str] = {
    "fad65b1cc00bba14": "before Sighting.version",
    "830a054cd248ab36": "before Release.published_from and published_dates",
    "517b50f384a3862e": "before the tags and tickers of sightings, and where those of releases are from",
    "4226afb7b5d18e73": "before Cursor.not_modified and trusted",
}
"""Digests of earlier versions whose data this version reads, and what was added since.

An optional field may be added: put the previous digest here. After removing, renaming or requiring a field, raise
``stories.store.migrations.LAYOUT`` and add a step.
"""


def describe() -> Sequence[str]:
    """Return a line for each field of each record, and for each format: names, types, and whether it is required."""
    lines, seen, waiting = list(FORMS), set(), list(RECORDS)
    while waiting:
        record = waiting.pop(0)
        if record in seen:
            continue
        seen.add(record)
        hints, name = get_type_hints(record), STORED_NAMES.get(record, record.__name__)
        for field in fields(record):
            needed = field.default is MISSING and field.default_factory is MISSING
            words = _words(hints[field.name], waiting)
            lines.append(f"{name}.{field.name}: {words}{' required' if needed else ''}")
    return sorted(lines)


def formats_digest() -> str:
    """Return the digest of the formats of stored data."""
    return hashlib.sha256("\n".join([phrases_digest(), *describe()]).encode()).hexdigest()[:16]


def is_readable(stored: str) -> bool:
    """Return whether data with a stored digest can be read by this version."""
    return stored == formats_digest() or stored in READABLE


def _words(hint: Any, found: list[type]) -> str:
    """Return the name of a type, equal in all versions of Python; records in it are added to ``found``."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is type(None):
        return "null"
    if origin in (Union, types.UnionType):
        return "|".join(sorted(_words(argument, found) for argument in arguments))
    if origin is Literal:
        return "/".join(sorted(str(argument) for argument in arguments))
    if origin is not None:
        inner = ", ".join(_words(argument, found) for argument in arguments if argument is not Ellipsis)
        return f"{'map' if issubclass(origin, Mapping) else 'list'}<{inner}>"
    if is_dataclass(hint) and isinstance(hint, type):
        found.append(hint)
    return str(getattr(hint, "__name__", hint))
