"""One loop for all: the asyncio reactor that Scrapy needs carries APScheduler, Redis, delivery and the web too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine in a new loop with Twisted's asyncio reactor on it, and return or raise what it does."""
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor as installed

    reactor: Any = installed

    outcome: asyncio.Future[T] = loop.create_future()

    async def play() -> None:
        try:
            outcome.set_result(await main())
        except BaseException as error:
            outcome.set_exception(error)
        finally:
            reactor.stop()

    played: list[asyncio.Task[None]] = []  # the loop keeps only a weak reference to a task
    reactor.callWhenRunning(lambda: played.append(loop.create_task(play())))
    reactor.run(installSignalHandlers=False)
    return outcome.result()
