"""Decides what to store and to report when the page of a known release disappears or is back; pure.

Pipeline steps 8 to 10 for pages that are read again.
"""

from __future__ import annotations

from datetime import datetime

from config.settings import Settings
from pipelines.audience import Audience
from pipelines.revisit_schedule import next_revisit
from stories.model.event import StoryRef
from stories.model.release import Release
from stories.model.timestamps import from_milliseconds, timestamp
from stories.store.releases import Decision, KnownRelease, Notification


def withdraw(known: KnownRelease, reason: str, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a release whose page is confirmed gone. ``reason``: how, in words for users."""
    audience = Audience(settings=settings, now=now)
    release = known.release
    matched = audience.matching(release)
    channels = audience.subscribed_channels(matched, "release.withdrawn", release)
    channels |= audience.alerted_channels("release.withdrawn", known)
    # Alerts go only for releases that are recent or were alerted: wires without an archive delete old pages every day.
    # A notice that withdrew its release needs no second withdrawal when its own page disappears.
    notification = audience.notification(
        "release.withdrawn",
        release,
        StoryRef(id=known.story, releases=known.releases),
        id_parts=("gone", str(known.at)) if known.verdict == "back" else ("gone",),
        watches=audience.event_watches(matched, "release.withdrawn", known),
        channels=frozenset() if _is_withdrawal(release) else channels,
        due=audience.due_at(release),
        replaces=release,
        detail=reason,
    )
    return _decision(known, notification, "withdrawn", reason, settings, now)


def restore(known: KnownRelease, settings: Settings, now: datetime) -> Decision:
    """Return the decision for a release that was reported as withdrawn and whose page shows the same text again."""
    audience = Audience(settings=settings, now=now)
    release = known.release
    alerted = frozenset(known.channels & settings.channels.keys())
    notification = audience.notification(
        "release.revised",
        release,
        StoryRef(id=known.story, releases=known.releases),
        id_parts=("back", str(known.at)),
        watches=audience.event_watches(audience.matching(release), "release.revised", known),
        channels=frozenset() if _is_withdrawal(release) else alerted,
        due=audience.due_at(release),
        replaces=release,
        detail=restoration_detail(known),
    )
    return _decision(known, notification, "back", restoration_detail(known), settings, now)


def restoration_detail(known: KnownRelease) -> str:
    """Return the sentence that revokes a withdrawal, for users."""
    return f"back again; it was reported as withdrawn at {timestamp(from_milliseconds(known.at))}"


def _decision(
    known: KnownRelease, notification: Notification, verdict: str, why: str, settings: Settings, now: datetime
) -> Decision:
    release = known.release
    return Decision.of(
        release,
        story=known.story,
        verdict=verdict,
        why=why,
        notifications=[notification],
        revisit=next_revisit(release, settings.polling.ladder, now),
    )


def _is_withdrawal(release: Release) -> bool:
    return release.notice is not None and release.notice.kind == "withdrawal"
