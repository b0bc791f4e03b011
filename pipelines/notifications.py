"""Stop 11, keep: a decision in the form in which it is kept and told; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from stories.model.event import Event, Replaced
from stories.model.release import Release
from stories.store.releases import Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """An event with the channels that hear of it."""

    event: Event
    channels: frozenset[str]
    due: datetime


def decision_of(release: Release, story: str, why: str, told: Iterable[Notification], word: str) -> Decision:
    """Return what is to be kept of a release, and told. ``word``: the verdict in a word."""
    told = list(told)
    return Decision(
        release=release,
        story=story,
        verdict=word,
        why=why,
        events=tuple(one.event for one in told),
        alerts={one.event.id: dict.fromkeys(sorted(one.channels), one.due) for one in told},
    )


def replaced(release: Release) -> Replaced:
    """Return how an event names the release that it is about."""
    return Replaced(
        id=id_of(release),
        url=release.url,
        source=release.source,
        headline=release.headline,
        published_at=release.published_at,
    )


def id_of(release: Release) -> str:
    """Return a release's id; raises ``ValueError`` where it has none yet."""
    if release.id is None:
        raise ValueError("a release without an id cannot be decided on")
    return release.id
