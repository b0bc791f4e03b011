"""The mirror of Redis: what it restores into an empty one, and what it does not take for the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.leader import redis_mirror
from scheduler.leader.redis_mirror import Loss, Mirror
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.cursors import Cursors
from stories.db import keys
from stories.db.fencing import ForgottenError, MemoryMark
from stories.model.ids import release_id_bytes
from stories.model.sighting import Cursor, PendingSighting, Sighting
from stories.store.archive import Archive

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
MARK = "0123456789abcdef"
PAGES = "https://wire.example/"
CURSOR = Cursor(read_at="2026-03-10T08:59:00.000Z", etag='"1"', window="w", next_at="2026-03-11T09:00:00.000Z")


@dataclass(frozen=True)
class Watched:
    """A listing as the mirror needs it."""

    source: str = "wire"
    url: str = PAGES
    tag: str | None = None


def waiting(number):
    return PendingSighting(
        source="wire", listing=PAGES, tag=None, sighting=Sighting(url=f"{PAGES}{number}"),
        listed_at="2026-03-10T08:59:00.000Z",
    )  # fmt: skip


@pytest.fixture
def mirror(redis, tmp_path):
    return Mirror(redis, [Watched()], ["hook"], tmp_path / "known.json")


async def seen(mirror, redis):
    """Let the mirror read what Redis has, under a mark."""
    await redis.set(keys.memory_mark().name, MARK)
    await mirror.read(MARK, NOW)


async def test_waiting_pages_come_back_to_the_backlog_however_many_there_are(mirror, redis, monkeypatch):
    monkeypatch.setattr(redis_mirror, "MAX_OPEN", 10)
    stores = CrawlStores.from_redis(redis)
    await stores.pending_sightings.add([waiting(number) for number in range(1200)], NOW + timedelta(hours=1))
    await seen(mirror, redis)
    await redis.flushall()
    await mirror.restore("new", NOW)
    assert await Backlog(redis).size("wire") == 1200
    taken = await Backlog(redis, MemoryMark(name="new")).take("wire", 1200, NOW)
    assert {content.pending for content in taken} == {waiting(number) for number in range(1200)}


async def test_what_a_first_poll_held_goes_behind_new_releases_and_stays_silent(mirror, redis):
    stores, old, new = CrawlStores.from_redis(redis), waiting(1), waiting(2)
    await stores.pending_sightings.add([old, new], NOW)
    digest = (await redis.zrange(keys.pending_due().name, 0, -1))[0].decode()
    await redis.sadd(keys.seeded(listing_key("wire", PAGES)).name, digest)
    await seen(mirror, redis)
    await redis.flushall()
    await mirror.restore("new", NOW)
    (first,) = await Backlog(redis).take("wire", 5, NOW, new_only=True)
    (second,) = await Backlog(redis).take("wire", 5, NOW)
    assert second.first_poll
    assert {first.pending, second.pending} == {old, new}
    assert await redis.hlen(keys.recovered_releases().name) == 1


async def test_a_restored_listing_is_read_whole_and_says_when_it_is_polled(mirror, redis):
    listing = listing_key("wire", PAGES)
    await Cursors(redis).put(listing, CURSOR)
    await seen(mirror, redis)
    await redis.flushall()
    await mirror.restore("new", NOW)
    found = await Cursors(redis, memory=MemoryMark(name="new")).get(listing)
    assert (found.read_at, found.window, found.etag) == (CURSOR.read_at, "w", None)
    assert found.next_at == "2026-03-10T09:00:00.000Z"


async def test_the_dictionaries_of_releases_come_back_since_releases_are_packed_with_them(mirror, redis):
    await redis.hset(keys.dictionaries().name, mapping={"7": b"\x00\xff dictionary", "newest": "7"})
    await seen(mirror, redis)
    await mirror.save()
    again = Mirror(redis, [Watched()], ["hook"], mirror._file)
    assert again.load()
    await redis.flushall()
    await again.restore("new", NOW)
    assert await redis.hget(keys.dictionaries().name, "7") == b"\x00\xff dictionary"
    assert await redis.ttl(keys.dictionaries().name) == -1


async def test_a_redis_that_is_emptied_while_it_is_read_is_not_what_is_known(mirror, redis):
    await Cursors(redis).put(listing_key("wire", PAGES), CURSOR)
    await seen(mirror, redis)
    await redis.flushall()
    with pytest.raises(ForgottenError):
        await mirror.read(MARK, NOW)
    assert mirror.known.cursors


async def test_a_loss_without_anything_known_is_told_too(mirror, redis):
    loss = await mirror.restore("new", NOW)
    assert loss.since == "2026-03-10T09:00:00.000Z"
    assert "may reach fewer channels" in loss.words
    assert msgspec.json.decode(await redis.get(keys.data_loss().name), type=Loss) == loss


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(min_size=1, max_size=60))
async def test_random_bytes_anywhere_do_not_end_the_mirror(redis_url, tmp_path, junk):
    from redis.asyncio import Redis

    name = "rel_" + "0" * 26
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
        await redis.zadd(keys.releases().name, {name: 1, "no id": 2})
        await redis.set(keys.release(name).name, junk, ex=60)
        await redis.set(keys.cursor(listing_key("wire", PAGES)).name, junk, ex=60)
        await redis.hset(keys.pending_sightings().name, "one", junk)
        await redis.zadd(keys.outbox("hook").name, {"evt_1:hook": 1})
        entry = await redis.xadd(keys.history().name, {"event": junk})
        await redis.set(keys.event("evt_1").name, entry, ex=60)
        await redis.hset(keys.source("wire").name, "of x", junk)
        await redis.expire(keys.source("wire").name, 60)
        mirror = Mirror(redis, [Watched()], ["hook"], tmp_path / "known.json")
        await seen(mirror, redis)
        await mirror.save()
        await redis.flushall()
        await mirror.restore("new", NOW)
        assert await redis.hexists(keys.recovered_releases().name, release_id_bytes(name))
        assert await Archive(redis).releases_by_id([name]) == []
