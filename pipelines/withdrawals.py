"""Stops 8 to 10 for a page that went, or came back: what is to be kept and told; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from config.settings import Settings
from pipelines.audience import Audience
from pipelines.notifications import Notification, decision_of, id_of, replaced
from pipelines.revisit_schedule import next_revisit
from stories.model.event import Event, StoryRef
from stories.model.ids import event_id
from stories.model.release import Release
from stories.model.timestamps import from_milliseconds, timestamp
from stories.store.releases import Decision, KnownRelease


def withdraw(known: KnownRelease, how: str, settings: Settings, now: datetime) -> Decision:
    """Return what is to be kept when a release's page is confirmed gone."""
    who = Audience(settings=settings, now=now)
    release = known.release
    matched = who.matching(release)
    again = (str(known.at),) if known.verdict == "back" else ()
    event = Event(
        id=event_id("release.withdrawn", id_of(release), release.revision, "gone", *again),
        type="release.withdrawn",
        timestamp=timestamp(now),
        watches=who.named(matched, "release.withdrawn", known),
        story=StoryRef(id=known.story, releases=known.releases),
        release=release,
        replaces=replaced(release),
        detail=how,
    )
    # Nobody is told that a page went which nobody was told of: where a wire keeps no archive, old ones go every day.
    # Nor that a notice went which said that its release is withdrawn: that was told, and no less is true.
    channels = who.fresh(matched, event.type, release) | who.recalled(event.type, known)
    told = Notification(
        event=event, channels=frozenset() if _says_withdrawn(release) else channels, due=who.due_at(release)
    )
    keep = decision_of(release, known.story, how, [told], "withdrawn")
    return replace(keep, revisit=next_revisit(release, settings.polling.ladder, now))


def restore(own: KnownRelease, settings: Settings, now: datetime) -> Decision:
    """Return what is to be kept when a page that was told of as gone is there again, and says what it said."""
    who = Audience(settings=settings, now=now)
    release = own.release
    event = Event(
        id=event_id("release.revised", id_of(release), release.revision, "back", str(own.at)),
        type="release.revised",
        timestamp=timestamp(now),
        watches=who.named(who.matching(release), "release.revised", own),
        story=StoryRef(id=own.story, releases=own.releases),
        release=release,
        replaces=replaced(release),
        detail=restoration_detail(own),
    )
    heard = frozenset() if _says_withdrawn(release) else frozenset(own.channels & settings.channels.keys())
    keep = decision_of(
        release,
        own.story,
        restoration_detail(own),
        [Notification(event=event, channels=heard, due=who.due_at(release))],
        "back",
    )
    return replace(keep, revisit=next_revisit(release, settings.polling.ladder, now))


def _says_withdrawn(release: Release) -> bool:
    return release.notice is not None and release.notice.kind == "withdrawal"


def restoration_detail(own: KnownRelease) -> str:
    """Return the sentence that takes a withdrawal back."""
    return f"back again; it was told as withdrawn at {timestamp(from_milliseconds(own.at))}"
