"""Stops 8 to 10 for a page that went, or came back: what is to be kept and told; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from config.settings import Settings
from pipelines.alerting import Audience
from pipelines.keeping import Told, id_of, keep_of, replaced
from pipelines.revisits import next_revisit
from stories.event import Event, StoryRef
from stories.ids import event_id
from stories.keeping import Keep, Known
from stories.moments import timestamp
from stories.release import Release


def withdraw(known: Known, how: str, settings: Settings, now: datetime) -> Keep:
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
    told = Told(event=event, channels=frozenset() if _says_withdrawn(release) else channels, due=who.due(release))
    keep = keep_of(release, known.story, how, [told], "withdrawn")
    return replace(keep, revisit=next_revisit(release, settings.polling.ladder, now))


def back(own: Known, settings: Settings, now: datetime) -> Keep:
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
        detail=back_since(own),
    )
    heard = frozenset() if _says_withdrawn(release) else frozenset(own.channels & settings.channels.keys())
    keep = keep_of(
        release, own.story, back_since(own), [Told(event=event, channels=heard, due=who.due(release))], "back"
    )
    return replace(keep, revisit=next_revisit(release, settings.polling.ladder, now))


def _says_withdrawn(release: Release) -> bool:
    return release.notice is not None and release.notice.kind == "withdrawal"


def back_since(own: Known) -> str:
    """Return the sentence that takes a withdrawal back."""
    return f"back again; it was told as withdrawn at {timestamp(datetime.fromtimestamp(own.at / 1000, UTC))}"
