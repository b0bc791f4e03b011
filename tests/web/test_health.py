"""What probes and Prometheus see."""

from __future__ import annotations

from datetime import timedelta

from archive_filler import ArchiveFiller
from redis.asyncio import Redis

from stories.crawl_state.clock_ticks import ClockTicks


async def test_the_process_says_that_it_lives(site):
    async with site.http.get("/healthz") as reply:
        assert (reply.status, await reply.text()) == (200, "ok\n")


async def test_it_is_ready_when_redis_answers_and_the_clock_ticked(site, redis: Redis, archive: ArchiveFiller):
    await ClockTicks(redis).record(archive.now)
    async with site.http.get("/readyz") as reply:
        said = await reply.json()
    assert reply.status == 200
    assert said["ready"] is True
    assert said["checks"]["redis"] == {"ok": True, "detail": "answers and takes writes"}
    assert said["checks"]["clock"]["ok"] is True


async def test_a_clock_that_stopped_is_not_ready(site, redis: Redis, archive: ArchiveFiller):
    await ClockTicks(redis).record(archive.now - timedelta(minutes=3))
    async with site.http.get("/readyz") as reply:
        said = await reply.json()
    assert reply.status == 503
    assert said["ready"] is False
    assert said["checks"]["clock"]["ok"] is False
    assert "210 s ago" in said["checks"]["clock"]["detail"]


async def test_without_redis_it_lives_and_is_not_ready(serve, tmp_path):
    async with Redis.from_url(f"unix://{tmp_path}/none.sock") as away, serve(client=away) as site:
        async with site.http.get("/healthz") as reply:
            assert reply.status == 200
        async with site.http.get("/readyz") as reply:
            said = await reply.json()
        assert reply.status == 503
        assert said["checks"]["redis"]["ok"] is False
        assert said["checks"]["clock"]["ok"] is False


async def test_the_figures_are_what_the_registry_holds(site):
    async with site.http.get("/metrics") as reply:
        assert reply.headers["Content-Type"].startswith("text/plain")
        assert "wirewatch_events_total 3.0" in await reply.text()
