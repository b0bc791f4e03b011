"""A cache that renders a page once for concurrent requests, because all open browsers reload at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")

CACHE_SECONDS = 1.0  # newer changes reach an open page through the event stream


class CoalescingCache:
    """Results of the last second, by key. Concurrent calls with the same key share one result."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return the result of ``make``, or the recent or running result of an earlier call with this key."""
        now = asyncio.get_running_loop().time()
        self._made = {other: made for other, made in self._made.items() if now - made[0] < CACHE_SECONDS}
        if key not in self._made:
            self._made[key] = (now, asyncio.ensure_future(make()))
        # Shielded, because a client that disconnects must not cancel the page of the others.
        return cast(T, await asyncio.shield(self._made[key][1]))
