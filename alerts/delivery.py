"""Stop 12, hold → send → receipt: takes alerts from the outbox to their channels until somebody stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

import structlog
from redis.asyncio import Redis

from alerts.channel_worker import ChannelWorker, DeliveryContext
from alerts.outbox import Alert, Outbox, Settled
from alerts.outcomes import Channel, Outcome, OutgoingAlert, Refused
from alerts.settings import DeliverySettings
from alerts.urgent import UrgentBypass, urgent_watches
from config.settings import WatchSettings
from stories.runtime.cancellation import raise_if_cancelled
from stories.runtime.heartbeats import beating_as

log = structlog.get_logger(__name__)


def _ignore(alert: Alert, settled: Settled) -> None:
    """Nobody counts."""


class MissingChannel:
    """Stands in for a channel that was taken out of the configuration while alerts waited for it."""

    concurrency = 8
    timeout = timedelta(seconds=1)

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings = DeliverySettings(type="missing")

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Refuse it: it stands with the reason among the dead alerts, and goes when the channel is back."""
        return Refused(f"the configuration has no channel {self.name!r} any more")

    async def aclose(self) -> None:
        """Nothing is open."""


class Delivery:
    """Every channel in a worker of its own: one that is slow or dead holds up no other.

    An alert that is due is sent at least once, with the same id on every try. One that was sent, but whose receipt
    could not be written before its lease ended or the process died, is sent again.
    """

    def __init__(
        self,
        redis: Redis,
        channels: Mapping[str, Channel],
        *,
        watches: Mapping[str, WatchSettings] | None = None,
        observe: Callable[[Alert, Settled], None] = _ignore,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: Random | None = None,
        complete: bool = True,
        holder: str = "",
    ) -> None:
        """``watches`` says whose alerts are urgent; ``observe`` hears of every receipt, and must not block or raise.

        ``complete``: ``channels`` are all that there are, and alerts for others are given up.
        ``holder``: who claims alerts (``Outbox``); what its predecessor was sending is sent again without delay.
        """
        self._complete = complete
        self.outbox = Outbox(redis, holder)
        self._channels = channels
        self._context = DeliveryContext(outbox=self.outbox, now=now, rng=rng or Random(), observe=observe)  # noqa: S311 (jitter)
        self._workers = [
            ChannelWorker(channel, self._context, UrgentBypass(urgent_watches(watches or {}, name)))
            for name, channel in channels.items()
        ]

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then has 5 s to end, and is due again if it does not."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    self._give_up_alerts_of_missing_channels(), name="alerts to channels that are missing"
                )
                for worker in self._workers:
                    tasks.create_task(worker.run(), name=f"alerts to {worker.channel.name}")
        finally:
            await self._close()

    async def drain(self, timeout: timedelta) -> int:  # noqa: ASYNC109 (the answer is a count, not an error)
        """Deliver what is due now, for ``timeout`` at most, and return how many alerts are left for later."""
        try:
            async with asyncio.timeout(timeout.total_seconds()), asyncio.TaskGroup() as tasks:
                for worker in self._workers:
                    tasks.create_task(worker.run(until_empty=True), name=f"alerts to {worker.channel.name}")
        except TimeoutError:
            pass  # what is left is counted below
        finally:
            await self._close()
        return await self.outbox.waiting(list(self._channels))

    def wake(self) -> None:
        """Look at the outboxes now: an alert was just put there."""
        for worker in self._workers:
            worker.wake.set()

    async def _give_up_alerts_of_missing_channels(self) -> None:
        """Serve the outboxes of channels that were in the configuration once, as long as the others."""
        with beating_as("alerts to channels that are missing"):
            named = await self._context.retry_while_redis_is_down(self.outbox.channels) if self._complete else ()
        raise_if_cancelled()
        missing = [
            ChannelWorker(MissingChannel(name), self._context)
            for name in sorted(named or ())
            if name not in self._channels
        ]
        for worker in missing:
            log.warning(
                "channel_removed",
                channel=worker.channel.name,
                alerts=await self.outbox.waiting([worker.channel.name]),
                reason="the configuration has no such channel any more; its alerts are given up",
                next="add the channel again, then: wirewatch alerts retry --all",
            )
        if not missing:
            await asyncio.Event().wait()  # run() lasts until it is cancelled, with no channel at all too
        await asyncio.gather(*(worker.run() for worker in missing))

    async def _close(self) -> None:
        for channel in self._channels.values():
            await channel.aclose()
