"""Composes several events into one message for people: by watch, each story once, in its latest state. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.message import Message, compose, mend

MAX_WATCHES_NAMED = 5
WEIGHTS = {
    "release.withdrawn": 3,
    "release.corrected": 2,
    "release.linked": 2,
    "release.updated": 1,
    "release.revised": 1,
}
"""How important an event is for the reader; all other events have 0."""


def compose_digest(events: Sequence[Mapping[str, Any]]) -> Message:
    """Return one message for events, in their order. A single event is shown as in a message of its own.

    A correction that arrives before the digest of its original is sent replaces the original, with before and after.
    """
    latest = _latest_of_each_story(events)
    if len(latest) == 1:
        return compose(latest[0])
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for event in latest:
        watches = (event.get("data") or {}).get("watches") or ()
        groups.setdefault(", ".join(mend(watch, 80) for watch in watches) or "(no watch)", []).append(event)
    named = [f"{watch} ({len(group)})" for watch, group in list(groups.items())[:MAX_WATCHES_NAMED]]
    more = ", …" if len(groups) > MAX_WATCHES_NAMED else ""
    return Message(
        title=f"{len(latest)} alerts: {', '.join(named)}{more}",
        lines=tuple(line for watch, group in groups.items() for line in _group(watch, group)),
    )


def _latest_of_each_story(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the current events of each story, at the position of its first event. Events without a story all stay.

    An event replaces earlier events of its story unless they weigh more. So a cosmetic change or a copy never hides
    that a release was corrected or withdrawn.
    """
    stories: dict[Any, list[Mapping[str, Any]]] = {}
    for position, event in enumerate(events):
        story = ((event.get("data") or {}).get("story") or {}).get("id")
        earlier = stories.get(story or position, [])
        heavier = [other for other in earlier if _weight(other) > _weight(event)]
        stories[story or position] = [*heavier, event]
    return [event for events_of_story in stories.values() for event in events_of_story]


def _weight(event: Mapping[str, Any]) -> int:
    return WEIGHTS.get(str(event.get("type")), 0)


def _group(watch: str, events: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["", f"{watch}:"]
    for event in events:
        message = compose(event)
        lines.append(f"• {message.title}")
        lines.extend(f"  {line}" for line in message.lines)
    return lines
