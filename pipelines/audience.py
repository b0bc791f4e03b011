"""Stop 10, match: which watches and channels hear of an event, and when each alert is due; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import AlertSettings, EventName, Settings, WatchSettings
from pipelines.matching import matching_watches
from stories.model.event import Event, EventType
from stories.model.release import Release
from stories.model.timestamps import latest_instant
from stories.store.releases import KnownRelease

RECALL_EVENTS: frozenset[EventType] = frozenset({"release.corrected", "release.withdrawn"})
"""Events that reach every channel that got what they are about: what it got is wrong, or taken back."""

MAX_EMBARGO = timedelta(days=45)  # events are kept for 60 days; a date beyond this is a misreading, not an embargo


def event_name(kind: EventType) -> EventName:
    """Return the word by which a watch asks for an event: ``new`` for ``release.new``; of the monitor ``source``."""
    family, _, name = kind.partition(".")
    return name if family == "release" else "source"  # type: ignore[return-value]


def subscribed(watches: Mapping[str, WatchSettings], matched: Iterable[str], kind: EventType) -> tuple[str, ...]:
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
    published = latest_instant(release.published_at)
    return settings.max_age is not None and published is not None and now - published > settings.max_age


def due_at(release: Release, settings: AlertSettings, now: datetime) -> datetime:
    """Return when an alert of the release goes out: now, or at the end of its embargo if alerts are held."""
    embargo = latest_instant(release.embargoed_until)
    if settings.embargo == "hold" and embargo is not None and now < embargo <= now + MAX_EMBARGO:
        return embargo
    return now


def monitor_audience(settings: Settings, event: Event) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the watches that ask for the monitor's own events, and the channels that hear of this one.

    A watch with ``sources`` hears of those sources alone; of channels and Redis all hear that ask. A channel that was
    switched off is not told that it was.
    """
    names = tuple(
        name
        for name in subscribed(settings.watches, settings.watches, event.type)
        for sources in [settings.watches[name].sources]
        if event.source is None or sources is None or event.source in sources
    )
    return names, frozenset(channels_of(settings.watches, names, settings.channels) - {event.channel or ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who hears of what one reading means, and when."""

    settings: Settings
    now: datetime
    silent: bool = False
    """A first poll held it: only those hear who heard of the story before."""
    asked: bool = False
    """A person named the page: it alerts whatever its age."""
    clock_error: timedelta = timedelta()
    """By how much ``now`` is ahead of the clocks of the sites: no release is too old because of a wrong clock."""

    def matching(self, *states: Release) -> tuple[str, ...]:
        """Return the watches that match any of the states: one whose word is dropped is told of all the same."""
        found = (name for state in states for name in matching_watches(self.settings.watches, state, state.source))
        return tuple(dict.fromkeys(found))

    def late(self, release: Release, known: KnownRelease) -> tuple[str, ...]:
        """Return the watches that match a page only in this state, and that no alert of its story named before."""
        before = self.matching(known.release)
        return tuple(name for name in self.matching(release) if name not in before and name not in known.watches)

    def fresh(self, matched: Iterable[str], kind: EventType, release: Release | None) -> frozenset[str]:
        """Return the channels of matching watches that ask, unless the release is too old (None: of no age)."""
        too_old = (
            release is not None
            and not self.asked
            and is_too_old(release, self.settings.alerts, self.now - self.clock_error)
        )
        if self.silent or too_old:
            return frozenset()
        watches = subscribed(self.settings.watches, matched, kind)
        return frozenset(channels_of(self.settings.watches, watches, self.settings.channels))

    def recalled(self, kind: EventType, known: KnownRelease | None) -> frozenset[str]:
        """Return the channels that hear of this since they heard of the story, whatever the text of this matches.

        Silent first poll and old date or not: a wrong figure is out there. A correction or withdrawal reaches all of
        them; an update or revision those whose watch asks for such.
        """
        if known is None:
            return frozenset()
        heard = frozenset(known.channels & self.settings.channels.keys())
        if kind in RECALL_EVENTS:
            return heard
        return heard & channels_of(self.settings.watches, self._named_before(kind, known), self.settings.channels)

    def named(self, matched: Iterable[str], kind: EventType, known: KnownRelease | None = None) -> tuple[str, ...]:
        """Return the watches an event names: those that match and ask, and those that the story's alerts named."""
        now = subscribed(self.settings.watches, matched, kind)
        return tuple(dict.fromkeys((*now, *(self._named_before(kind, known) if known else ()))))

    def due_at(self, release: Release, known: KnownRelease | None = None) -> datetime:
        """Return when an event goes out: not before the embargo of the release, nor of the one it is about, ends."""
        of = (release, known.release) if known else (release,)
        return max(due_at(one, self.settings.alerts, self.now) for one in of)

    def _named_before(self, kind: EventType, known: KnownRelease) -> tuple[str, ...]:
        earlier = sorted(known.watches & self.settings.watches.keys())
        return tuple(earlier) if kind in RECALL_EVENTS else subscribed(self.settings.watches, earlier, kind)
