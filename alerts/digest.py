"""Composes several events into messages for people: each story named once, the most important first. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.message import Message, compose, mend
from alerts.message_context import MessageContext

MAX_WATCHES_NAMED = 3
WEIGHTS = {
    "release.withdrawn": 3,
    "release.corrected": 2,
    "release.linked": 2,
    "release.updated": 1,
    "release.revised": 1,
}
"""How important an event is for the reader; all other events have 0."""
_COUNTED = ("withdrawn", "corrected", "updated", "revised", "new")
_PLAIN = MessageContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestEntry:
    """An event that a digest names, with the alerts that it covers."""

    event: Mapping[str, Any]
    message: Message
    alerts: tuple[int, ...]
    """Positions of the alerts: its own, and those of earlier events of the story that it replaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPage:
    """One message of a digest."""

    message: Message
    alerts: tuple[int, ...]
    """Positions of the alerts that it names."""


def digest_entries(events: Sequence[Mapping[str, Any]], context: MessageContext = _PLAIN) -> list[DigestEntry]:
    """Return the current events of each story, withdrawals and corrections first. Events without a story all stay.

    An event replaces earlier events of its story unless they weigh more. So a cosmetic change or a copy never hides
    that a release was corrected or withdrawn, and a correction before the digest of its original replaces it.
    """
    stories: dict[Any, list[tuple[Mapping[str, Any], list[int]]]] = {}
    for position, event in enumerate(events):
        story = ((event.get("data") or {}).get("story") or {}).get("id")
        earlier = stories.get(story or position, [])
        heavier = [(other, alerts) for other, alerts in earlier if _weight(other) > _weight(event)]
        replaced = [alert for other, alerts in earlier if _weight(other) <= _weight(event) for alert in alerts]
        stories[story or position] = [*heavier, (event, [*replaced, position])]
    current = [found for of_story in stories.values() for found in of_story]
    current.sort(key=lambda found: -_weight(found[0]))
    return [
        DigestEntry(event=event, message=compose(event, context), alerts=tuple(alerts)) for event, alerts in current
    ]


def digest_pages(
    entries: Sequence[DigestEntry],
    context: MessageContext = _PLAIN,
    *,
    fits: Callable[[str, Sequence[str]], bool] = lambda title, lines: True,
) -> list[DigestPage]:
    """Return the messages of a digest: on each, one line for each story with its link, then the details.

    ``fits``: whether a service takes a message of this title and these lines. A line that fits no message is cut.
    """
    title = _title(entries, context)
    if len(entries) == 1:
        return [DigestPage(message=entries[0].message, alerts=entries[0].alerts)]
    groups = list(_groups(entries, title, fits))
    pages = []
    for number, group in enumerate(groups, 1):
        counted = title if len(groups) == 1 else f"{title} ({number}/{len(groups)})"
        lines = [_named(entry) for entry in group]
        for entry in group:
            details = ["", entry.message.title, *entry.message.lines]
            if fits(counted, [*lines, *details]):
                lines += details
        alerts = tuple(alert for entry in group for alert in entry.alerts)
        pages.append(DigestPage(message=Message(title=counted, lines=tuple(lines)), alerts=alerts))
    return pages


def _groups(
    entries: Sequence[DigestEntry], title: str, fits: Callable[[str, Sequence[str]], bool]
) -> Iterator[list[DigestEntry]]:
    """Yield the entries of each message."""
    numbered = f"{title} (99/99)"
    group: list[DigestEntry] = []
    for entry in entries:
        if group and not fits(numbered, [_named(named) for named in (*group, entry)]):
            yield group
            group = []
        group.append(entry)
    yield group


def _named(entry: DigestEntry) -> str:
    return f"• {entry.message.short}"


def _title(entries: Sequence[DigestEntry], context: MessageContext) -> str:
    """Return ``HKSTP: 2 corrected, 1 new``."""
    watches = dict.fromkeys(
        mend(context.watches.get(str(watch), str(watch)).partition(" (")[0], 80)
        for entry in entries
        for watch in (entry.event.get("data") or {}).get("watches") or ()
    )
    joined = context.label("joined")
    named = joined.join(list(watches)[:MAX_WATCHES_NAMED]) + ("…" if len(watches) > MAX_WATCHES_NAMED else "")
    kinds = Counter(str(entry.event.get("type")).partition(".")[2] for entry in entries)
    counts = [(kind, kinds[kind]) for kind in _COUNTED if kinds[kind]]
    others = len(entries) - sum(count for _, count in counts)
    words = [context.label("count", count=count, kind=context.label(f"digest_{kind}")) for kind, count in counts]
    if others:
        words.append(context.label("count", count=others, kind=context.label("digest_other")))
    return context.label("line", label=named or context.label("no_watch"), text=joined.join(words))


def _weight(event: Mapping[str, Any]) -> int:
    return WEIGHTS.get(str(event.get("type")), 0)
