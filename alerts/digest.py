"""Several events as one message for people: by watch, each story once, in its latest state. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alerts.message import Message, compose, mend

WATCHES_NAMED = 5
WEIGHTS = {
    "release.withdrawn": 3,
    "release.corrected": 2,
    "release.linked": 2,
    "release.updated": 1,
    "release.revised": 1,
}
"""How much it matters that a reader hears of an event; all others 0."""


def compose_digest(events: Sequence[Mapping[str, Any]]) -> Message:
    """Return one message of events in their order; a single event is shown as it would be alone.

    A correction that comes before its original's digest went takes its place there, and shows before and after.
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
    """Return what there is to know of each story, at the place of its first event; events of no story all stay.

    An event replaces what came before it of its story, but for what weighs more: no cosmetic change and no copy hides
    that a release was corrected or withdrawn.
    """
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for place, event in enumerate(events):
        story = ((event.get("data") or {}).get("story") or {}).get("id")
        before = found.get(story or place, [])
        found[story or place] = [*(one for one in before if _weight(one) > _weight(event)), event]
    return [event for events_of_it in found.values() for event in events_of_it]


def _weight(event: Mapping[str, Any]) -> int:
    return WEIGHTS.get(str(event.get("type")), 0)


def _group(watch: str, events: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["", f"{watch}:"]
    for event in events:
        message = compose(event)
        lines.append(f"• {message.title}")
        lines.extend(f"  {line}" for line in message.lines)
    return lines
