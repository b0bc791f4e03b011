"""Stop 10, match: which channels hear of an event, and when each alert is due; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from config.settings import AlertSettings, EventName, WatchSettings
from stories.event import EventType
from stories.moments import parse_moment
from stories.release import Release

ABOUT_EARLIER: frozenset[EventType] = frozenset(
    {"release.corrected", "release.updated", "release.withdrawn", "release.revised"}
)
"""Events about a release that somebody may have been alerted of."""


def event_name(kind: EventType) -> EventName:
    """Return the word by which a watch asks for an event: ``new`` for ``release.new``, ``source`` for ``source.…``."""
    family, _, name = kind.partition(".")
    return "source" if family == "source" else name  # type: ignore[return-value]


def asking(watches: Mapping[str, WatchSettings], matched: Iterable[str], kind: EventType) -> tuple[str, ...]:
    """Return those of the matching watches that ask for this kind of event."""
    return tuple(name for name in matched if event_name(kind) in watches[name].events)


def channels_of(watches: Mapping[str, WatchSettings], names: Iterable[str], channels: Iterable[str]) -> set[str]:
    """Return the channels of the named watches; a watch that names none has all."""
    every = set(channels)
    found: set[str] = set()
    for name in names:
        own = watches[name].channels if name in watches else ()
        found |= every if own is None else every & set(own)
    return found


def is_too_old(release: Release, settings: AlertSettings, now: datetime) -> bool:
    """Return whether a release was published longer ago than alerts go back; never for one whose time is unknown."""
    published = parse_moment(release.published_at)
    return settings.max_age is not None and published is not None and now - published > settings.max_age


def due(release: Release, settings: AlertSettings, now: datetime) -> datetime:
    """Return when an alert of the release goes out: now, or at the end of its embargo if alerts are held."""
    embargo = parse_moment(release.embargoed_until)
    if settings.embargo == "hold" and embargo is not None and embargo > now:
        return embargo
    return now
