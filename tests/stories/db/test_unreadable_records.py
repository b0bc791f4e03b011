"""Records that cannot be decoded end nothing, and data that cannot be read is refused in words."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program import Program
from redis import Redis as BlockingRedis

from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.db.acl import RULE, missing_permissions
from stories.db.codec import phrases_digest
from stories.store import migrations
from stories.store.archive import Archive
from stories.store.migrations import LayoutError, settle_layout


def test_the_packing_phrases_change_only_with_a_new_layout():
    assert (migrations.LAYOUT, phrases_digest()) == (1, "caa75b484631437b"), (
        "other phrases cannot read stored releases: add a step"
    )


async def test_data_packed_with_other_phrases_is_refused_and_not_touched(redis, redis_url, tmp_path):
    await redis.set(keys.phrases_digest().name, "0123456789abcdef")
    with pytest.raises(LayoutError, match="another packing dictionary"):
        await settle_layout(redis)
    assert await redis.keys("*") == [keys.phrases_digest().name.encode()]
    program = Program(folder=tmp_path, table={"redis_url": redis_url, "catalog": False}, environment={})
    for command in ("check", "releases"):
        ended = await program.within(command)
        assert ended.status == 1
        assert "another packing dictionary" in ended.err
        assert "Traceback" not in ended.err


async def test_data_of_other_phrases_without_a_digest_is_refused_by_its_releases(redis):
    name = "rel_" + "0" * 26
    await redis.zadd(keys.releases().name, {name: 1})
    await redis.set(keys.release(name).name, b"1 sty_x - t new 1 why\n\x28\xb5\x2f\xfd\x20\x05broken", ex=60)
    with pytest.raises(LayoutError, match="none of its newest 1 releases can be read"):
        await settle_layout(redis)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(min_size=1, max_size=80))
async def test_random_bytes_in_a_record_are_left_out(redis_url, junk):
    from redis.asyncio import Redis

    name = "rel_" + "0" * 26
    with BlockingRedis.from_url(redis_url) as client:
        client.flushall()
        client.set(keys.release(name).name, junk, ex=60)
        client.set(keys.cursor("listing").name, junk, ex=60)
        client.hset(keys.gaps("wire").name, "one", junk)
        client.expire(keys.gaps("wire").name, 60)
        client.set(keys.crawl("one").name, junk, ex=60)
    async with Redis.from_url(redis_url) as redis:
        stores = CrawlStores.from_redis(redis)
        assert await Archive(redis).releases_by_id([name]) == []
        assert (await stores.cursors.get("listing")).read_at is not None, (
            "a listing is not seeded because its record is broken"
        )
        assert await stores.source_status.gaps("wire") == []
        assert (await stores.source_status.health("wire")).gaps == ()
        assert await stores.crawl_requests.state("one") is None


async def test_a_user_without_channels_is_told_so_before_anything_is_shared(redis, redis_url):
    from redis.asyncio import Redis

    without = RULE.replace("&*", "resetchannels").split()
    await redis.execute_command("ACL", "SETUSER", "mute", "on", ">canary-8", *without)
    await redis.execute_command("ACL", "SETUSER", "desk", "on", ">canary-8", *RULE.split())
    try:
        async with Redis.from_url(redis_url, username="mute", password="canary-8") as mute:
            assert await missing_permissions(mute) == ["&*"]
        async with Redis.from_url(redis_url, username="desk", password="canary-8") as whole:
            assert await missing_permissions(whole) == []
    finally:
        await redis.execute_command("ACL", "DELUSER", "mute", "desk")
