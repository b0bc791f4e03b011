"""Several events as one message for people: by watch, each story once, in its latest state. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.message import Message, compose, mend

WATCHES_NAMED = 5


def compose_digest(events: Sequence[Mapping[str, Any]]) -> Message:
    """Return one message of events in their order; a single event is shown as it would be alone.

    A correction that comes before its original's digest went takes its place there.
    """
    latest = _latest_of_each_story(events)
    if len(latest) == 1:
        return compose(latest[0])
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for event in latest:
        watches = (event.get("data") or {}).get("watches") or ()
        groups.setdefault(", ".join(mend(watch, 80) for watch in watches) or "(no watch)", []).append(event)
    named = [f"{watch} ({len(group)})" for watch, group in list(groups.items())[:WATCHES_NAMED]]
    more = ", …" if len(groups) > WATCHES_NAMED else ""
    return Message(
        title=f"{len(latest)} alerts: {', '.join(named)}{more}",
        lines=tuple(line for watch, group in groups.items() for line in _group(watch, group)),
    )


def _latest_of_each_story(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the last event of each story, at the place of its first; events of no story all stay."""
    found: dict[Any, Mapping[str, Any]] = {}
    for place, event in enumerate(events):
        story = ((event.get("data") or {}).get("story") or {}).get("id")
        found[story or place] = event
    return list(found.values())


def _group(watch: str, events: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["", f"{watch}:"]
    for event in events:
        message = compose(event)
        lines.append(f"• {message.title}")
        lines.extend(f"  {line}" for line in message.lines)
    return lines
