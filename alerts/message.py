"""An event in words, for people: what happened, to which release, and what is different now. Pure."""

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
HEADLINE_KEPT = 300  # characters; the longest headline among 10,000 real ones is shorter
LEAD_KEPT = 400
CHANGES_SHOWN = 8
SIDE_KEPT = 160  # of each side of a change: enough to see the number that moved
CLAIM_KEPT = 60
CLAIMED = {
    "confirmed": "as the change below shows",
    "not found": "no change shows it",
    "unclear": "the changes do not tell",
}
FOLLOW_UP = "The release that this notice is about was found; the notice itself was alerted earlier."
COPIES_SHOWN = 3
CONTEXT_KEPT = 40  # of what stays the same before it

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
    """Plain text without control characters, the most important first; what is cut off at the end is missed least."""

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
    """Return an event's JSON as it was kept."""
    payload: dict[str, Any] = msgspec.json.decode(event, type=dict[str, Any])
    return payload


def mend(text: Any, limit: int) -> str:
    """Return text as one line that is safe to print and to send: no control or direction character, cut with ``…``.

    A headline that cannot be sent as it is gets mended, never dropped.
    """
    kept = (
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in str(text or "").encode("utf-8", "replace").decode()
        if unicodedata.category(character) not in ("Cf", "Cs", "Co") or character in "\u200c\u200d\ufe0f"
    )
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def compose(event: Mapping[str, Any]) -> Message:
    """Return what a person wants to read of an event (the contract's JSON, decoded)."""
    data = event.get("data") or {}
    kind = KINDS.get(str(event.get("type")), mend(event.get("type"), 40).upper() or "ALERT")
    release = data.get("release")
    if release is None:
        return _of_the_monitor("MONITOR READS AGAIN" if data.get("state") == "over" else kind, data)
    headline = mend(release.get("headline"), HEADLINE_KEPT) or "(no headline)"
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
        mend(data.get("detail"), LEAD_KEPT),
        *_changes(data.get("changes") or ()),
        *_outdated(data.get("outdated") or ()),
    ]
    if event.get("type") in ("release.new", "release.syndicated"):
        lines.append(mend(release.get("subheadline"), HEADLINE_KEPT))
        lines.append(mend(next(iter(release.get("body") or ()), ""), LEAD_KEPT))
    marked = f"{kind} [EMBARGO]" if embargo else kind
    return Message(title=f"{marked}: {headline}", lines=tuple(line for line in lines if line), link=link)


def _of_the_monitor(kind: str, data: Mapping[str, Any]) -> Message:
    subject, detail = mend(data.get("source") or data.get("channel"), 80), mend(data.get("detail"), LEAD_KEPT)
    title = f"{kind}: {subject}" if subject else kind
    return Message(title=title, lines=(detail,) if detail else ("",))


def _who(release: Mapping[str, Any]) -> str:
    wire, source = mend(release.get("wire"), 80), mend(release.get("source"), 80)
    parts = [mend(release.get("issuer"), 120), f"{wire} ({source})" if wire and source else wire or source]
    parts.append(_when(mend(release.get("published_at"), 40)))
    return " · ".join(part for part in parts if part)


def _when(text: str) -> str:
    """Return ``2026-02-11 09:00 UTC+08:00``, or what was given when it is a bare date or no time."""
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
    marker, statement = mend(notice.get("marker"), 120), mend(notice.get("statement"), LEAD_KEPT)
    return f"{marker}: {statement}" if marker and statement else statement or marker


def _claims(notice: Mapping[str, Any] | None, data: Mapping[str, Any]) -> list[str]:
    """Return what the notice says it puts right, and whether what changed shows it."""
    if not notice or not data.get("replaces"):
        return []
    sides = [(change.get("before"), change.get("after")) for change in data.get("changes") or ()]
    found = checked_claims(notice.get("statement"), sides)
    return [f"It corrects: {_corrected(one)} ({CLAIMED[one.state]})" for one in found]


def _corrected(claim: CorrectionClaim) -> str:
    wrong, right = mend(claim.wrong, CLAIM_KEPT), mend(claim.right, CLAIM_KEPT)
    return f"“{wrong}” → “{right}”" if wrong and right else f"“{right}” is right" if right else f"“{wrong}” was wrong"


def _outdated(copies: Any) -> list[str]:
    """Return which copies show the old text."""
    if not copies:
        return []
    named = [f"{mend(copy.get('source'), 80)} {_link(copy.get('url')) or ''}".strip() for copy in copies[:COPIES_SHOWN]]
    more = f" and {len(copies) - COPIES_SHOWN} more" if len(copies) > COPIES_SHOWN else ""
    many = f"{len(copies)} known copies still show" if len(copies) > 1 else "1 known copy still shows"
    return [f"{many} the old text: {', '.join(named)}{more}"]


def _replaced(replaces: Mapping[str, Any] | None, release: Mapping[str, Any], headline: str) -> str | None:
    # A page that was changed, corrected or taken away in place is about itself, and its address stands above.
    if not replaces or replaces.get("id") == release.get("id"):
        return None
    before, link = mend(replaces.get("headline"), HEADLINE_KEPT), _link(replaces.get("url"))
    named = "the release of the same headline" if before == headline else f"“{before}”"
    return f"About: {named}" + (f" {link}" if link else "")


def _changes(changes: Any) -> list[str]:
    lines = [_change(change) for change in changes[:CHANGES_SHOWN]]
    if len(changes) > CHANGES_SHOWN:
        lines.append(f"… and {len(changes) - CHANGES_SHOWN} more changes")
    return lines


def _change(change: Mapping[str, Any]) -> str:
    name = str(change.get("field"))
    label = _FIELDS.get(name, mend(name, 40).capitalize())
    if change.get("paragraph") is not None:
        label = f"Paragraph {change['paragraph']}" if name == "body" else f"{label} {change['paragraph']}"
    before, after = mend(change.get("before"), 20_000), mend(change.get("after"), 20_000)
    if not before:
        return f"{label}: added “{mend(after, SIDE_KEPT)}”"
    if not after:
        return f"{label}: removed “{mend(before, SIDE_KEPT)}”"
    before, after = around_the_difference(before, after, SIDE_KEPT)
    return f"{label}: “{before}” → “{after}”"


def around_the_difference(before: str, after: str, kept: int) -> tuple[str, str]:
    """Return both sides cut to where they differ, with some words of what stands beside each difference."""
    if max(len(before), len(after)) <= kept:
        return before, after
    pieces = shortened(marked_changes(before, after), CONTEXT_KEPT)
    was, became = (
        "".join(piece.text for piece in pieces if piece.state in ("kept", state)) for state in ("removed", "added")
    )
    return mend(was, kept), mend(became, kept)
