"""Going through lists page by page while others write: nothing is left out, nothing comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from archive_filler import ArchiveFiller
from redis.asyncio import Redis
from waiting import until

WRITERS = 4  # their releases are first seen in the same milliseconds
ROUNDS = 5  # before anybody reads
PAGE = 3


class Writers:
    """Several who keep releases at the same moments, and one that changes an earlier one in place."""

    def __init__(self, redis: Redis) -> None:
        self._fillers = [ArchiveFiller(redis) for _ in range(WRITERS)]
        self._reviser = ArchiveFiller(redis)
        self.ids: list[str] = []
        self.rounds = 0

    async def round(self) -> None:
        """Keep a release of each; and another state of the first one of all."""
        number = self.rounds
        kept = await asyncio.gather(
            *(
                filler.publish(f"Number {number}", url=f"https://wire-{who}.example/{number}", tags=("Battery",))
                for who, filler in enumerate(self._fillers)
            )
        )
        if not self.ids:
            self._first = kept[0]
        self._first = await self._reviser.revise(self._first, headline=f"Number 0, as of {number}")
        self.ids += [release.id or "" for release in kept]
        self.rounds += 1

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Keep on for as long as the block lasts."""

        async def go_on() -> None:
            while True:
                await self.round()

        work = asyncio.create_task(go_on())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.wait([work])

    async def something_comes(self) -> None:
        """Return when more was kept than was until now."""
        so_far = self.rounds
        await until(lambda: self.rounds > so_far)


@pytest.fixture(params=["with an index", "without an index"])
def either(request: pytest.FixtureRequest) -> Any:
    """The site, with and without an index."""
    return request.getfixturevalue("indexed" if request.param == "with an index" else "site")


async def read(site: Any, path: str, **query: Any) -> Any:
    """Return an answer."""
    async with site.http.get(path, params=query) as reply:
        assert reply.status == 200, await reply.text()
        return await reply.json()


@pytest.mark.parametrize("wanted", [{}, {"tag": "battery"}, {"q": "number", "source": "harbour"}], ids=str)
async def test_a_list_is_read_to_its_end_while_releases_arrive(either: Any, redis: Redis, wanted: Any) -> None:
    writers = Writers(redis)
    for _ in range(ROUNDS):
        await writers.round()
    stored = list(writers.ids)
    seen: list[tuple[str, str]] = []
    cursor: dict[str, str] = {}
    async with writers.at_work():
        while True:
            said = await read(either, "/api/v1/releases", limit=PAGE, **wanted, **cursor)
            seen += [(release["first_seen_at"], release["id"]) for release in said["releases"]]
            if said["next"] is None:
                break
            cursor = {"cursor": said["next"]}
            await writers.something_comes()
    ids = [own for _, own in seen]
    assert len(ids) == len(set(ids))
    assert set(stored) <= set(ids)
    assert seen == sorted(seen, reverse=True)


async def test_events_are_read_to_their_end_while_they_happen(site: Any, redis: Redis) -> None:
    writers = Writers(redis)
    seen: list[str] = []
    after: dict[str, str] = {}
    async with writers.at_work():
        await writers.something_comes()
        while writers.rounds < 2 * ROUNDS:
            said = await read(site, "/api/v1/events", limit=PAGE, **after)
            seen += [event["id"] for event in said["events"]]
            after = {"after": said["next"]}
    while (said := await read(site, "/api/v1/events", limit=PAGE, **after))["events"]:
        seen += [event["id"] for event in said["events"]]
        after = {"after": said["next"]}
    whole = await read(site, "/api/v1/events", limit=500)
    assert seen == [event["id"] for event in whole["events"]]
    assert len(seen) >= writers.rounds * WRITERS
