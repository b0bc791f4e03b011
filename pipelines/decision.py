"""Stops 8 to 10, identify, relate, match: a release and what memory knows → what is to be kept and told; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from config.settings import Settings
from pipelines.alerting import asking, channels_of, due, is_too_old
from pipelines.changes import changes, only_noise
from pipelines.identity import Candidate, Verdict, identify
from pipelines.matching import matching_watches
from pipelines.revision import compare
from pipelines.revisits import next_revisit
from stories.event import Event, EventType, Replaced, StoryRef
from stories.ids import event_id, story_id
from stories.keeping import Keep, Knowledge, Known
from stories.moments import timestamp
from stories.reading import Reading
from stories.release import NoticeKind, Release

EVENT_OF: dict[NoticeKind, EventType] = {
    "correction": "release.corrected",
    "update": "release.updated",
    "withdrawal": "release.withdrawn",
    "repeat": "release.syndicated",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event with the channels that hear of it."""

    event: Event
    channels: frozenset[str]
    due: datetime


def decide(release: Release, knowledge: Knowledge, reading: Reading, settings: Settings, now: datetime) -> Keep | None:
    """Return what is to be kept of a tidied release with its id; None when memory holds it just so."""
    if knowledge.own is not None:
        return _again(release, knowledge.own, settings, now)
    release = replace(release, first_seen_at=timestamp(now))
    known = {one.release.id: one for one in knowledge.candidates}
    verdict = identify(release, [_candidate(one) for one in knowledge.candidates], now)
    of = known.get(verdict.of) if verdict.of else None
    if verdict.kind == "new" or (of is None and verdict.kind != "notice"):
        return _new(release, verdict, reading, settings, now)
    if verdict.kind == "copy" and of is not None and not _differs_at_home(release, of):
        story = [one for one in knowledge.candidates if one.story == of.story]
        return _copy(release, of, story, verdict, reading, settings, now)
    if verdict.kind == "late_original" and of is not None:
        return _late_original(release, of, verdict, settings, now)
    return _notice(release, of, verdict, reading, settings, now)


def withdraw(known: Known, how: str, settings: Settings, now: datetime) -> Keep:
    """Return what is to be kept when a release's page is confirmed gone."""
    release = known.release
    matched = matching_watches(settings.watches, release, release.source)
    event = Event(
        id=event_id("release.withdrawn", _id(release), release.revision, "gone"),
        type="release.withdrawn",
        timestamp=timestamp(now),
        watches=_watches(settings, matched, "release.withdrawn", known),
        story=StoryRef(id=known.story, releases=known.releases),
        release=release,
        replaces=_replaced(release),
        detail=how,
    )
    told = Told(event=event, channels=_channels(settings, matched, event.type, known), due=now)
    return _keep(release, known.story, Verdict(kind="new", of=None, story=known.story, why=how), [told], "withdrawn")


def _again(release: Release, own: Known, settings: Settings, now: datetime) -> Keep | None:
    """The page was known: unchanged, revised without a word, or corrected in place."""
    before = own.release
    revision = compare(before, release)
    if revision.kind == "same":
        return None
    release = replace(release, id=before.id, revision=before.revision + 1, first_seen_at=before.first_seen_at)
    kind: EventType = "release.revised"
    if revision.kind == "notice" and release.notice is not None:
        kind = EVENT_OF[release.notice.kind]
    matched = _either(settings, before, release)
    event = Event(
        id=event_id(kind, _id(release), release.revision),
        type=kind,
        timestamp=timestamp(now),
        watches=_watches(settings, matched, kind, own),
        story=StoryRef(id=own.story, releases=own.releases),
        release=release,
        replaces=_replaced(before),
        changes=revision.changes,
    )
    told = Told(event=event, channels=_channels(settings, matched, kind, own), due=now)
    verdict = Verdict(kind="new", of=None, story=own.story, why=revision.why)
    return replace(
        _keep(release, own.story, verdict, [told], "revised" if revision.kind == "revised" else "notice"),
        revises=True,
        revisit=next_revisit(release, settings.polling.ladder, now),
    )


def _new(release: Release, verdict: Verdict, reading: Reading, settings: Settings, now: datetime) -> Keep:
    story = story_id(_id(release))
    matched = matching_watches(settings.watches, release, release.source)
    watches = asking(settings.watches, matched, "release.new")
    event = Event(
        id=event_id("release.new", _id(release), release.revision),
        type="release.new",
        timestamp=timestamp(now),
        watches=watches,
        story=StoryRef(id=story, releases=1),
        release=release,
    )
    heard = _fresh(watches, release, reading, settings, now)
    told = Told(event=event, channels=heard, due=due(release, settings.alerts, now))
    return _stored(release, story, verdict, [told], settings, now)


def _copy(
    release: Release,
    of: Known,
    story: list[Known],
    verdict: Verdict,
    reading: Reading,
    settings: Settings,
    now: datetime,
) -> Keep:
    """The same release elsewhere: silence, but for watches that ask for copies and those that only now can hear.

    A watch whose sources or words no earlier release of the story matched has not had its alert: to it this is new.
    """
    matched = matching_watches(settings.watches, release, release.source)
    reference = StoryRef(id=of.story, releases=of.releases + 1)
    copy = Event(
        id=event_id("release.syndicated", _id(release), release.revision),
        type="release.syndicated",
        timestamp=timestamp(now),
        watches=asking(settings.watches, matched, "release.syndicated"),
        story=reference,
        release=release,
        replaces=None,
    )
    told = [Told(event=copy, channels=_fresh(copy.watches, release, reading, settings, now), due=now)]
    earlier = {name for one in story for name in matching_watches(settings.watches, one.release, one.release.source)}
    late = asking(settings.watches, [name for name in matched if name not in earlier], "release.new")
    hearing = _fresh(late, release, reading, settings, now) - of.channels
    if hearing and release.notice is None:
        first = replace(copy, id=event_id("release.new", _id(release), release.revision), type="release.new")
        told = [Told(event=replace(first, watches=late), channels=hearing, due=due(release, settings.alerts, now))]
    return _stored(release, of.story, verdict, told, settings, now)


def _notice(
    release: Release, of: Known | None, verdict: Verdict, reading: Reading, settings: Settings, now: datetime
) -> Keep:
    """A correction, update or withdrawal arrived, or an unmarked re-issue with other content."""
    kind: EventType = (
        EVENT_OF[release.notice.kind] if release.notice and verdict.kind == "notice" else "release.revised"
    )
    story = of.story if of else (verdict.story or story_id(_id(release)))
    matched = matching_watches(settings.watches, release, release.source)
    fresh = asking(settings.watches, matched, kind)
    event = Event(
        id=event_id(kind, _id(release), release.revision),
        type=kind,
        timestamp=timestamp(now),
        watches=_watches(settings, matched, kind, of),
        story=StoryRef(id=story, releases=of.releases + 1 if of else 1),
        release=release,
        replaces=_replaced(of.release) if of else None,
        # A withdrawal takes the release back whole; its own text is no newer state of it.
        changes=changes(of.release, release) if of and kind != "release.withdrawn" else (),
    )
    # Whoever heard of the original hears of this, silent first poll and old date or not: a wrong figure is out there.
    recalled = of.channels & settings.channels.keys() if of else frozenset()
    channels = _fresh(fresh, release, reading, settings, now) | recalled
    told = Told(event=event, channels=frozenset(channels), due=now)
    keep = _stored(release, story, verdict, [told], settings, now)
    return replace(keep, replaces=of.release.id if of else None)


def _late_original(release: Release, of: Known, verdict: Verdict, settings: Settings, now: datetime) -> Keep:
    """The original of a notice that came first: no alert as if it were new, but the notice is told again, tied."""
    notice = of.release
    kind = EVENT_OF[notice.notice.kind] if notice.notice else "release.corrected"
    matched = matching_watches(settings.watches, notice, notice.source)
    event = Event(
        id=event_id(kind, _id(notice), notice.revision, "replaces", _id(release)),
        type=kind,
        timestamp=timestamp(now),
        watches=_watches(settings, matched, kind, of),
        story=StoryRef(id=of.story, releases=of.releases + 1),
        release=notice,
        replaces=_replaced(release),
        changes=changes(release, notice),
    )
    told = Told(event=event, channels=frozenset(of.channels & settings.channels.keys()), due=now)
    keep = _stored(release, of.story, verdict, [told], settings, now)
    return replace(keep, links={_id(notice): _id(release)})


def _stored(
    release: Release, story: str, verdict: Verdict, told: Iterable[Told], settings: Settings, now: datetime
) -> Keep:
    keep = _keep(release, story, verdict, told, verdict.kind)
    return replace(keep, revisit=next_revisit(release, settings.polling.ladder, now))


def _keep(release: Release, story: str, verdict: Verdict, told: Iterable[Told], word: str) -> Keep:
    told = list(told)
    return Keep(
        release=release,
        story=story,
        verdict=word,
        why=verdict.why,
        events=tuple(one.event for one in told),
        alerts={one.event.id: dict.fromkeys(sorted(one.channels), one.due) for one in told},
    )


def _fresh(
    watches: Iterable[str], release: Release, reading: Reading, settings: Settings, now: datetime
) -> frozenset[str]:
    """Return the channels of watches that hear of something for the first time."""
    if reading.silent or (is_too_old(release, settings.alerts, now) and not reading.asked):
        return frozenset()
    return frozenset(channels_of(settings.watches, watches, settings.channels))


def _watches(settings: Settings, matched: Iterable[str], kind: EventType, known: Known | None) -> tuple[str, ...]:
    """Return the watches an event names: those that match and ask, and those that the story's alerts named."""
    named = asking(settings.watches, matched, kind)
    recalled = sorted(known.watches & settings.watches.keys() - set(named)) if known else ()
    return (*named, *recalled)


def _channels(settings: Settings, matched: Iterable[str], kind: EventType, known: Known) -> frozenset[str]:
    """Return the channels of the watches that ask, and those that were alerted of the story."""
    fresh = channels_of(settings.watches, asking(settings.watches, matched, kind), settings.channels)
    return frozenset(fresh | (known.channels & settings.channels.keys()))


def _either(settings: Settings, before: Release, after: Release) -> tuple[str, ...]:
    """Return the watches that match either state: one that drops the watched word is told of all the same."""
    found = [
        *matching_watches(settings.watches, after, after.source),
        *matching_watches(settings.watches, before, before.source),
    ]
    return tuple(dict.fromkeys(found))


def _replaced(release: Release) -> Replaced:
    return Replaced(
        id=_id(release),
        url=release.url,
        source=release.source,
        headline=release.headline,
        published_at=release.published_at,
    )


def _differs_at_home(release: Release, of: Known) -> bool:
    """Return whether a source sent its own release again, under another URL and with other content.

    Elsewhere small differences are a syndicator's; at home they are a silent correction, and must not stay silent.
    """
    before = of.release
    at_home = release.source == before.source and (release.notice is None or release.notice.kind != "repeat")
    return at_home and bool(changes(before, release)) and not only_noise(before, release)


def _candidate(known: Known) -> Candidate:
    return Candidate(release=known.release, story=known.story, replaces=known.replaces, first=known.first)


def _id(release: Release) -> str:
    if release.id is None:
        raise ValueError("a release without an id cannot be decided on")
    return release.id
