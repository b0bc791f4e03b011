"""One channel's way out: claims its alerts as slots come free, sends them, writes the receipts."""

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

POLL_INTERVAL = timedelta(
    seconds=1
)  # between two looks at an outbox that nobody woke us for: another process may fill it
SHUTDOWN_GRACE = timedelta(seconds=1.5)  # for what is under way at the stop; a third of what the daemon has for its own
RELEASE_TIMEOUT = timedelta(seconds=0.7)  # for releasing the rest; leases that cannot be released end by themselves
LEASE_MARGIN = timedelta(seconds=15)  # to settle in, also with a Redis that restarts; a crash delays by this
MAX_PAUSE = timedelta(hours=1)  # a channel's Retry-After holds its other alerts too, but not for a day
FAILURES_UNTIL_DOWN = 5  # tries in a row that failed: from then on one alert at a time asks whether the channel is back
PROBE_DELAYS_SECONDS = (
    1.0,
    2.0,
    4.0,
    8.0,
    15.0,
    30.0,
)  # seconds between two that ask: a dead channel costs the others nothing
MAX_DIGEST_ALERTS = 200  # alerts in one digest: a message longer than that is read by nobody
REDIS_RETRY_DELAYS_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # seconds between two tries to reach Redis


@dataclass(slots=True)
class DeliveryContext:
    """What the workers share."""

    outbox: Outbox
    now: Callable[[], datetime]
    rng: Random
    observe: Callable[[Alert, Settled], None]
    redis_is_away: bool = False

    async def retry_while_redis_is_down(self, call: Callable[[], Awaitable[T]], until: float | None = None) -> T | None:
        """Return what ``call`` gives, however long Redis is away (None: it still was at ``until``, loop time)."""
        for attempt in range(1_000_000_000):
            beat()
            try:
                answer = await call()
            except RedisError as error:
                if not self.redis_is_away:
                    log.warning("redis is away; alerts wait", error=str(error))
                self.redis_is_away = True
            else:
                if self.redis_is_away:
                    log.info("redis is back; alerts go on")
                self.redis_is_away = False
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
    """Why a worker may send nothing now."""

    wait: timedelta
    allows_urgent: bool = False
    """It is the reader's wish, not the receiver's limit."""


@dataclass(slots=True)
class ChannelWorker:
    """A channel and what is under way on it."""

    channel: Channel
    context: DeliveryContext
    urgent: UrgentBypass = field(default_factory=lambda: UrgentBypass(frozenset()))
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)
    _digest_is_due: bool = False
    """The digest's time has come: what is due goes, until nothing is."""
    _consecutive_failures: int = 0
    """Tries that failed in a row; after one, a digest that is tried again does not gather for a second period."""
    _probe_at: float = 0.0
    """When a channel that is down is asked again, in loop time."""
    _redactor: Redactor = field(init=False)

    def __post_init__(self) -> None:
        self._redactor = redactor_of(self.channel.settings)

    async def run(self, *, until_empty: bool = False) -> None:
        """Deliver until cancelled, or until nothing is due; what is under way then may end."""
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
        """Make due what an ended daemon was sending: its lease would hold up the story's later alerts too."""
        lease = self.channel.timeout + LEASE_MARGIN
        taken = await self.context.retry_while_redis_is_down(
            lambda: self.context.outbox.take_over(self.channel.name, lease)
        )
        if taken:
            log.info("alerts_taken_over", channel=self.channel.name, alerts=taken)

    async def _fill(self) -> timedelta | None:
        """Claim into the free slots; return when it is worth looking again (None: when something happens)."""
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
        lease = self.channel.timeout + LEASE_MARGIN
        claim = await self.context.retry_while_redis_is_down(
            lambda: self.context.outbox.claim(
                self.channel.name, limit, lease, together=digest, only=only, rate=self.channel.settings.rate
            )
        )
        if claim is None:
            return None
        if claim.given_up:
            log.warning("given up: the channel is off", channel=self.channel.name, alerts=claim.given_up)
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
        """Return the alerts that go out although the channel is quiet or gathers."""
        passing = await self.context.retry_while_redis_is_down(
            lambda: self.urgent.due(self.context.outbox, self.channel.name)
        )
        return passing[: MAX_DIGEST_ALERTS if self.channel.settings.digest is not None else free] if passing else None

    async def _hold(self) -> Hold | None:
        """Return how long the reader wants nothing: quiet hours, a digest that gathers."""
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
            if overdue < settings.digest:
                return Hold(settings.digest - overdue, allows_urgent=True)
            self._digest_is_due = True
        return None

    async def _sleep(self, wait: timedelta | None) -> None:
        """Sleep until an alert is due, a slot comes free, or somebody wakes us."""
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
            log.error("a delivery broke; the alert is due again", channel=self.channel.name, exc_info=error)
            report(error, stop="send")

    async def _shut_down(self) -> None:
        """Let what is under way end for a moment; the rest is cancelled and released."""
        tasks = set(self._sending)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=SHUTDOWN_GRACE.total_seconds())
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=RELEASE_TIMEOUT.total_seconds())

    async def _deliver(self, alerts: Sequence[Alert], lost_at: float) -> None:
        """Try one alert, or the alerts of one digest, and write what became of it."""
        try:
            failpoint("alert-sending")
            with contextlib.ExitStack() as traces:
                for name in dict.fromkeys(name for alert in alerts if (name := release_of(alert.body))):
                    traces.enter_context(traced("deliver", name))
                outcome = await self._try([alert for alert in alerts if alert.body is not None])
            failpoint("alert-sent")
        except asyncio.CancelledError:
            until = asyncio.get_running_loop().time() + 1.0
            for alert in alerts:
                await self._release(alert, until)
            raise
        self._consecutive_failures = self._consecutive_failures + 1 if isinstance(outcome, Later) else 0
        if self._consecutive_failures >= FAILURES_UNTIL_DOWN:
            pause = PROBE_DELAYS_SECONDS[
                min(self._consecutive_failures - FAILURES_UNTIL_DOWN, len(PROBE_DELAYS_SECONDS) - 1)
            ]
            self._probe_at = asyncio.get_running_loop().time() + pause
        for alert in alerts:
            await self._settle(
                alert, outcome if alert.body is not None else Refused("its event is kept no longer"), lost_at
            )

    async def _release(self, alert: Alert, until: float) -> None:
        """Make an alert due again without counting a failure; ``until``: loop time at which this gives up."""
        await self.context.retry_while_redis_is_down(lambda: self.context.outbox.settle(alert, "released"), until)

    async def _try(self, alerts: Sequence[Alert]) -> Outcome:
        """Send, and return the outcome without any secret of the channel: here reasons are made, for every channel."""
        return self._redactor.outcome(await self._send(alerts))

    async def _send(self, alerts: Sequence[Alert]) -> Outcome:
        outgoing = [
            OutgoingAlert(event_id=alert.event, event=alert.body, attempt=alert.attempt)
            for alert in alerts
            if alert.body
        ]
        if not outgoing:
            return Refused("its event is kept no longer")
        seconds = self.channel.timeout.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                if isinstance(self.channel, DigestChannel) and self.channel.settings.digest is not None:
                    return await self.channel.send_digest(outgoing)
                return await self.channel.send(outgoing[0])
        except TimeoutError:
            return Later(f"not done within {seconds:g} s")
        except Exception as error:
            log.exception("the channel broke; trying again", channel=self.channel.name, alert=alerts[0].id)
            report(error, stop="send")
            return Later(f"{type(error).__name__} in the channel; see the log")

    async def _settle(self, alert: Alert, outcome: Outcome, lost_at: float) -> None:
        """Write the receipt, as long as the lease holds; a receipt that cannot be written means one repeat."""
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
            log.warning("the receipt came too late; the alert goes again", **said)
            return
        failpoint("alert-settled")
        if settled == "sent":
            log.info("sent", seconds=round((now - alert.created).total_seconds(), 3), detail=words, **said)
        elif settled == "later":
            log.warning("trying again", reason=words, seconds=round(wait.total_seconds()), **said)
        else:
            log.error("given up", reason=words, channel_off=off, **said)
        self.context.observe(alert, settled)

    def _decide(self, alert: Alert, outcome: Outcome, now: datetime) -> tuple[Settled, str, timedelta]:
        if isinstance(outcome, Sent):
            return "sent", outcome.detail, timedelta()
        if isinstance(outcome, Refused):
            return "failed", outcome.reason, timedelta()
        due = next_try(alert.failures + 1, now, outcome.after, self.context.rng, self.channel.settings.retry)
        if due is None:
            return "failed", f"given up after {alert.failures + 1} tries; the last: {outcome.reason}", timedelta()
        return "later", outcome.reason, due - now
