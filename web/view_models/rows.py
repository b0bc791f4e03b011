"""View models of events, alerts, channels and sources, one row each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from config.settings import Settings
from stories.model.timestamps import timestamp
from stories.store.receipts import ChannelCounts, Receipt
from stories.text.word_diff import Segment, marked_changes, shortened

FIELDS = {
    "headline": "Headline",
    "subheadline": "Subheadline",
    "dateline.place": "Dateline, place",
    "dateline.date": "Dateline, date",
    "embargoed_until": "Embargo",
    "issuer": "Issuer",
    "disclaimer": "Disclaimer",
    "tags": "Tag",
    "tickers": "Ticker",
    "contacts": "Contact",
    "images": "Picture",
}


MONITORED = {
    "source.gap": "releases may be missing",
    "source.dead": "does not answer",
    "source.recovered": "answers again",
    "channel.off": "switched off",
    "redis.recovered": "answers again",
    "monitor.blind": "cannot read pages",
}
"""Texts of the monitor's own events, after the name of the source or channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change, with its position as text."""

    where: str
    before: str | None
    after: str | None
    pieces: Sequence[Segment]
    """Unchanged, removed and added text, in reading order."""

    @property
    def kinds(self) -> list[str]:
        """The kinds of changed text other than plain text: ``amount``, ``date`` …"""
        changed = (piece.kind for piece in self.pieces if piece.state != "kept" and piece.kind != "text")
        return list(dict.fromkeys(changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event in the stream."""

    id: str
    kind: str
    """``new``, ``corrected`` … of releases; ``gap``, ``dead``, ``recovered`` of sources."""
    at: str
    headline: str
    source: str
    wire: str | None
    url: str | None = None
    subheadline: str | None = None
    published_at: str | None = None
    embargoed_until: str | None = None
    story: str | None = None
    releases: int = 1
    """Number of releases in the story at that time."""
    language: str | None = None
    tags: Sequence[str] = ()
    watches: Sequence[str] = ()
    marker: str | None = None
    statement: str | None = None
    replaces: Mapping[str, Any] | None = None
    changes: Sequence[ChangeRow] = ()
    more_changes: int = 0
    """Number of changes left out of the row."""
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """The receipt of an event on one channel."""

    id: str
    kind: str
    """The event's kind: ``new``, ``corrected`` …"""
    channel: str
    state: str
    """``waiting``, ``sending``, ``sent`` or ``failed``."""
    at: str
    when: str
    """The meaning of ``at``; empty if the state gives it."""
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An event that was alerted, with its receipts."""

    event: str
    kind: str
    headline: str | None
    story: str | None
    receipts: Sequence[ReceiptRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A channel that needs attention."""

    name: str
    state: str
    """``off``, ``failing``, or ``on`` where earlier alerts were given up."""
    at: str | None
    reason: str
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source's health."""

    name: str
    title: str
    state: str
    """``ok``, ``failing`` or ``not polled yet``."""
    read_at: str | None
    last_release_at: str | None
    releases: int
    error: str | None


def change_row(field: str, paragraph: int | None, before: str | None, after: str | None, *, whole: bool) -> ChangeRow:
    """Return a change as a row; ``whole``: with all unchanged text, else with some context."""
    where = FIELDS.get(field, field.replace("_", " ").capitalize())
    if field in ("body", "about"):
        where = "Paragraph" if field == "body" else "About, paragraph"
        where += f" {paragraph}" if paragraph else ""
    pieces = marked_changes(before, after)
    return ChangeRow(where=where, before=before, after=after, pieces=pieces if whole else shortened(pieces))


def source_title(settings: Settings, name: str | None) -> str:
    """Return a source's title, or its name without a title."""
    source = settings.sources.get(name or "")
    return (source.title if source else None) or name or "unknown source"


def watch_title(settings: Settings, name: str) -> str:
    """Return a watch's title, or its name without a title."""
    watch = settings.watches.get(name)
    return (watch.title if watch else None) or name


def distinct_wire(source: str, wire: str | None) -> str | None:
    """Return the wire's name if it differs from the source's; None on a wire's own site."""
    return wire if wire and wire.casefold() != source.casefold() else None


def event_row(payload: bytes, settings: Settings, *, most: int | None = None) -> EventRow:
    """Return an event's JSON as a row. ``most``: maximum number of changes, which are then shortened; None: all."""
    event = msgspec.json.decode(payload)
    data, kind = event["data"], event["type"].partition(".")[2]
    watches = [watch_title(settings, name) for name in data["watches"]]
    release = data.get("release")
    if release is None:
        subject = data.get("source") or data.get("channel")
        title = source_title(settings, subject) if subject else event["type"].partition(".")[0].capitalize()
        happened = "reads pages again" if data.get("state") == "over" else MONITORED.get(event["type"], kind)
        return EventRow(
            id=event["id"],
            kind=kind,
            at=event["timestamp"],
            headline=f"{title}: {happened}",
            source=title,
            wire=None,
            watches=watches,
            detail=data.get("detail"),
        )
    notice = release["notice"] or {}
    source = source_title(settings, release["source"])
    return EventRow(
        id=event["id"],
        kind=kind,
        at=event["timestamp"],
        headline=release["headline"] or "(no headline)",
        source=source,
        wire=distinct_wire(source, release["wire"]),
        url=release["url"],
        subheadline=release["subheadline"],
        published_at=release["published_at"],
        embargoed_until=release["embargoed_until"],
        story=data["story"]["id"] if data.get("story") else None,
        releases=data["story"]["releases"] if data.get("story") else 1,
        language=release["language"],
        tags=release["tags"],
        watches=watches,
        marker=notice.get("marker"),
        statement=notice.get("statement"),
        replaces=data.get("replaces"),
        changes=[
            change_row(change["field"], change.get("paragraph"), change["before"], change["after"], whole=most is None)
            for change in (data.get("changes") or ())[:most]
        ],
        more_changes=max(0, len(data.get("changes") or ()) - most) if most is not None else 0,
        detail=data.get("detail"),
    )


def alert_rows(receipts: Sequence[Receipt], headlines: Mapping[str, str | None]) -> list[AlertRow]:
    """Return receipts grouped by event, in order. ``headlines``: headline of each event."""
    events: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        events.setdefault(receipt.event, []).append(receipt)
    return [
        AlertRow(
            event=event,
            kind=found[0].type.partition(".")[2] or found[0].type,
            headline=headlines.get(event),
            story=found[0].story,
            receipts=[receipt_row(receipt) for receipt in found],
        )
        for event, found in events.items()
    ]


def receipt_row(receipt: Receipt) -> ReceiptRow:
    """Return a receipt as a row."""
    state = {"pending": "waiting", "leased": "sending"}.get(receipt.state, receipt.state)
    at: datetime = receipt.settled or receipt.due or receipt.created
    when = {"waiting": "next try", "sending": "trying until", "sent": "", "failed": "given up"}[state]
    if state == "waiting" and not receipt.tries and at <= receipt.created:
        when = "since"  # it is new, or waits behind others
    return ReceiptRow(
        id=receipt.id,
        kind=receipt.type.partition(".")[2] or receipt.type,
        channel=receipt.channel,
        state=state,
        at=timestamp(at),
        when=when,
        tries=receipt.tries,
        error=receipt.error if state != "sent" else None,
    )


def channel_rows(channels: Sequence[ChannelCounts]) -> list[ChannelRow]:
    """Return the channels that need attention: off, failing, or with alerts that were given up."""
    rows = []
    for counts in channels:
        failing = counts.is_failing
        if not (counts.off or counts.failed or failing):
            continue
        at = counts.off_at if counts.off else counts.last_error_at
        rows.append(
            ChannelRow(
                name=counts.channel,
                state="off" if counts.off else "failing" if failing else "on",
                at=timestamp(at) if at else None,
                reason=counts.off or counts.last_error or "",
                waiting=counts.waiting,
                failed=counts.failed,
            )
        )
    return rows


def source_row(source: Mapping[str, Any]) -> SourceRow:
    """Return a source of ``/api/v1/sources`` as a row."""
    health, verdict = source["health"], source["health"]["verdict"]
    needs_attention = health["error"] if verdict["state"] is None else verdict["state"] not in ("working", "slow")
    state = "failing" if needs_attention else "ok" if health["polled_at"] else "not polled yet"
    return SourceRow(
        name=source["name"],
        title=source["title"] or source["name"],
        state=state,
        read_at=health["read_at"],
        last_release_at=health["last_release_at"],
        releases=health["releases"],
        error=(verdict["detail"] or health["error"]) if needs_attention else None,
    )
