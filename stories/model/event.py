"""Events: what happened to a story or a source, and their JSON as the contract fixes it (section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from stories.model.release import Change, Release, release_payload
from stories.text.correction_claims import CorrectionClaim, checked_claims

ReleaseEventType = Literal[
    "release.new",
    "release.corrected",
    "release.updated",
    "release.revised",
    "release.withdrawn",
    "release.syndicated",
    "release.linked",
]
MonitorEventType = Literal[
    "source.gap", "source.dead", "source.recovered", "channel.off", "redis.recovered", "monitor.blind"
]
"""Events of the monitor itself; a watch subscribes to all of them by ``events = ["source"]``."""
Relation = Literal["copy", "repeat", "translation"]
EventType = Literal[ReleaseEventType, MonitorEventType]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The release that a notice refers to."""

    id: str
    url: str | None
    source: str | None
    headline: str
    published_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedCopy:
    """A copy or translation that still shows the text from before a notice."""

    id: str
    url: str | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRef:
    """The story of an event, with its present number of releases."""

    id: str
    releases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a story or a source."""

    id: str
    """``evt_…``; derived from what happened, so an event that is found again after a data loss gets the same id."""
    type: EventType
    timestamp: str
    """ISO 8601 in UTC with milliseconds."""
    watches: tuple[str, ...] = ()
    story: StoryRef | None = None
    release: Release | None = None
    replaces: Replaced | None = None
    changes: tuple[Change, ...] = ()
    outdated: tuple[OutdatedCopy, ...] = ()
    """Known copies and translations that still show the old text."""
    relation: Relation | None = None
    """For ``release.syndicated``: the relation of the release to its original."""
    follows: str | None = None
    """For ``release.linked``: the id of the notice's event, sent while its original was unknown."""
    source: str | None = None
    """For ``source.…`` events."""
    channel: str | None = None
    """For ``channel.…`` events."""
    detail: str | None = None
    """An explanation for people: the reason of a failure, how a withdrawal was detected, which page differs."""
    about: Mapping[str, str | None] = field(default_factory=dict)
    """Further keys of ``data``: the listing of a gap, with the times ``from`` and ``to``."""


def event_payload(event: Event) -> dict[str, Any]:
    """Return the event as the contract shows it (section 4)."""
    data: dict[str, Any] = {"watches": list(event.watches)}
    if event.release is not None:
        data["story"] = msgspec.to_builtins(event.story)
        data["release"] = release_payload(event.release)
        data["replaces"] = msgspec.to_builtins(event.replaces) if event.replaces else None
        data["changes"] = [change_payload(change) for change in event.changes]
        data["claims"] = [claim_payload(claim) for claim in event_claims(event)]
        data["outdated"] = msgspec.to_builtins(event.outdated)
        data["relation"] = event.relation
        data["follows"] = event.follows
    if event.source is not None:
        data["source"] = event.source
    if event.channel is not None:
        data["channel"] = event.channel
    if event.detail is not None:
        data["detail"] = event.detail
    data |= {name: value for name, value in event.about.items() if name not in data}
    return {"type": event.type, "id": event.id, "timestamp": event.timestamp, "data": data}


def event_claims(event: Event) -> tuple[CorrectionClaim, ...]:
    """Return the claims of the release's notice, each checked against the event's changes."""
    notice = event.release.notice if event.release else None
    if notice is None:
        return ()
    known = event.replaces is not None and event.type != "release.withdrawn"
    sides = [(change.before, change.after) for change in event.changes] if known else None
    return checked_claims(notice.statement, sides)


def claim_payload(claim: CorrectionClaim) -> dict[str, str | None]:
    """Return one claim as the contract shows it."""
    return {"wrong": claim.wrong, "right": claim.right, "state": claim.state}


def change_payload(change: Change) -> dict[str, Any]:
    """Return one change as the contract shows it; ``paragraph`` only where it is set."""
    payload: dict[str, Any] = {"field": change.field}
    if change.paragraph is not None:
        payload["paragraph"] = change.paragraph
    return payload | {"before": change.before, "after": change.after}


def event_json(event: Event) -> bytes:
    """Return the event as JSON bytes: what all interfaces show and webhooks sign."""
    return msgspec.json.encode(event_payload(event))
