"""Runs one channel worker per channel, and gives up alerts of channels that the configuration no longer has."""

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
    """Do nothing."""


class MissingChannel:
    """Refuses alerts of a channel that was removed from the configuration while alerts waited for it."""

    concurrency = 8
    timeout = timedelta(seconds=1)

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings = DeliverySettings(type="missing")

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Refuse the alert: it becomes a dead letter, which can be retried when the channel is back."""
        return Refused(f"the configuration no longer has a channel {self.name!r}")

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


class Delivery:
    """Delivers the alerts of all channels, each in its own task, so a slow or failing channel delays no other.

    Delivery is at least once, with the same id on every try. An alert is sent again if its receipt could not be written
    before the lease expired or the process ended.
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
        """Prepare delivery.

        Args:
            redis: client for the outbox.
            channels: open channels by name.
            watches: their ``urgent`` flags decide which alerts bypass quiet hours and digests.
            observe: called with every receipt; must not block or raise.
            now: current time.
            rng: source of the retry jitter.
            complete: ``channels`` are all configured channels; alerts of any other channel are given up.
            holder: the claiming process (``Outbox``). Alerts that its predecessor was sending are due immediately.
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
        """Deliver until cancelled. Deliveries in flight may finish for ``SHUTDOWN_GRACE``, else they are due again."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    self._give_up_alerts_of_missing_channels(), name="alerts to channels that are missing"
                )
                for worker in self._workers:
                    tasks.create_task(worker.run(), name=f"alerts to {worker.channel.name}")
        finally:
            await self._close()

    async def drain(self, timeout: timedelta) -> int:  # noqa: ASYNC109 (the result is a count, not an error)
        """Deliver the alerts due now, for at most ``timeout``, and return how many alerts still wait."""
        try:
            async with asyncio.timeout(timeout.total_seconds()), asyncio.TaskGroup() as tasks:
                for worker in self._workers:
                    tasks.create_task(worker.run(until_empty=True), name=f"alerts to {worker.channel.name}")
        except TimeoutError:
            pass  # the remaining alerts are counted below
        finally:
            await self._close()
        return await self.outbox.waiting(list(self._channels))

    def wake(self) -> None:
        """Read the outboxes now: an alert was just added."""
        for worker in self._workers:
            worker.wake.set()

    async def _give_up_alerts_of_missing_channels(self) -> None:
        """Give up the alerts of channels that were removed from the configuration."""
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
                reason="the configuration no longer has this channel; its alerts are given up",
                next="add the channel again, then: wirewatch alerts retry --all",
            )
        if not missing:
            await asyncio.Event().wait()  # run() lasts until it is cancelled, also without channels
        await asyncio.gather(*(worker.run() for worker in missing))

    async def _close(self) -> None:
        for channel in self._channels.values():
            await channel.aclose()
