"""The outbox in Redis, which holds every alert until a receipt records its outcome.

An alert is claimed with a lease and an attempt number. A claimed alert without an outcome is due again when its lease
expires. An outcome with an older attempt number is refused (fencing). All writes are idempotent scripts, so they can be
repeated after a lost reply. All times come from the Redis server's clock, so several machines agree.
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
MAX_REASON_CHARACTERS = 500  # of a reason or detail: enough for a person, too few for a whole page

MAX_TAKEN_OVER = 10_000  # alerts of a channel; one process leases eight, or the hundreds of a digest
TEST_EVENT_PREFIX = "evt_test_"
"""Prefix of the ids of test alerts, which a person sends to test a channel."""

Settled = Literal["sent", "later", "failed", "released"]
Retried = Literal["due", "sending", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One event for one channel, leased to the process that claimed it."""

    id: str
    event: str
    channel: str
    story: str | None
    type: str
    """The event's type; empty when only the event itself has it."""
    attempt: int
    """Number of claims so far: the fencing token of the outcome."""
    failures: int
    """Number of ``Later`` outcomes: the position in the retry schedule."""
    created: datetime
    listed: datetime | None
    """When the listing that named the release was read."""
    body: bytes | None
    """The event's JSON; None when the event is no longer stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertClaim:
    """The result of a claim."""

    alerts: tuple[Alert, ...]
    wait: timedelta | None
    """Until the next alert of the channel is due; zero or less: now; None: no alert waits."""
    given_up: int
    """Alerts moved to the dead letters because the channel is off."""
    held: bool
    """Nothing may be sent before ``wait`` is over: the receiver requested a pause, or the rate limit is reached."""


class Outbox:
    """The outbox of all channels."""

    def __init__(self, redis: Redis, holder: str = "") -> None:
        """``holder``: the claiming process (``Claims.process_name``): ``role/run/``, or ``run/`` without a role."""
        self._redis = redis
        self._holder = holder
        self._take_over = redis.register_script((LUA / "take_over.lua").read_text(encoding="utf-8"))
        self._claim = redis.register_script((LUA / "claim.lua").read_text(encoding="utf-8"))
        self._settle = redis.register_script((LUA / "settle.lua").read_text(encoding="utf-8"))
        self._retry = redis.register_script((LUA / "retry_now.lua").read_text(encoding="utf-8"))

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
        """Lease due alerts, oldest first.

        An alert waits while an earlier alert of its story on this channel is neither sent nor given up.

        Args:
            channel: name of the channel.
            limit: maximum number of alerts.
            lease: time after which an alert without an outcome is due again.
            together: allow several alerts of one story, in order, because they are sent as one message. The message
                counts once against the rate limit.
            only: ids of the only alerts to claim; None for all.
            rate: rate limit of the channel.
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
        """Make alerts due that a previous process of this holder's role had leased, and return their number.

        Only one process has a role at a time, so leases of previous processes are void. Returns 0 without a role.
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
        """Write the outcome of a try.

        Args:
            alert: the alert as it was claimed.
            outcome: ``sent`` and ``failed`` (to the dead letters) settle the alert. ``later`` makes it due after
                ``wait`` and counts as a failure. ``released`` makes it due immediately and does not count.
            words: detail or reason for the receipt.
            wait: time until the next try, for ``later``.
            pause: time for which the channel claims nothing.
            off: switch the channel off.

        Returns:
            False if a later attempt has claimed the alert; then nothing was written.
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
        """Make an alert due now, also after it was sent or given up, and switch its channel on."""
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
        """Make all dead letters (of one channel) due now, and return their number."""
        failed = await self._redis.zrange(keys.dead_alerts().name, 0, -1)
        ids = [text(alert_id) for alert_id in failed]
        if channel is not None:
            ids = [alert_id for alert_id in ids if alert_id.endswith(f":{channel}")]
        return [await self.retry(alert_id) for alert_id in ids].count("due")

    async def turn_on(self, channel: str) -> None:
        """Switch a channel on again."""
        await self._redis.hdel(keys.channel(channel).name, "off", "off_at")

    async def enqueue_test(self, channel: str, now: datetime) -> str:
        """Put a test alert into the outbox of one channel and return its id. It is delivered as any other alert."""
        event = f"{TEST_EVENT_PREFIX}{uuid4().hex}"
        payload = {
            "type": "alert.test",
            "id": event,
            "timestamp": timestamp(now),
            "data": {"watches": [], "detail": f"A test of the channel {channel!r}, requested by a person."},
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
        """Return the ids of a channel's due alerts, earliest due first."""
        seconds, microseconds = await self._redis.time()
        now = int(seconds) * 1000 + int(microseconds) // 1000
        return [text(alert_id) for alert_id in await self._redis.zrangebyscore(keys.outbox(channel).name, "-inf", now)]

    async def event_of(self, alert_id: str) -> bytes | None:
        """Return the JSON of an alert's event; None when it is no longer stored."""
        return await Archive(self._redis).event(alert_id.rpartition(":")[0])

    async def overdue(self, channel: str) -> timedelta | None:
        """Return for how long the first alert has been due (negative: not due yet); None without alerts."""
        first: list[Any] = list(await self._redis.zrange(keys.outbox(channel).name, 0, 0, withscores=True))
        if not first:
            return None
        seconds, microseconds = await self._redis.time()
        return timedelta(seconds=int(seconds), microseconds=int(microseconds)) - timedelta(
            milliseconds=float(first[0][1])
        )

    async def channels(self) -> set[str]:
        """Return the names of all channels with waiting alerts, in the configuration or not."""
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
        """Return the events' JSON for claimed rows, in one or two round trips."""
        answers = iter(await payloads(self._redis, [row[8] for row in rows if row[8] and not row[9]]))
        return [
            # row[9] is a body, or the event's id in the event log
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
