"""Stop 12, hold → send → receipt: the outbox in Redis that holds every alert until a receipt says what became of it.

An alert is claimed with a lease and an attempt number: a claim that ends in nothing is due again when its lease ends,
and a settlement with an older attempt number is refused. All writes are scripts that may be repeated after a lost
reply. Times are those of the Redis server, so that several machines agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

from alerts.settings import Rate
from config.observability.redaction import scrub
from stories.db import keys
from stories.db.replies import moment, text
from stories.model.timestamps import timestamp
from stories.store.archive import Archive
from stories.store.event_log import is_event, payloads

LUA = Path(__file__).parent / "lua"
MAX_REASON_CHARACTERS = (
    500  # characters of a reason or detail: enough for a person, no room for a page that a receiver answered
)

MAX_TAKEN_OVER = 10_000  # alerts of a channel at most; a process sends eight at a time, or the hundreds of a digest
TEST_EVENT_PREFIX = "evt_test_"
"""How the ids of alerts begin that a person asked for, to test a channel."""

Settled = Literal["sent", "later", "failed", "released"]
Retried = Literal["due", "sending", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One event for one channel, leased to whoever claimed it."""

    id: str
    event: str
    channel: str
    story: str | None
    type: str
    """The event's type; empty when only the event itself knows."""
    attempt: int
    """Counts claims; the fence of a settlement."""
    failures: int
    """How often the channel answered ``Later``; where the retry schedule stands."""
    created: datetime
    listed: datetime | None
    """When the listing that named the release was read."""
    body: bytes | None
    """The event's JSON; None when the stream holds it no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClaim:
    """What a claim got."""

    alerts: tuple[Alert, ...]
    wait: timedelta | None
    """Until the next alert of the channel is due; not positive: at once; None: there is none."""
    given_up: int
    """Alerts that went to the dead ones because the channel is off."""
    held: bool
    """Nothing goes out before ``wait`` is over: the receiver asked for a pause, or the rate is used up."""


class Outbox:
    """The outbox of all channels."""

    def __init__(self, redis: Redis, holder: str = "") -> None:
        """``holder``: who claims, as ``Claims.run`` has it: ``role/run/``, or ``run/`` without a role."""
        self._redis = redis
        self._holder = holder
        self._take_over = redis.register_script((LUA / "take_over.lua").read_text(encoding="utf-8"))
        self._claim = redis.register_script((LUA / "claim.lua").read_text(encoding="utf-8"))
        self._settle = redis.register_script((LUA / "settle.lua").read_text(encoding="utf-8"))
        self._retry = redis.register_script((LUA / "retry.lua").read_text(encoding="utf-8"))

    async def claim(
        self,
        channel: str,
        limit: int,
        lease: timedelta,
        *,
        together: bool = False,
        only: Sequence[str] | None = None,
        rate: Rate | None = None,
    ) -> AlertClaim:
        """Lease at most ``limit`` alerts that are due, oldest first; ``only``: none but these; ``rate`` is kept.

        An alert waits while an earlier one of its story on this channel is neither sent nor given up; ``together``
        lets them into one claim, in order, for whoever sends them as one message, which counts once.
        """
        answer = await self._claim(
            keys=[
                keys.outbox(channel).name,
                keys.channel(channel).name,
                keys.claimed_alerts(uuid4().hex).name,
                keys.dead_alerts().name,
                keys.sent_at(channel).name,
            ],
            args=[
                channel,
                limit,
                _milliseconds(lease),
                keys.claimed_alerts("").seconds,
                keys.alert("").name,
                keys.event("").name,
                keys.story_queue(channel, "").name,
                keys.alert("").seconds,
                "all" if together else "",
                "" if only is None else msgspec.json.encode(only),
                rate.alerts if rate else 0,
                _milliseconds(rate.period) if rate else 0,
                self._holder,
            ],
        )
        found = msgspec.json.decode(text(answer))
        rows: list[list[str]] = found.get("alerts", [])
        bodies = await self._bodies(rows)
        due = found.get("due")
        return AlertClaim(
            alerts=tuple(_alert(channel, row, body) for row, body in zip(rows, bodies, strict=True)),
            wait=timedelta(milliseconds=float(due) - float(found["now"])) if due else None,
            given_up=int(found["given_up"]),
            held=bool(found.get("held")),
        )

    async def take_over(self, channel: str, lease: timedelta) -> int:
        """Make alerts due that an ended process of this holder's role had leased, and return how many.

        One process at a time has a role, so the leases of the others are void. Without a role nothing is known.
        """
        role, slash, _ = self._holder.removesuffix("/").partition("/")
        if not slash:
            return 0
        arguments: list[str | int] = [
            keys.alert("").name,
            _milliseconds(lease),
            f"{role}/",
            self._holder,
            MAX_TAKEN_OVER,
        ]
        return int(await self._take_over(keys=[keys.outbox(channel).name], args=arguments))

    async def settle(
        self,
        alert: Alert,
        outcome: Settled,
        words: str = "",
        *,
        wait: timedelta = timedelta(),
        pause: timedelta = timedelta(),
        off: bool = False,
    ) -> bool:
        """Write what became of a try; False when another attempt has taken over and nothing was written.

        ``sent`` and ``failed`` (to the dead alerts) end the alert; ``later`` makes it due after ``wait`` and counts
        as a failure; ``released`` makes it due at once and does not. ``off`` switches the channel off;
        for ``pause`` nothing at all is claimed for it.
        """
        words = scrub(words)[:MAX_REASON_CHARACTERS]
        applied = await self._settle(
            keys=[
                keys.outbox(alert.channel).name,
                keys.alert(alert.id).name,
                keys.dead_alerts().name,
                keys.channel(alert.channel).name,
                keys.story_queue(alert.channel, alert.story or "").name,
                keys.alerts().name,
            ],
            args=[
                alert.id,
                alert.attempt,
                outcome,
                words,
                _milliseconds(wait),
                keys.alert("").seconds,
                words if off else "",
                keys.alert("").name,
                _milliseconds(pause),
            ],
        )
        return bool(applied)

    async def retry(self, alert_id: str) -> Retried:
        """Make an alert due now, also one that was sent or given up; its channel is switched on again."""
        channel = await self._redis.hget(keys.alert(alert_id).name, "channel")
        name = text(channel) if channel else alert_id.rpartition(":")[2]
        answer = await self._retry(
            keys=[
                keys.outbox(name).name,
                keys.alert(alert_id).name,
                keys.dead_alerts().name,
                keys.channel(name).name,
            ],
            args=[alert_id, keys.alert("").seconds],
        )
        retried: Retried = answer.decode()
        return retried

    async def retry_all(self, channel: str | None = None) -> int:
        """Make all dead alerts (of one channel) due now, and return how many."""
        dead = await self._redis.zrange(keys.dead_alerts().name, 0, -1)
        ids = [text(one) for one in dead]
        if channel is not None:
            ids = [one for one in ids if one.endswith(f":{channel}")]
        return [await self.retry(one) for one in ids].count("due")

    async def turn_on(self, channel: str) -> None:
        """Let a channel take alerts again that was switched off."""
        await self._redis.hdel(keys.channel(channel).name, "off", "off_at")

    async def enqueue_test(self, channel: str, now: datetime) -> str:
        """Put a test alert into the outbox of one channel and return its id; it takes the way of every other."""
        event = f"{TEST_EVENT_PREFIX}{uuid4().hex}"
        payload = {
            "type": "alert.test",
            "id": event,
            "timestamp": timestamp(now),
            "data": {"watches": [], "detail": f"A test of the channel {channel!r}, asked for by a person."},
        }
        alert_id = f"{event}:{channel}"
        created = _milliseconds(now - datetime.fromtimestamp(0, UTC))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(
                keys.alert(alert_id).name,
                mapping={
                    "event": event,
                    "channel": channel,
                    "story": "",
                    "type": "alert.test",
                    "state": "pending",
                    "attempt": "0",
                    "created": created,
                    "listed": "",
                    "body": msgspec.json.encode(payload),
                },
            )
            pipe.expire(keys.alert(alert_id).name, keys.alert("").seconds)
            pipe.zadd(keys.outbox(channel).name, {alert_id: created})
            pipe.zadd(keys.alerts().name, {alert_id: created})
            await pipe.execute()
        return alert_id

    async def due(self, channel: str) -> list[str]:
        """Return the alerts of a channel that are due and wait, what was due first first."""
        seconds, microseconds = await self._redis.time()
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return [text(one) for one in await self._redis.zrangebyscore(keys.outbox(channel).name, "-inf", now)]

    async def event_of(self, alert_id: str) -> bytes | None:
        """Return the JSON of an alert's event; None when it is kept no longer."""
        return await Archive(self._redis).event(alert_id.rpartition(":")[0])

    async def overdue(self, channel: str) -> timedelta | None:
        """Return for how long the alert that was due first has been due (negative: not yet); None without any."""
        first: list[Any] = list(await self._redis.zrange(keys.outbox(channel).name, 0, 0, withscores=True))
        if not first:
            return None
        seconds, microseconds = await self._redis.time()
        return timedelta(seconds=int(seconds), microseconds=int(microseconds)) - timedelta(
            milliseconds=float(first[0][1])
        )

    async def channels(self) -> set[str]:
        """Return the names of all channels that alerts wait for, in the configuration or not."""
        prefix = keys.outbox("").name
        return {text(key).removeprefix(prefix) async for key in self._redis.scan_iter(match=f"{prefix}*", count=1_000)}

    async def waiting(self, channels: Sequence[str]) -> int:
        """Return how many alerts of these channels are not settled."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for channel in channels:
                pipe.zcard(keys.outbox(channel).name)
            counts: list[int] = await pipe.execute()
        return sum(counts)

    async def _bodies(self, rows: list[list[str]]) -> list[bytes | None]:
        """Return the JSON of the events of claimed rows, in an exchange or two."""
        answers = iter(await payloads(self._redis, [row[8] for row in rows if row[8] and not row[9]]))
        return [
            # a body, or its id in the history
            (row[9].encode() if is_event(row[9].encode()) else None) if row[9] else next(answers) if row[8] else None
            for row in rows
        ]


def _alert(channel: str, row: list[str], body: bytes | None) -> Alert:
    return Alert(
        id=row[0],
        event=row[1],
        channel=channel,
        story=row[2] or None,
        type=row[3],
        attempt=int(row[4]),
        failures=int(row[5]),
        created=moment(row[6]) or datetime.fromtimestamp(0, UTC),
        listed=moment(row[7]),
        body=body,
    )


def _milliseconds(span: timedelta) -> int:
    return max(0, round(span / timedelta(milliseconds=1)))
