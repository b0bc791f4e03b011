"""Supervises the long-running parts of a process: restarts a part that failed or hangs, or ends the process.

A part must be safe to restart in place: its state is in Redis, and doing a thing twice changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from config.observability.sentry import report
from scheduler.wiring import StartError
from stories.runtime.heartbeats import Heartbeats, recorded

log = structlog.get_logger(__name__)

HANG_SECONDS = 120.0  # without a turn of a loop; a call to a Redis that hangs takes 20 s with its retries
CHECK_SECONDS = 1.0  # between two checks for a part that hangs
STANDSTILL_SECONDS = 10.0  # between two checks: the whole process stood still, and no single loop is to blame
CANCEL_SECONDS = 8.0  # for a part that hangs to end; delivery waits 5 s for what is in flight

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartPolicy:
    """How often a part is restarted before the process ends."""

    faults: int = 5
    """So many faults within ``window`` end the process."""
    window: float = 300.0
    """Seconds."""
    first_backoff: float = 0.5
    """Seconds between the second fault within the window and the restart; it doubles with each further one."""
    longest_backoff: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Restart the part after a backoff (seconds; 0: immediately)."""

    backoff: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """End the process: restarting the part does not help."""

    faults: int


def next_step(faults: Sequence[float], now: float, policy: RestartPolicy) -> Restart | GiveUp:
    """Return what to do after a fault.

    Args:
        faults: when the part failed, the present fault included, in seconds of the same clock as ``now``.
        now: the present moment.
        policy: how many faults are accepted in which time.
    """
    recent = sum(now - moment <= policy.window for moment in faults)
    if recent >= policy.faults:
        return GiveUp(faults=recent)
    if recent <= 1:
        return Restart(backoff=0.0)
    return Restart(backoff=min(policy.first_backoff * 2.0 ** (recent - 2), policy.longest_backoff))


class PartFailedError(StartError):
    """A part failed again and again; the process must end, for its own supervisor to start it anew."""


class PartHangsError(RuntimeError):
    """A loop of a part does not turn any more."""


@dataclass(slots=True)
class _Part:
    name: str
    work: Work
    restartable: bool
    faults: list[float] = field(default_factory=list)
    backing_off: str | None = None
    """Why the part is not running now."""


def _uncounted(part: str) -> None:
    """Count nothing."""


class Supervisor:
    """Runs the parts of one process."""

    def __init__(
        self,
        *,
        restarted: Callable[[str], None] = _uncounted,
        fatal: tuple[type[BaseException], ...] = (),
        policy: RestartPolicy | None = None,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        """
        Args:
            restarted: called with the part's name at each restart, for the metrics.
            fatal: errors that end the process immediately: restarting a part does not help against them.
            policy: when to restart and when to end.
            hang_seconds: without a heartbeat, before a part that sent one counts as hanging.
        """
        self._restarted = restarted
        self._fatal = fatal
        self._policy = policy or RestartPolicy()
        self._hang_seconds = hang_seconds
        self._finishing = False
        self._parts: dict[str, _Part] = {}
        self.tasks: list[asyncio.Task[None]] = []
        """One for each part, in the order they were started."""

    def start(self, name: str, work: Work, *, restartable: bool = True) -> asyncio.Task[None]:
        """Run a part until its task is cancelled, and return that task.

        Args:
            name: of the part, in logs and metrics.
            work: returns a new coroutine of the part at each call; it should not end by itself.
            restartable: False for a part of which the end is the end of the process.
        """
        part = self._parts[name] = _Part(name, work, restartable)
        task = asyncio.create_task(self._keep_running(part), name=name)
        self.tasks.append(task)
        return task

    def waiting(self) -> dict[str, str]:
        """Return the parts that failed and wait for their restart, each with the reason."""
        return {part.name: part.backing_off for part in self._parts.values() if part.backing_off is not None}

    def finish(self) -> None:
        """Let the parts end: from now on one that ends is not restarted."""
        self._finishing = True

    async def until(self, stop: asyncio.Event) -> BaseException | None:
        """Return when ``stop`` is set (None), or with the error that must end the process."""
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            done, _ = await asyncio.wait([stopping, *self.tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
        for task in done - {stopping}:
            return _error_of(task)
        return None

    async def _keep_running(self, part: _Part) -> None:
        while True:
            error = await self._run_once(part)
            if self._finishing:
                return
            now = time.monotonic()
            part.faults = [moment for moment in part.faults if now - moment <= self._policy.window] + [now]
            error = _cause(error)
            why = f"{type(error).__name__}: {error}"
            if isinstance(error, self._fatal):
                raise error
            report(error, stop=part.name)
            step = next_step(part.faults, now, self._policy) if part.restartable else GiveUp(faults=1)
            if isinstance(step, GiveUp):
                log.error("part_failed", part=part.name, reason=why, faults=step.faults, next="this process ends")
                raise PartFailedError(_in_words(part, step, why, self._policy)) from error
            log.error("part_restarted", part=part.name, reason=why, faults=len(part.faults), restart_in=step.backoff)
            part.backing_off = why
            await asyncio.sleep(step.backoff)
            part.backing_off = None
            self._restarted(part.name)

    async def _run_once(self, part: _Part) -> BaseException:
        """Run a part until it fails, ends or hangs, and return why it is over; cancellation is passed on."""
        heartbeats = Heartbeats()
        with recorded(heartbeats, part.name):
            running = asyncio.create_task(part.work(), name=part.name)
        checked = time.monotonic()
        try:
            while True:
                done, _ = await asyncio.wait([running], timeout=CHECK_SECONDS)
                if done:
                    return _error_of(running)
                now = time.monotonic()
                if now - checked > STANDSTILL_SECONDS:
                    heartbeats.restart(now)
                checked = now
                stale = heartbeats.stale(now, self._hang_seconds)
                if stale:
                    running.cancel()
                    await asyncio.wait([running], timeout=CANCEL_SECONDS)
                    loops = ", ".join(f"{loop} for {seconds:.0f} s" for loop, seconds in sorted(stale.items()))
                    return PartHangsError(f"no turn of {loops}")
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait([running])
            raise


async def outcome_of(task: asyncio.Task[None]) -> None:
    """Return when a task that another one ends is over, or raise why it failed; it cannot be restarted."""
    await asyncio.shield(task)


def _cause(error: BaseException) -> BaseException:
    """Return the error itself where a task group wrapped it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _error_of(task: asyncio.Task[Any]) -> BaseException:
    if task.cancelled():
        return RuntimeError("it was cancelled from inside")
    return task.exception() or RuntimeError("it ended by itself")


def _in_words(part: _Part, step: GiveUp, why: str, policy: RestartPolicy) -> str:
    if not part.restartable:
        return f"{part.name} ended ({why}); start wirewatch again"
    times = f"{step.faults} times within {policy.window:.0f} s"
    return f"{part.name} failed {times}, the last time with {why}; start wirewatch again"
