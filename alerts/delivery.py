"""Stop 12, hold → send → receipt: takes alerts from the outbox to their channels until somebody stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from redis.asyncio import Redis

from alerts.lane import Lane, Surroundings
from alerts.outbox import Alert, Outbox, Settled
from alerts.outcome import Channel


def _unobserved(alert: Alert, settled: Settled) -> None:
    """Nobody counts."""


class Delivery:
    """Every channel in a lane of its own: one that is slow or dead holds up no other.

    An alert that is due is sent at least once, with the same id on every try. One that was sent, but whose receipt
    could not be written before its lease ended or the process died, is sent again.
    """

    def __init__(
        self,
        redis: Redis,
        channels: Mapping[str, Channel],
        *,
        observe: Callable[[Alert, Settled], None] = _unobserved,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: Random | None = None,
    ) -> None:
        """``observe`` hears of every receipt, for metrics; it must not block or raise."""
        self.outbox = Outbox(redis)
        self._channels = channels
        around = Surroundings(outbox=self.outbox, now=now, rng=rng or Random(), observe=observe)  # noqa: S311 (jitter)
        self._lanes = [Lane(channel, around) for channel in channels.values()]

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then has 5 s to end, and is due again if it does not."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for lane in self._lanes:
                    tasks.create_task(lane.run(), name=f"alerts to {lane.channel.name}")
        finally:
            await self._close()

    async def drain(self, timeout: timedelta) -> int:  # noqa: ASYNC109 (the answer is a count, not an error)
        """Deliver what is due now, for ``timeout`` at most, and return how many alerts are left for later."""
        try:
            async with asyncio.timeout(timeout.total_seconds()), asyncio.TaskGroup() as tasks:
                for lane in self._lanes:
                    tasks.create_task(lane.run(until_empty=True), name=f"alerts to {lane.channel.name}")
        except TimeoutError:
            pass  # what is left is counted below
        finally:
            await self._close()
        return await self.outbox.waiting(list(self._channels))

    def wake(self) -> None:
        """Look at the outboxes now: an alert was just put there."""
        for lane in self._lanes:
            lane.wake.set()

    async def _close(self) -> None:
        for channel in self._channels.values():
            await channel.aclose()
