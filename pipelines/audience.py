"""Decides which watches and channels receive an event, and when each alert is due; pure (pipeline step 10, match)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from config.settings import AlertSettings, EventName, Settings, WatchSettings
from pipelines.watch_matching import matching_watches
from stories.model.event import Event, EventType, OutdatedCopy, Relation, Replaced, StoryRef
from stories.model.ids import event_id
from stories.model.publication_dates import youngest
from stories.model.release import Change, Release
from stories.model.timestamps import latest_instant, timestamp
from stories.store.releases import KnownRelease, Notification

RECALL_EVENTS: frozenset[EventType] = frozenset({"release.corrected", "release.withdrawn"})
"""Events that reach every channel that got the release they are about, because that release is wrong or taken back."""

MAX_EMBARGO = timedelta(days=45)  # events are kept for 60 days; a later date is a misread page, not an embargo


def event_name(kind: EventType) -> EventName:
    """Return the name of an event type in ``events`` of a watch: ``new`` for ``release.new``, ``source`` for the
    monitor's own events.
    """
    family, _, name = kind.partition(".")
    return name if family == "release" else "source"  # type: ignore[return-value]


def subscribed(watches: Mapping[str, WatchSettings], matched: Iterable[str], kind: EventType) -> tuple[str, ...]:
    """Return those of the matching watches that subscribe to this type of event."""
    return tuple(name for name in matched if event_name(kind) in watches[name].events)


def channels_of(watches: Mapping[str, WatchSettings], names: Iterable[str], channels: Iterable[str]) -> set[str]:
    """Return the channels of the named watches; a watch without ``channels`` has all."""
    every = set(channels)
    found: set[str] = set()
    for name in names:
        own = watches[name].channels if name in watches else ()
        found |= every if own is None else every & set(own)
    return found


WithheldFor = Literal["seeded", "too old"]
"""Why a release that a watch matches is stored without an alert: listed at the first poll of its source, or published
longer ago than ``max_age``."""


def is_too_old(release: Release, settings: AlertSettings, now: datetime, dates: Iterable[str] = ()) -> bool:
    """Return whether a release was published before ``max_age``; False if its time is unknown.

    Args:
        release: the release.
        settings: with ``max_age``.
        now: the current time.
        dates: further dates that page and listing give; the youngest plausible one counts.
    """
    published = latest_instant(youngest((release.published_at, *dates), now))
    return settings.max_age is not None and published is not None and now - published > settings.max_age


def due_at(release: Release, settings: AlertSettings, now: datetime) -> datetime:
    """Return when an alert of the release is due: now, or at the end of its embargo if alerts are held."""
    embargo = latest_instant(release.embargoed_until)
    if settings.embargo == "hold" and embargo is not None and now < embargo <= now + MAX_EMBARGO:
        return embargo
    return now


def monitor_audience(settings: Settings, event: Event) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the watches subscribed to an event of the monitor itself, and the channels that receive it.

    A watch with ``sources`` receives events of these sources only. Events of channels and of Redis reach every
    subscribed watch. A channel that was switched off does not receive its own event.
    """
    names = tuple(
        name
        for name in subscribed(settings.watches, settings.watches, event.type)
        for sources in [settings.watches[name].sources]
        if event.source is None or sources is None or event.source in sources
    )
    return names, frozenset(channels_of(settings.watches, names, settings.channels) - {event.channel or ""})


def id_of(release: Release) -> str:
    """Return the id of a release. Raises ValueError if it has none yet."""
    if release.id is None:
        raise ValueError("a release without an id cannot be decided on")
    return release.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The watches and channels that receive the events of one page result."""

    settings: Settings
    now: datetime
    is_silent: bool = False
    """The page was listed at the first poll of a source: only channels with earlier alerts of the story receive it."""
    is_requested: bool = False
    """A user requested the page by its URL: it alerts whatever its age."""
    published_dates: tuple[str, ...] = ()
    """The dates of publication that the page and its listing give."""
    clock_error: timedelta = timedelta()
    """By how much ``now`` is ahead of the clocks of the sites, so that a wrong clock makes no release too old."""

    def notification(
        self,
        kind: EventType,
        release: Release,
        story: StoryRef,
        *,
        watches: tuple[str, ...],
        channels: frozenset[str],
        due: datetime,
        id_parts: tuple[str, ...] = (),
        replaces: Release | None = None,
        changes: tuple[Change, ...] = (),
        outdated: tuple[OutdatedCopy, ...] = (),
        relation: Relation | None = None,
        follows: str | None = None,
        detail: str | None = None,
    ) -> Notification:
        """Return an event with the channels that receive it.

        Args:
            kind: the type of the event.
            release: the release that the event is about; it has an id.
            story: its story, with the number of releases including this one.
            watches: the names of the watches in the event.
            channels: the channels that receive an alert.
            due: when the alerts are due.
            id_parts: distinguish events of one type on one revision of one release.
            replaces: the release that a notice or a page's new text replaces.
            changes: what differs from that release.
            outdated: copies that still show the replaced text.
            relation: of a copy, to its original.
            follows: the id of the notice's event that a follow-up belongs to.
            detail: a sentence for users.
        """
        event = Event(
            id=event_id(kind, id_of(release), release.revision, *id_parts),
            type=kind,
            timestamp=timestamp(self.now),
            watches=watches,
            story=story,
            release=release,
            replaces=_replaced(replaces) if replaces is not None else None,
            changes=changes,
            outdated=outdated,
            relation=relation,
            follows=follows,
            detail=detail,
        )
        return Notification(event=event, channels=channels, due=due)

    def matching(self, *states: Release) -> tuple[str, ...]:
        """Return the watches that match any of the states, so that a watch learns that its word was removed."""
        found = (name for state in states for name in matching_watches(self.settings.watches, state, state.source))
        return tuple(dict.fromkeys(found))

    def newly_matching(self, release: Release, known: KnownRelease) -> tuple[str, ...]:
        """Return the watches that match only this state of a page and are named in no earlier alert of its story."""
        before = self.matching(known.release)
        return tuple(name for name in self.matching(release) if name not in before and name not in known.watches)

    def subscribed_channels(self, matched: Iterable[str], kind: EventType, release: Release | None) -> frozenset[str]:
        """Return the channels of matching watches that subscribe to this type of event.

        Args:
            matched: the names of the matching watches.
            kind: the type of the event.
            release: the result is empty if this release is older than ``max_age``; None skips the check.
        """
        if self.is_silent or (release is not None and self._is_too_old(release)):
            return frozenset()
        return self._channels(matched, kind)

    def withheld_for(self, release: Release, kind: EventType) -> WithheldFor | None:
        """Return why an event of a release reaches no channel of the watches that match it and subscribe to it.

        Returns:
            ``None`` if its alerts are not withheld, or no channel would receive them anyway.
        """
        reason: WithheldFor | None = "seeded" if self.is_silent else "too old" if self._is_too_old(release) else None
        return reason if reason and self._channels(self.matching(release), kind) else None

    def _is_too_old(self, release: Release) -> bool:
        now = self.now - self.clock_error
        return not self.is_requested and is_too_old(release, self.settings.alerts, now, self.published_dates)

    def _channels(self, matched: Iterable[str], kind: EventType) -> frozenset[str]:
        watches = subscribed(self.settings.watches, matched, kind)
        return frozenset(channels_of(self.settings.watches, watches, self.settings.channels))

    def alerted_channels(self, kind: EventType, known: KnownRelease | None) -> frozenset[str]:
        """Return the channels that receive this event because they got earlier alerts of the story.

        The text of this release, a silent first poll and the age do not matter: these channels show something
        outdated. A correction or withdrawal reaches all of them, an update or revision those with a subscribed watch.
        """
        if known is None:
            return frozenset()
        alerted = frozenset(known.channels & self.settings.channels.keys())
        if kind in RECALL_EVENTS:
            return alerted
        return alerted & channels_of(self.settings.watches, self._earlier_watches(kind, known), self.settings.channels)

    def event_watches(
        self, matched: Iterable[str], kind: EventType, known: KnownRelease | None = None
    ) -> tuple[str, ...]:
        """Return the watches that an event names: the subscribed matching ones, and those of the story's alerts."""
        now = subscribed(self.settings.watches, matched, kind)
        return tuple(dict.fromkeys((*now, *(self._earlier_watches(kind, known) if known else ()))))

    def due_at(self, release: Release, known: KnownRelease | None = None) -> datetime:
        """Return when an event is due: after the embargoes of the release and of the release that it is about."""
        releases = (release, known.release) if known else (release,)
        return max(due_at(embargoed, self.settings.alerts, self.now) for embargoed in releases)

    def _earlier_watches(self, kind: EventType, known: KnownRelease) -> tuple[str, ...]:
        earlier = sorted(known.watches & self.settings.watches.keys())
        return tuple(earlier) if kind in RECALL_EVENTS else subscribed(self.settings.watches, earlier, kind)


def _replaced(release: Release) -> Replaced:
    """Return how an event names the release that it is about."""
    return Replaced(
        id=id_of(release),
        url=release.url,
        source=release.source,
        headline=release.headline,
        published_at=release.published_at,
    )
