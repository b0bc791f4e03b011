"""Delivers the alerts of one channel: claims alerts as slots become free, sends them and writes receipts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

from alerts.digest_times import digest_at
from alerts.outbox import Alert, Outbox, Settled
from alerts.outcomes import Channel, DigestChannel, Later, Outcome, OutgoingAlert, Refused, Sent
from alerts.payload import release_of
from alerts.quiet_hours import parse_quiet_hours, quiet_until
from alerts.redaction import Redactor, redactor_of
from alerts.retry_schedule import next_try
from alerts.urgent import UrgentBypass
from config.observability.sentry import report, traced
from stories.runtime.cancellation import raise_if_cancelled
from stories.runtime.failpoints import failpoint
from stories.runtime.heartbeats import beat, beating_as

log = structlog.get_logger(__name__)
T = TypeVar("T")

EVENT_EXPIRED = "its event is no longer stored"

POLL_INTERVAL = timedelta(
    seconds=1
)  # between two reads of the outbox without a wake-up, because another process may fill it
SHUTDOWN_GRACE = timedelta(
    seconds=1.5
)  # for deliveries in flight at shutdown; shorter than the daemon's own grace period
RELEASE_TIMEOUT = timedelta(seconds=0.7)  # for releasing the other leases; a lease that is not released expires
LEASE_MARGIN = timedelta(
    seconds=15
)  # for writing the receipt, also while Redis restarts; a crash delays an alert by this
MAX_PAUSE = timedelta(hours=1)  # a Retry-After delays the channel's other alerts too, but not for a day
FAILURES_UNTIL_DOWN = 5  # failed tries in a row; from then on one alert at a time probes the channel
PROBE_DELAYS_SECONDS = (
    1.0,
    2.0,
    4.0,
    8.0,
    15.0,
    30.0,
)  # a failing channel must not slow the others down
MAX_DIGEST_ALERTS = 200  # in one digest; a longer message is not read
MAX_DIGEST_MESSAGES = 4  # slow messages of one digest for which there is time; the rest is tried again
REDIS_RETRY_DELAYS_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(slots=True)
class DeliveryContext:
    """What all channel workers share."""

    outbox: Outbox
    now: Callable[[], datetime]
    rng: Random
    observe: Callable[[Alert, Settled], None]
    redis_is_down: bool = False

    async def retry_while_redis_is_down(self, call: Callable[[], Awaitable[T]], until: float | None = None) -> T | None:
        """Return the result of ``call``, repeated until Redis answers.

        Args:
            call: a command for Redis that may be repeated.
            until: loop time at which to give up; None for no limit.

        Returns:
            The result, or None if Redis did not answer before ``until``.
        """
        for attempt in range(1_000_000_000):
            beat()
            try:
                answer = await call()
            except RedisError as error:
                if not self.redis_is_down:
                    log.warning("redis_unavailable", error=str(error), next="alerts wait until Redis answers")
                self.redis_is_down = True
            else:
                if self.redis_is_down:
                    log.info("redis_available", next="alerts are delivered again")
                self.redis_is_down = False
                return answer
            pause = REDIS_RETRY_DELAYS_SECONDS[min(attempt, len(REDIS_RETRY_DELAYS_SECONDS) - 1)]
            if until is None:
                raise_if_cancelled()
            elif asyncio.get_running_loop().time() + pause > until:
                return None
            await asyncio.sleep(pause)
        return None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a channel sends nothing now, and for how long."""

    wait: timedelta
    allows_urgent: bool = False
    """Urgent alerts are sent all the same: the operator set this hold, not the receiver."""


@dataclass(slots=True)
class ChannelWorker:
    """One channel with its deliveries in flight."""

    channel: Channel
    context: DeliveryContext
    urgent: UrgentBypass = field(default_factory=lambda: UrgentBypass(frozenset()))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)
    _digest_is_due: bool = False
    """The digest's period is over: everything due is sent."""
    _consecutive_failures: int = 0
    """Failed tries in a row. After a failure, a digest does not collect for a second period."""
    _probe_at: float = 0.0
    """When a channel that is down is probed again, in loop time."""
    _redactor: Redactor = field(init=False)

    def __post_init__(self) -> None:
        self._redactor = redactor_of(self.channel.settings)

    @property
    def _timeout(self) -> timedelta:
        """Time limit of one try; a digest may need several messages."""
        return self.channel.timeout * (MAX_DIGEST_MESSAGES if self.channel.settings.digest is not None else 1)

    async def run(self, *, until_empty: bool = False) -> None:
        """Deliver until cancelled, or, with ``until_empty``, until nothing is due. Deliveries in flight may finish."""
        with beating_as(f"alerts to {self.channel.name}"):
            try:
                await self._take_over()
                while True:
                    beat()
                    wait = await self._fill()
                    raise_if_cancelled()
                    if until_empty and not self._sending and (wait is None or wait > timedelta()):
                        return
                    await self._sleep(wait)
            finally:
                await self._shut_down()

    async def _take_over(self) -> None:
        """Make alerts due that a previous daemon was sending: their leases would delay later alerts of the story."""
        lease = self._timeout + LEASE_MARGIN
        taken = await self.context.retry_while_redis_is_down(
            lambda: self.context.outbox.take_over(self.channel.name, lease)
        )
        if taken:
            log.info("alerts_taken_over", channel=self.channel.name, alerts=taken)

    async def _fill(self) -> timedelta | None:
        """Claim alerts for the free slots. Return the time until the next claim, or None to wait for a wake-up."""
        free = self.channel.concurrency - len(self._sending)
        if self._consecutive_failures >= FAILURES_UNTIL_DOWN:
            free = 1 - len(self._sending)
            if free > 0 and (pause := self._probe_at - asyncio.get_running_loop().time()) > 0:
                return timedelta(seconds=pause)
        if free <= 0:
            return None
        held, only = await self._hold(), None
        if held is not None:
            only = await self._urgent_due(free) if held.allows_urgent else []
            if not only:
                return held.wait
        digest = self.channel.settings.digest is not None and isinstance(self.channel, DigestChannel)
        limit = MAX_DIGEST_ALERTS if digest else free
        lease = self._timeout + LEASE_MARGIN
        claim = await self.context.retry_while_redis_is_down(
            lambda: self.context.outbox.claim(
                self.channel.name, limit, lease, together=digest, only=only, rate=self.channel.settings.rate
            )
        )
        if claim is None:
            return None
        if claim.given_up:
            log.warning(
                "alerts_given_up",
                channel=self.channel.name,
                alerts=claim.given_up,
                reason="the channel is switched off",
                next="wirewatch alerts retry --all",
            )
        if claim.alerts:
            failpoint("alert-claimed")
        lost_at = asyncio.get_running_loop().time() + lease.total_seconds()
        for batch in [claim.alerts] if digest and claim.alerts else [(alert,) for alert in claim.alerts]:
            task = asyncio.create_task(self._deliver(batch, lost_at))
            self._sending.add(task)
            task.add_done_callback(self._on_task_done)
        if held is not None:
            return held.wait
        if not claim.alerts and not claim.held and not self._sending and not self._consecutive_failures:
            self._digest_is_due = False
        return claim.wait

    async def _urgent_due(self, free: int) -> list[str] | None:
        """Return the urgent alerts, which are sent during quiet hours and before a digest is due."""
        passing = await self.context.retry_while_redis_is_down(
            lambda: self.urgent.due(self.context.outbox, self.channel.name)
        )
        return passing[: MAX_DIGEST_ALERTS if self.channel.settings.digest is not None else free] if passing else None

    async def _hold(self) -> Hold | None:
        """Return the hold that the operator configured: quiet hours, or a digest that still collects."""
        settings, now = self.channel.settings, self.context.now()
        if settings.quiet_hours is not None:
            end = quiet_until(parse_quiet_hours(settings.quiet_hours), now)
            if end is not None:
                return Hold(end - now, allows_urgent=True)
        if settings.digest is not None and not self._digest_is_due:
            overdue = await self.context.retry_while_redis_is_down(
                lambda: self.context.outbox.overdue(self.channel.name)
            )
            if overdue is None:
                return Hold(POLL_INTERVAL)
            wait = digest_at(now - overdue, settings.digest) - now
            if wait > timedelta():
                return Hold(wait, allows_urgent=True)
            self._digest_is_due = True
        return None

    async def _sleep(self, wait: timedelta | None) -> None:
        """Sleep until an alert is due, a slot becomes free, or ``wake`` is set."""
        span = POLL_INTERVAL if wait is None else min(max(wait, timedelta(milliseconds=2)), POLL_INTERVAL)
        waking = asyncio.create_task(self.wake.wait())
        try:
            await asyncio.wait(
                {waking, *self._sending}, timeout=span.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waking.cancel()
        self.wake.clear()

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("delivery_crashed", channel=self.channel.name, exc_info=error, next="the alert is sent again")
            report(error, stop="send")

    async def _shut_down(self) -> None:
        """Let deliveries in flight finish for ``SHUTDOWN_GRACE``, then cancel and release the others."""
        tasks = set(self._sending)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SHUTDOWN_GRACE.total_seconds())
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=RELEASE_TIMEOUT.total_seconds())

    async def _deliver(self, alerts: Sequence[Alert], lost_at: float) -> None:
        """Send one alert, or the alerts of one digest, and write the receipts."""
        try:
            failpoint("alert-sending")
            with contextlib.ExitStack() as traces:
                for name in dict.fromkeys(name for alert in alerts if (name := release_of(alert.body))):
                    traces.enter_context(traced("deliver", name))
                outcomes = await self._try([alert for alert in alerts if alert.body is not None])
            failpoint("alert-sent")
        except asyncio.CancelledError:
            until = asyncio.get_running_loop().time() + 1.0
            for alert in alerts:
                await self._release(alert, until)
            raise
        has_failed = any(isinstance(outcome, Later) for outcome in outcomes)
        self._consecutive_failures = self._consecutive_failures + 1 if has_failed else 0
        if self._consecutive_failures >= FAILURES_UNTIL_DOWN:
            pause = PROBE_DELAYS_SECONDS[
                min(self._consecutive_failures - FAILURES_UNTIL_DOWN, len(PROBE_DELAYS_SECONDS) - 1)
            ]
            self._probe_at = asyncio.get_running_loop().time() + pause
        answers = iter(outcomes)
        for alert in alerts:
            await self._settle(alert, next(answers) if alert.body is not None else Refused(EVENT_EXPIRED), lost_at)

    async def _release(self, alert: Alert, until: float) -> None:
        """Make an alert due again without counting a failure; ``until``: loop time at which this gives up."""
        await self.context.retry_while_redis_is_down(lambda: self.context.outbox.settle(alert, "released"), until)

    async def _try(self, alerts: Sequence[Alert]) -> list[Outcome]:
        """Send, and return each alert's outcome with the channel's secrets redacted, whatever the channel is."""
        return [self._redactor.outcome(outcome) for outcome in await self._send(alerts)]

    async def _send(self, alerts: Sequence[Alert]) -> Sequence[Outcome]:
        outgoing = [
            OutgoingAlert(event_id=alert.event, event=alert.body, attempt=alert.attempt)
            for alert in alerts
            if alert.body
        ]
        if not outgoing:
            return []
        seconds = self._timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                if isinstance(self.channel, DigestChannel) and self.channel.settings.digest is not None:
                    return await self.channel.send_digest(outgoing)
                return [await self.channel.send(outgoing[0])]
        except TimeoutError:
            return [Later(f"no result within {seconds:g} s")] * len(outgoing)
        except Exception as error:
            log.exception(
                "channel_crashed", channel=self.channel.name, alert=alerts[0].id, next="the alert is sent again"
            )
            report(error, stop="send")
            return [Later(f"{type(error).__name__} in the channel; the log has the traceback")] * len(outgoing)

    async def _settle(self, alert: Alert, outcome: Outcome, lost_at: float) -> None:
        """Write the receipt while the lease holds. Without a receipt, the alert is sent once more."""
        now = self.context.now()
        settled, words, wait = self._decide(alert, outcome, now)
        off = isinstance(outcome, Refused) and outcome.off
        pause = min(outcome.after, MAX_PAUSE) if isinstance(outcome, Later) and outcome.after else timedelta()
        applied = await self.context.retry_while_redis_is_down(
            lambda: self.context.outbox.settle(alert, settled, words, wait=wait, pause=pause, off=off), lost_at
        )
        said = {"channel": alert.channel, "alert": alert.id, "type": alert.type, "tries": alert.attempt}
        said |= {"release": name} if (name := release_of(alert.body)) else {}
        if not applied:
            log.warning("receipt_too_late", next="the alert is sent again", **said)
            return
        failpoint("alert-settled")
        if settled == "sent":
            log.info("sent", seconds=round((now - alert.created).total_seconds(), 3), detail=words, **said)
        elif settled == "later":
            log.warning("alert_failed", reason=words, retry_in=round(wait.total_seconds()), **said)
        else:
            log.error(
                "alert_given_up", reason=words, channel_off=off, next=f"wirewatch alerts retry {alert.id}", **said
            )
        self.context.observe(alert, settled)

    def _decide(self, alert: Alert, outcome: Outcome, now: datetime) -> tuple[Settled, str, timedelta]:
        if isinstance(outcome, Sent):
            return "sent", outcome.detail, timedelta()
        if isinstance(outcome, Refused):
            return "failed", outcome.reason, timedelta()
        due = next_try(alert.failures + 1, now, outcome.after, self.context.rng, self.channel.settings.retry)
        if due is None:
            return "failed", f"given up after {alert.failures + 1} tries; last reason: {outcome.reason}", timedelta()
        return "later", outcome.reason, due - now
