"""Composes the alert text of an event: what happened, to which release, and what changed. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from stories.text.correction_claims import CorrectionClaim, checked_claims
from stories.text.diff import marked_changes, shortened

KINDS = {
    "release.new": "NEW",
    "release.corrected": "CORRECTED",
    "release.updated": "UPDATED",
    "release.revised": "REVISED",
    "release.withdrawn": "WITHDRAWN",
    "release.syndicated": "SYNDICATED",
    "release.linked": "FOLLOW-UP",
    "source.gap": "SOURCE MAY HAVE MISSED SOMETHING",
    "source.dead": "SOURCE DOES NOT ANSWER",
    "source.recovered": "SOURCE IS BACK",
    "channel.off": "CHANNEL IS OFF",
    "redis.recovered": "REDIS IS BACK",
    "monitor.blind": "MONITOR IS BLIND",
    "alert.test": "TEST",
}
MAX_HEADLINE_CHARACTERS = 300  # the longest headline among 10,000 real ones is shorter
MAX_LEAD_CHARACTERS = 400
MAX_CHANGES_SHOWN = 8
MAX_SIDE_CHARACTERS = 160  # of each side of a change: enough to see a changed number
MAX_CLAIM_CHARACTERS = 60
CLAIM_STATES = {
    "confirmed": "as the change below shows",
    "not found": "no change shows it",
    "unclear": "the changes do not show whether",
}
FOLLOW_UP = "The release that this notice is about was found; the notice itself was alerted earlier."
MAX_COPIES_SHOWN = 3
CONTEXT_CHARACTERS = 40  # of unchanged text around a change

_FIELDS = {
    "headline": "Headline",
    "subheadline": "Subheadline",
    "published_at": "Published",
    "embargoed_until": "Embargo",
    "about": "About",
    "disclaimer": "Disclaimer",
    "contacts": "Contacts",
    "issuer": "Issuer",
    "tags": "Tags",
}


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


def compose(event: Mapping[str, Any]) -> Message:
    """Return the alert text of an event (decoded JSON of the contract)."""
    data = event.get("data") or {}
    kind = KINDS.get(str(event.get("type")), mend(event.get("type"), 40).upper() or "ALERT")
    release = data.get("release")
    if release is None:
        return _of_the_monitor("MONITOR READS AGAIN" if data.get("state") == "over" else kind, data)
    headline = mend(release.get("headline"), MAX_HEADLINE_CHARACTERS) or "(no headline)"
    embargo = mend(release.get("embargoed_until"), 40)
    link = _link(release.get("url"))
    lines = [
        _who(release),
        link,
        f"Embargoed until {_when(embargo)}" if embargo else None,
        _notice(release.get("notice")),
        *_claims(release.get("notice"), data),
        _replaced(data.get("replaces"), release, headline),
        FOLLOW_UP if event.get("type") == "release.linked" else None,
        mend(data.get("detail"), MAX_LEAD_CHARACTERS),
        *_changes(data.get("changes") or ()),
        *_outdated(data.get("outdated") or ()),
    ]
    if event.get("type") in ("release.new", "release.syndicated"):
        lines.append(mend(release.get("subheadline"), MAX_HEADLINE_CHARACTERS))
        lines.append(mend(next(iter(release.get("body") or ()), ""), MAX_LEAD_CHARACTERS))
    marked = f"{kind} [EMBARGO]" if embargo else kind
    return Message(title=f"{marked}: {headline}", lines=tuple(line for line in lines if line), link=link)


def _of_the_monitor(kind: str, data: Mapping[str, Any]) -> Message:
    subject, detail = mend(data.get("source") or data.get("channel"), 80), mend(data.get("detail"), MAX_LEAD_CHARACTERS)
    title = f"{kind}: {subject}" if subject else kind
    return Message(title=title, lines=(detail,) if detail else ("",))


def _who(release: Mapping[str, Any]) -> str:
    wire, source = mend(release.get("wire"), 80), mend(release.get("source"), 80)
    parts = [mend(release.get("issuer"), 120), f"{wire} ({source})" if wire and source else wire or source]
    parts.append(_when(mend(release.get("published_at"), 40)))
    return " · ".join(part for part in parts if part)


def _when(text: str) -> str:
    """Return ``2026-02-11 09:00 UTC+08:00``; a date without a time, or any other text, is returned unchanged."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) <= len("2026-02-11") or moment.tzinfo is None:
        return text
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzinfo or ''}"


def _link(url: Any) -> str | None:
    text = mend(url, 2_000)
    return text if text.startswith(("https://", "http://")) else None


def _notice(notice: Mapping[str, Any] | None) -> str | None:
    if not notice:
        return None
    marker, statement = mend(notice.get("marker"), 120), mend(notice.get("statement"), MAX_LEAD_CHARACTERS)
    return f"{marker}: {statement}" if marker and statement else statement or marker


def _claims(notice: Mapping[str, Any] | None, data: Mapping[str, Any]) -> list[str]:
    """Return the claims of the notice, each with whether the changes confirm it."""
    if not notice or not data.get("replaces"):
        return []
    sides = [(change.get("before"), change.get("after")) for change in data.get("changes") or ()]
    claims = checked_claims(notice.get("statement"), sides)
    return [f"It corrects: {_corrected(claim)} ({CLAIM_STATES[claim.state]})" for claim in claims]


def _corrected(claim: CorrectionClaim) -> str:
    wrong, right = mend(claim.wrong, MAX_CLAIM_CHARACTERS), mend(claim.right, MAX_CLAIM_CHARACTERS)
    return f"“{wrong}” → “{right}”" if wrong and right else f"“{right}” is right" if right else f"“{wrong}” was wrong"


def _outdated(copies: Any) -> list[str]:
    """Return a line about the copies that still show the old text."""
    if not copies:
        return []
    named = [
        f"{mend(copy.get('source'), 80)} {_link(copy.get('url')) or ''}".strip() for copy in copies[:MAX_COPIES_SHOWN]
    ]
    more = f" and {len(copies) - MAX_COPIES_SHOWN} more" if len(copies) > MAX_COPIES_SHOWN else ""
    many = f"{len(copies)} known copies still show" if len(copies) > 1 else "1 known copy still shows"
    return [f"{many} the old text: {', '.join(named)}{more}"]


def _replaced(replaces: Mapping[str, Any] | None, release: Mapping[str, Any], headline: str) -> str | None:
    # A notice on the same page is about that page, whose address is already above.
    if not replaces or replaces.get("id") == release.get("id"):
        return None
    before, link = mend(replaces.get("headline"), MAX_HEADLINE_CHARACTERS), _link(replaces.get("url"))
    named = "the release of the same headline" if before == headline else f"“{before}”"
    return f"About: {named}" + (f" {link}" if link else "")


def _changes(changes: Any) -> list[str]:
    lines = [_change(change) for change in changes[:MAX_CHANGES_SHOWN]]
    if len(changes) > MAX_CHANGES_SHOWN:
        lines.append(f"… and {len(changes) - MAX_CHANGES_SHOWN} more changes")
    return lines


def _change(change: Mapping[str, Any]) -> str:
    name = str(change.get("field"))
    label = _FIELDS.get(name, mend(name, 40).capitalize())
    if change.get("paragraph") is not None:
        label = f"Paragraph {change['paragraph']}" if name == "body" else f"{label} {change['paragraph']}"
    before, after = mend(change.get("before"), 20_000), mend(change.get("after"), 20_000)
    if not before:
        return f"{label}: added “{mend(after, MAX_SIDE_CHARACTERS)}”"
    if not after:
        return f"{label}: removed “{mend(before, MAX_SIDE_CHARACTERS)}”"
    before, after = around_the_difference(before, after, MAX_SIDE_CHARACTERS)
    return f"{label}: “{before}” → “{after}”"


def around_the_difference(before: str, after: str, kept: int) -> tuple[str, str]:
    """Return both sides shortened to their differences, each with some context."""
    if max(len(before), len(after)) <= kept:
        return before, after
    pieces = shortened(marked_changes(before, after), CONTEXT_CHARACTERS)
    was, became = (
        "".join(piece.text for piece in pieces if piece.state in ("kept", state)) for state in ("removed", "added")
    )
    return mend(was, kept), mend(became, kept)
