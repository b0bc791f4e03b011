"""Reads receipts: the state of each alert, and the counts of each channel. ``alerts.outbox`` writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import moment, text
from stories.db.unreadable_records import number
from stories.store.archive import Archive

State = Literal["pending", "leased", "sent", "failed"]
STATES: tuple[State, ...] = get_args(State)
ALERT_BATCH = 200  # alerts that are read in one round trip
ID_BATCH = 2_000  # ids only, in one round trip


class _Named(msgspec.Struct):
    watches: tuple[str, ...] = ()


class _Naming(msgspec.Struct):
    """The part of an event that names its watches."""

    data: _Named


_NAMING = msgspec.json.Decoder(_Naming)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One alert and its state."""

    id: str
    event: str
    channel: str
    story: str | None
    type: str
    state: State
    """``pending`` and ``leased`` (a try is under way) wait; ``sent`` and ``failed`` (given up) are settled."""
    tries: int
    created: datetime
    listed: datetime | None
    due: datetime | None
    """The next attempt; while ``leased``, when the current attempt counts as lost."""
    settled: datetime | None
    detail: str | None
    """The reply of the receiver that accepted the alert."""
    error: str | None
    """The reason of the last failed attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCounts:
    """The counts and the last error of a channel."""

    channel: str
    waiting: int
    failed: int
    """Given up; they wait for ``alerts retry``."""
    sent: int
    """Alerts sent since the channel exists."""
    oldest_waiting: datetime | None
    """When the oldest unsettled alert was created."""
    off: str | None
    """Why the channel was switched off; None while it is on."""
    off_at: datetime | None
    last_sent: datetime | None
    last_error: str | None
    last_error_at: datetime | None

    @property
    def is_failing(self) -> bool:
        """Whether alerts wait and the last attempt to send failed."""
        if not self.waiting or self.last_error_at is None:
            return False
        return self.last_sent is None or self.last_error_at > self.last_sent


async def list_alerts(
    redis: Redis,
    *,
    channel: str | None = None,
    state: State | Literal["waiting"] | None = None,
    watch: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> list[Receipt]:
    """Return the newest alerts, newest first; ``state="waiting"`` is pending and leased.

    ``watch``: only alerts whose event names that watch. ``since``: only alerts created since (for ``failed``: given
    up since).
    """
    wanted = {"waiting": ("pending", "leased"), None: None}.get(state, (state,))
    found: list[Receipt] = []
    source = keys.dead_alerts().name if state == "failed" else keys.alerts().name
    async for page in _newest_first(redis, source, since=since):
        ids = [alert_id for alert_id in page if channel is None or alert_id.endswith(f":{channel}")]
        receipts = [receipt for receipt in await _read(redis, ids) if wanted is None or receipt.state in wanted]
        named = await _watches(redis, receipts) if watch is not None else {}
        found += [receipt for receipt in receipts if watch is None or watch in named.get(receipt.event, ())]
        if len(found) >= limit:
            return found[:limit]
    return found


async def find_alert(redis: Redis, alert_id: str) -> Receipt | None:
    """Return one alert; None for an unknown id."""
    return next(iter(await _read(redis, [alert_id])), None)


async def find_alerts(redis: Redis, ids: Sequence[str]) -> list[Receipt]:
    """Return these alerts in one round trip, without unknown ones."""
    return await _read(redis, ids) if ids else []


async def count_alerts(redis: Redis, channels: Sequence[str], *, others: bool = False) -> list[ChannelCounts]:
    """Return the counts of each channel, in this order; ``others``: then of other channels with failed alerts."""
    failed: Counter[str] = Counter()
    async for page in _newest_first(redis, keys.dead_alerts().name, ID_BATCH):
        failed.update(alert_id.rpartition(":")[2] for alert_id in page)
    unlisted = sorted(failed.keys() - set(channels)) if others else []
    return [await _count(redis, channel, failed[channel]) for channel in (*channels, *unlisted)]


async def _count(redis: Redis, channel: str, failed: int) -> ChannelCounts:
    waiting, oldest = 0, None
    async for page in _newest_first(redis, keys.outbox(channel).name, ID_BATCH):
        waiting += len(page)
        made = [score for score in await redis.zmscore(keys.alerts().name, page) if score is not None]
        oldest = min([*made, *([oldest] if oldest is not None else [])], default=None)
    state = {text(name): text(value) for name, value in (await redis.hgetall(keys.channel(channel).name)).items()}
    return ChannelCounts(
        channel=channel,
        waiting=waiting,
        failed=failed,
        sent=number(state.get("sent"), "channel", keys.channel(channel).name),
        oldest_waiting=moment(oldest),
        off=state.get("off"),
        off_at=moment(state.get("off_at")),
        last_sent=moment(state.get("sent_at")),
        last_error=state.get("error"),
        last_error_at=moment(state.get("error_at")),
    )


async def _newest_first(
    redis: Redis, key: str, size: int = ALERT_BATCH, since: datetime | None = None
) -> AsyncIterator[list[str]]:
    start, lowest = 0, since.timestamp() * 1000 if since else "-inf"
    while page := await redis.zrevrangebyscore(key, "+inf", lowest, start=start, num=size):
        yield [text(alert_id) for alert_id in page]
        start += size


async def _watches(redis: Redis, receipts: Sequence[Receipt]) -> dict[str, tuple[str, ...]]:
    """Return the watches that the receipts' events name, without events that are no longer stored."""
    archive = Archive(redis)
    events = dict.fromkeys(receipt.event for receipt in receipts)
    read = {event: await archive.event(event) for event in events}
    return {event: _NAMING.decode(payload).data.watches for event, payload in read.items() if payload is not None}


async def _read(redis: Redis, ids: Sequence[str]) -> list[Receipt]:
    async with redis.pipeline(transaction=False) as pipe:
        for alert_id in ids:
            pipe.hgetall(keys.alert(alert_id).name)
            pipe.zscore(keys.outbox(alert_id.rpartition(":")[2]).name, alert_id)
        answers = await pipe.execute()
    return [
        _receipt(alert_id, {text(name): text(value) for name, value in fields.items()}, due)
        for alert_id, fields, due in zip(ids, answers[::2], answers[1::2], strict=True)
        if fields
    ]


def _receipt(alert_id: str, fields: dict[str, str], due: float | None) -> Receipt:
    stored = fields.get("state", "pending")
    state: State = next((known for known in STATES if known == stored), "pending")
    return Receipt(
        id=alert_id,
        event=fields.get("event", ""),
        channel=fields.get("channel", ""),
        story=_story(fields.get("story", "")),
        type=fields.get("type", ""),
        state=state,
        tries=number(fields.get("attempt"), "alert", keys.alert(alert_id).name),
        created=moment(fields.get("created")) or datetime.fromtimestamp(0).astimezone(),
        listed=moment(fields.get("listed")),
        due=moment(due),
        settled=moment(fields.get("settled")) if state in ("sent", "failed") else None,
        detail=fields.get("detail"),
        error=fields.get("error"),
    )


def _story(line: str) -> str | None:
    """Return the story of an alert; None for the queues of monitor events, which have no story."""
    return line if line and not line.startswith(("source:", "channel:", "redis:", "monitor:")) else None
