"""A daemon and the workers that it finds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from types import SimpleNamespace
from typing import Any, cast

from scheduler.colleagues import Colleagues
from scheduler.sharing import SharedQueue
from stories.crew import Crew


async def test_a_daemon_that_lacks_the_extra_for_workers_goes_on_alone_when_one_comes(redis, redis_url, monkeypatch):
    monkeypatch.setitem(sys.modules, "docket", None)
    await Crew(redis).beat("worker/")
    newsroom, lease = SimpleNamespace(redis=redis, url=redis_url), SimpleNamespace(term=0, holds=True)
    services, queue = SimpleNamespace(claims=SimpleNamespace(run="daemon/")), SharedQueue()
    colleagues = Colleagues(cast(Any, newsroom), cast(Any, lease))
    running = asyncio.create_task(colleagues.run(cast(Any, services), queue))
    looked = asyncio.create_task(colleagues.looked.wait())
    await asyncio.wait([running, looked], return_when=asyncio.FIRST_COMPLETED, timeout=60)
    assert looked.done()
    assert not running.done()
    assert queue.hand_out is None
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
