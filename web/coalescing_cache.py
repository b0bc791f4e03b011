"""One page, or part of a page, for all who ask for it at the same moment: a desk's screens reload together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")

CACHE_SECONDS = 1.0  # seconds; what changes more often comes to an open page by itself


class CoalescingCache:
    """What was made within the last second, by what it was made of."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[float, asyncio.Future[Any]]] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return what ``make`` makes, or what it made, or is making, for who asked just before."""
        now = asyncio.get_running_loop().time()
        self._made = {one: made for one, made in self._made.items() if now - made[0] < CACHE_SECONDS}
        if key not in self._made:
            self._made[key] = (now, asyncio.ensure_future(make()))
        # Shielded: that one of them leaves must not take the page from the others.
        return cast(T, await asyncio.shield(self._made[key][1]))
