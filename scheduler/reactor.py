"""Runs a coroutine on Twisted's asyncio reactor; everything shares its event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from stories.runtime.allocator import bound_allocator

T = TypeVar("T")


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine in a new loop with Twisted's asyncio reactor, and return its result or raise its exception.

    SIGINT and SIGTERM cancel it, unless it installs its own handlers; then ``SystemExit`` with 130 or 143 is raised.
    """
    from twisted.internet import asyncioreactor

    bound_allocator()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed

    outcome: asyncio.Future[T] = loop.create_future()
    signals: list[int] = []

    def end(number: int) -> None:
        signals.append(number)
        for task in played:
            task.cancel()

    async def play() -> None:
        try:
            outcome.set_result(await main())
        except BaseException as error:
            outcome.set_exception(error)
        finally:
            reactor.stop()

    played: list[asyncio.Task[None]] = []  # the loop keeps only a weak reference to a task
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    reactor.callWhenRunning(lambda: played.append(loop.create_task(play())))
    reactor.run(installSignalHandlers=False)
    if signals and outcome.done() and isinstance(outcome.exception(), asyncio.CancelledError):
        raise SystemExit(128 + signals[0])
    return outcome.result()
