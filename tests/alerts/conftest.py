"""A desk that puts events into the outbox as keep does, and channels that answer what a test tells them."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from alerts.outbox import Outbox
from alerts.outcomes import Outcome, OutgoingAlert, Sent
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from stories.db import keys

NOW = datetime(2026, 2, 11, 3, 4, 5, tzinfo=UTC)


def make_event(number: int, kind: str = "release.new", story: str | None = "sty_1", **release: Any) -> dict[str, Any]:
    """Return an event as the contract has it."""
    shown = {
        "id": f"rel_{number}",
        "url": f"https://wire.example/news/{number}",
        "source": "example-wire",
        "wire": "Example Newswire",
        "headline": f"Acme opens its plant number {number}",
        "published_at": "2026-02-11T09:00:00+08:00",
        "issuer": "Acme Ltd",
        "body": [f"Acme opened plant {number} today."],
        "embargoed_until": None,
        "notice": None,
    }
    return {
        "type": kind,
        "id": f"evt_{number}",
        "timestamp": "2026-02-11T03:04:05.123Z",
        "data": {
            "watches": ["acme"],
            "story": {"id": story, "releases": 1},
            "release": shown | release,
            "replaces": None,
            "changes": [],
        },
    }


@dataclass(slots=True)
class Desk:
    """Writes to Redis what the keep script writes, and reads what became of it."""

    redis: Redis
    numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    async def publish(
        self,
        *channels: str,
        kind: str = "release.new",
        story: str | None = "sty_1",
        late: timedelta = timedelta(),
        watches: Sequence[str] = ("acme",),
        **release: Any,
    ) -> str:
        """Keep one event with an alert for each channel, due in ``late``, and return the event's id."""
        event = make_event(next(iter(self.numbers)), kind, story, **release)
        event["data"]["watches"] = list(watches)
        seconds, microseconds = await self.redis.time()
        created = seconds * 1000 + microseconds // 1000
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.xadd(keys.history().name, {"event": msgspec.json.encode(event)})
            entry = (await pipe.execute())[0]
            pipe.set(keys.event(event["id"]).name, entry, ex=keys.event("").seconds)
            for channel in channels:
                alert_id = f"{event['id']}:{channel}"
                fields = {"event": event["id"], "channel": channel, "story": story or "", "type": kind}
                fields |= {"state": "pending", "attempt": "0", "created": str(created), "listed": str(created - 500)}
                pipe.hset(keys.alert(alert_id).name, mapping=fields)
                pipe.expire(keys.alert(alert_id).name, keys.alert("").seconds)
                pipe.zadd(keys.outbox(channel).name, {alert_id: created + late // timedelta(milliseconds=1)})
                pipe.zadd(keys.alerts().name, {alert_id: created})
            await pipe.execute()
        return str(event["id"])

    async def state(self, event: str, channel: str) -> str:
        """Return the state of one alert."""
        return (await self.redis.hget(keys.alert(f"{event}:{channel}").name, "state") or b"").decode()

    async def make_all_due(self, channel: str, since: timedelta = timedelta(days=1)) -> None:
        """Let the time pass until everything on a channel has been due for ``since``: leases end, waits are over."""
        seconds, _ = await self.redis.time()
        for alert in await self.redis.zrange(keys.outbox(channel).name, 0, -1):
            await self.redis.zadd(keys.outbox(channel).name, {alert: (seconds - since.total_seconds()) * 1000})

    async def time_passes(self, channel: str, span: timedelta) -> None:
        """Let time pass for a channel: for what is due, for its pause and for its rate."""
        milliseconds = span / timedelta(milliseconds=1)
        for key in (keys.outbox(channel).name, keys.sent_at(channel).name):
            for member in await self.redis.zrange(key, 0, -1):
                await self.redis.zincrby(key, -milliseconds, member)
        if (until := await self.redis.hget(keys.channel(channel).name, "paused_until")) is not None:
            await self.redis.hset(keys.channel(channel).name, "paused_until", str(float(until) - milliseconds))


@pytest.fixture
def desk(redis: Redis) -> Desk:
    """Where events come from."""
    return Desk(redis)


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    """The outbox of the test's Redis."""
    return Outbox(redis)


@dataclass(slots=True)
class Desktop:
    """A channel that remembers what it was sent, and answers as told: the last answer for ever."""

    name: str
    answers: Sequence[Outcome] = (Sent(),)
    retry: Sequence[str] = ("0s",) * 20
    options: Mapping[str, Any] = field(default_factory=dict)
    before_answering: Callable[[OutgoingAlert], Awaitable[None]] | None = None
    concurrency: int = 8
    timeout: timedelta = timedelta(seconds=20)
    got: list[str] = field(default_factory=list)
    settings: DeliverySettings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = DeliverySettings.model_validate({"type": "desktop", "retry": self.retry, **self.options})

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Answer the next of the answers."""
        self.got.append(alert.event_id)
        if self.before_answering is not None:
            await self.before_answering(alert)
        return self.answers[min(len(self.got), len(self.answers)) - 1]

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.fixture
def desktop() -> type[Desktop]:
    """``desktop("mail", answers=[Later("busy"), Sent()])``."""
    return Desktop


@pytest.fixture
def loopback_only() -> AddressPolicy:
    """What the tests' webhooks may reach: 127.0.0.1, and no other loopback address."""
    return AddressPolicy(allowed=(ip_network("127.0.0.1/32"),))


@pytest.fixture
def event_of() -> Callable[..., dict[str, Any]]:
    """``event_of(1, "release.corrected", headline="…")``: an event as the contract has it."""
    return make_event
