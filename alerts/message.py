"""Composes the alert text of an event: what changed, in which release, seen where and when. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec

from alerts.message_context import MessageContext
from stories.text.correction_claims import CorrectionClaim, checked_claims
from stories.text.scripts import has_unspaced_or_hangul
from stories.text.word_diff import marked_changes, shortened

MAX_HEADLINE_CHARACTERS = 300  # the longest headline among 10,000 real ones is shorter
MAX_LEAD_CHARACTERS = 400
MAX_CHANGES_SHOWN = 8
MAX_FIGURES_SHOWN = 5
MAX_SIDE_CHARACTERS = 160  # of each side of a change: enough to see a changed number
MAX_CLAIM_CHARACTERS = 60
MAX_COPIES_SHOWN = 3
CONTEXT_CHARACTERS = 40  # of unchanged text around a change
UNSPACED_CONTEXT_CHARACTERS = 16  # the same in Chinese, Japanese and Thai
_FIELDS = {"about": "about_field", "embargoed_until": "embargoed_until_field"}
_PLAIN = MessageContext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Plain text without control characters, the most important part first, so it can be truncated."""

    title: str
    """One line: what happened and the headline."""
    lines: tuple[str, ...]
    link: str | None = None

    @property
    def text(self) -> str:
        """The lines under the title."""
        return "\n".join(self.lines)

    @property
    def short(self) -> str:
        """All in one line."""
        return f"{self.title} {self.link}" if self.link else self.title


def read_event(event: bytes) -> Mapping[str, Any]:
    """Return the decoded JSON of an event."""
    payload: dict[str, Any] = msgspec.json.decode(event, type=dict[str, Any])
    return payload


def mend(text: Any, limit: int) -> str:
    """Return text as one line that is safe to print and to send.

    Control and direction characters are removed, so a headline is repaired and never dropped.

    Args:
        text: any text, or None.
        limit: maximum number of characters; a longer line ends in ``…``.
    """
    kept = (
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in str(text or "").encode("utf-8", "replace").decode()
        if unicodedata.category(character) not in ("Cf", "Cs", "Co") or character in "\u200c\u200d\ufe0f"
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def compose(event: Mapping[str, Any], context: MessageContext = _PLAIN) -> Message:
    """Return the alert text of an event (decoded JSON of the contract)."""
    data = event.get("data") or {}
    release = data.get("release")
    if release is None:
        return _of_the_monitor(_kind(event, context), data)
    headline = mend(release.get("headline"), MAX_HEADLINE_CHARACTERS) or context.label("no_headline")
    embargo = mend(release.get("embargoed_until"), 40)
    link = _link(release.get("url"))
    lines = [
        *_figures(data.get("changes") or (), context),
        *_changes(data.get("changes") or (), context),
        _notice(release.get("notice"), context),
        *_claims(release.get("notice"), data, context),
        _replaced(data.get("replaces"), release, headline, context),
        context.label("follow_up") if event.get("type") == "release.linked" else None,
        mend(data.get("detail"), MAX_LEAD_CHARACTERS),
        *_outdated(data.get("outdated") or (), context),
        context.label("embargoed_until", time=context.time(embargo)) if embargo else None,
        _who(release, context),
        _when(release, context),
        link,
        _watches(data.get("watches") or (), context),
        _story(data.get("story") or {}, context),
    ]
    if event.get("type") in ("release.new", "release.syndicated"):
        lines.append(mend(release.get("subheadline"), MAX_HEADLINE_CHARACTERS))
        lines.append(mend(next(iter(release.get("body") or ()), ""), MAX_LEAD_CHARACTERS))
    kind = _kind(event, context)
    marked = f"{kind} [{context.label('embargo')}]" if embargo else kind
    title = context.label("line", label=marked, text=headline)
    return Message(title=title, lines=tuple(line for line in lines if line), link=link)


def _kind(event: Mapping[str, Any], context: MessageContext) -> str:
    name = str(event.get("type"))
    if name == "monitor.blind" and (event.get("data") or {}).get("state") == "over":
        name = "monitor.reads"
    return context.label(name) if context.has_label(name) else mend(event.get("type"), 40).upper() or "ALERT"


def _of_the_monitor(kind: str, data: Mapping[str, Any]) -> Message:
    subject, detail = mend(data.get("source") or data.get("channel"), 80), mend(data.get("detail"), MAX_LEAD_CHARACTERS)
    title = f"{kind}: {subject}" if subject else kind
    return Message(title=title, lines=(detail,) if detail else ("",))


def _who(release: Mapping[str, Any], context: MessageContext) -> str:
    wire, name = mend(release.get("wire"), 80), mend(release.get("source"), 80)
    source = mend(context.sources.get(name) or name, 80)
    carrier = f"{wire} ({source})" if wire and source and wire != source else wire or source
    return " · ".join(part for part in (mend(release.get("issuer"), 120), carrier) if part)


def _when(release: Mapping[str, Any], context: MessageContext) -> str:
    printed, seen = (mend(release.get(name), 40) for name in ("published_at", "first_seen_at"))
    parts = [
        context.label("published", time=context.time(printed)) if printed else "",
        context.label("seen", time=context.time(seen)) if seen else "",
    ]
    return " · ".join(part for part in parts if part)


def _watches(names: Any, context: MessageContext) -> str | None:
    titles = [mend(context.watches.get(str(name)) or name, 120) for name in names]
    return context.label("watch", watches=context.label("joined").join(titles)) if titles else None


def _story(story: Mapping[str, Any], context: MessageContext) -> str | None:
    name = mend(story.get("id"), 60)
    return context.label("story", url=f"{context.pages}/stories/{name}") if context.pages and name else None


def _link(url: Any) -> str | None:
    text = mend(url, 2_000)
    return text if text.startswith(("https://", "http://")) else None


def _notice(notice: Mapping[str, Any] | None, context: MessageContext) -> str | None:
    if not notice:
        return None
    marker, statement = mend(notice.get("marker"), 120), mend(notice.get("statement"), MAX_LEAD_CHARACTERS)
    return context.label("line", label=marker, text=statement) if marker and statement else statement or marker


def _claims(notice: Mapping[str, Any] | None, data: Mapping[str, Any], context: MessageContext) -> list[str]:
    """Return the claims of the notice, each with whether the changes confirm it."""
    if not notice or not data.get("replaces"):
        return []
    sides = [(change.get("before"), change.get("after")) for change in data.get("changes") or ()]
    claims = checked_claims(notice.get("statement"), sides)
    return [
        context.label("correction", change=_claim(claim, context), state=context.label(claim.state.replace(" ", "_")))
        for claim in claims
    ]


def _claim(claim: CorrectionClaim, context: MessageContext) -> str:
    wrong, right = mend(claim.wrong, MAX_CLAIM_CHARACTERS), mend(claim.right, MAX_CLAIM_CHARACTERS)
    if wrong and right:
        return context.label("replaced", before=wrong, after=right)
    return context.label("is_right", text=right) if right else context.label("was_wrong", text=wrong)


def _outdated(copies: Any, context: MessageContext) -> list[str]:
    """Return a line about the copies that still show the old text."""
    if not copies:
        return []
    named = context.label("joined").join(
        f"{_source(copy.get('source'), context)} {_link(copy.get('url')) or ''}".strip()
        for copy in copies[:MAX_COPIES_SHOWN]
    )
    if len(copies) > MAX_COPIES_SHOWN:
        named = context.label("and_more", list=named, count=len(copies) - MAX_COPIES_SHOWN)
    return [context.label("outdated_many" if len(copies) > 1 else "outdated_one", count=len(copies), copies=named)]


def _source(name: Any, context: MessageContext) -> str:
    return mend(context.sources.get(str(name)) or name, 80)


def _replaced(
    replaces: Mapping[str, Any] | None, release: Mapping[str, Any], headline: str, context: MessageContext
) -> str | None:
    # A notice on the same page is about that page, whose address is in the message anyway.
    if not replaces or replaces.get("id") == release.get("id"):
        return None
    before, link = mend(replaces.get("headline"), MAX_HEADLINE_CHARACTERS), _link(replaces.get("url"))
    named = context.label("same_headline") if before == headline else context.label("quoted", text=before)
    return context.label("about", release=f"{named} {link}" if link else named)


def _figures(changes: Any, context: MessageContext) -> list[str]:
    """Return the figures, dates and names that changed, each with the places where it changed."""
    places: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        for before, after in _changed_facts(change):
            found = places.setdefault((before, after), [])
            if (label := _place(change, context)) not in found:
                found.append(label)
    return [
        context.label(
            "figure",
            change=context.label("replaced", before=before, after=after),
            place=context.label("joined").join(found),
        )
        for (before, after), found in list(places.items())[:MAX_FIGURES_SHOWN]
    ]


def _changed_facts(change: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    before, after = mend(change.get("before"), 20_000), mend(change.get("after"), 20_000)
    if not before or not after:
        return
    for old, new in pairwise(marked_changes(before, after)):
        if (old.state, new.state) == ("removed", "added") and "text" not in (old.kind, new.kind):
            was, became = mend(old.text, MAX_CLAIM_CHARACTERS), mend(new.text, MAX_CLAIM_CHARACTERS)
            if (was, became) != (before, after):
                yield was, became


def _place(change: Mapping[str, Any], context: MessageContext) -> str:
    name = str(change.get("field"))
    label_name = _FIELDS.get(name, name)
    label = context.label(label_name) if context.has_label(label_name) else mend(name, 40).capitalize()
    return f"{label} {change['paragraph']}" if change.get("paragraph") is not None else label


def _changes(changes: Any, context: MessageContext) -> list[str]:
    lines = [_change(change, context) for change in changes[:MAX_CHANGES_SHOWN]]
    if len(changes) > MAX_CHANGES_SHOWN:
        lines.append(context.label("more_changes", count=len(changes) - MAX_CHANGES_SHOWN))
    return lines


def _change(change: Mapping[str, Any], context: MessageContext) -> str:
    label = _place(change, context)
    before, after = mend(change.get("before"), 20_000), mend(change.get("after"), 20_000)
    if not before:
        text = context.label("added", text=mend(after, MAX_SIDE_CHARACTERS))
    elif not after:
        text = context.label("removed", text=mend(before, MAX_SIDE_CHARACTERS))
    else:
        width = UNSPACED_CONTEXT_CHARACTERS if has_unspaced_or_hangul(after) else CONTEXT_CHARACTERS
        before, after = _cut_to_difference(before, after, width, MAX_SIDE_CHARACTERS)
        text = context.label("replaced", before=before, after=after)
    return context.label("line", label=label, text=text)


def around_the_difference(before: str, after: str, kept: int) -> tuple[str, str]:
    """Return both sides shortened to their differences, each with some context, if one is longer than ``kept``."""
    if max(len(before), len(after)) <= kept:
        return before, after
    return _cut_to_difference(before, after, CONTEXT_CHARACTERS, kept)


def _cut_to_difference(before: str, after: str, width: int, kept: int) -> tuple[str, str]:
    pieces = shortened(marked_changes(before, after), width)
    was, became = (
        "".join(piece.text for piece in pieces if piece.state in ("kept", state)) for state in ("removed", "added")
    )
    return mend(was, kept), mend(became, kept)
