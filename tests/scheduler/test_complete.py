"""After a burst every release is found, or lies in a gap that is told; a host is asked as it wants, whoever asks it."""

from __future__ import annotations

import pytest
from daemon import running
from window_site import serve_windows

from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.model.timestamps import timestamp

SOON = 90  # seconds; a busy machine
BURST = 200  # releases between two polls of a feed that shows 20
PACE = 0.15  # seconds


@pytest.fixture
def table(redis_url, receiver):
    """A configuration without sources: one watch that takes everything, the monitor's own events too."""
    return {
        "catalog": False,
        "redis_url": redis_url,
        "web": {"port": 0},
        "polling": {"interval": "1s", "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "watches": {"all": {"events": ["new", "source"]}},
        "channels": {"hook": {"type": "webhook", "url": receiver.url}},
    }


def feed(site, name, **more):
    return {"listings": [{"url": f"{site.base}/{name}.rss"}], **more}


async def test_of_a_burst_nothing_is_missed_that_is_not_in_a_gap(table, redis, receiver, until, tmp_path):
    claims, stores = Claims(redis), CrawlStores.from_redis(redis)

    async def missed(issued):
        return [release for release in issued if not await claims.release_id(release.url)]

    async with serve_windows(paged=frozenset({"paged"})) as site:
        for name in ("paged", "bare"):
            site.publish(name, 25)
        table["sources"] = {name: feed(site, name) for name in ("paged", "bare")}
        async with running(table, tmp_path):
            first = {name: site.columns[name][-site.depth :] for name in ("paged", "bare")}
            await until(lambda: nothing(missed, [*first["paged"], *first["bare"]]), SOON)
            burst = {name: site.publish(name, BURST) for name in ("paged", "bare")}
            await until(lambda: nothing(missed, burst["paged"]), SOON)
            assert await stores.source_status.gaps("paged") == []
            (gap,) = await until(lambda: stores.source_status.gaps("bare"), SOON)
            await until(lambda: nothing(missed, burst["bare"][-site.depth :]), SOON)
            lost = await missed(burst["bare"])
            assert len(lost) == BURST - site.depth
            assert all(gap.from_at <= timestamp(release.at) <= gap.to_at for release in lost)
            (told,) = await until(lambda: [event for event in receiver.events if event["type"] == "source.gap"], SOON)
            assert told["data"]["source"] == "bare"
            assert (told["data"]["from"], told["data"]["to"]) == (gap.from_at, gap.to_at)


async def nothing(missed, issued):
    """Whether none of the releases is missed."""
    return not await missed(issued)


async def test_a_host_is_asked_at_its_pace_and_left_alone_when_it_says_so_by_whoever_asks(
    table, program, until, tmp_path
):
    async with serve_windows(robots="User-agent: *\nDisallow: /secret") as site:
        for name in ("one", "two", "three"):
            site.publish(name, 3)
        table["sources"] = {name: feed(site, name, pace=f"{PACE}s") for name in ("one", "two", "three")}
        table["sources"]["four"] = feed(site, "secret", pace=f"{PACE}s")
        async with running(table, tmp_path):
            await until(lambda: len(site.asked("/two.rss")) > 2 and len(site.asked("/three.rss")) > 2, SOON)
            site.refusals["/one.rss"] = (429, {"Retry-After": "6"})
            await until(lambda: not site.refusals, SOON)
            refused = site.asked("/one.rss")[-1]
            crawled = await program.within("trigger", "two")
            assert crawled.status == 0, crawled.said
            once = await program("crawl", "three", "--no-alerts")
            if site.log[-1][0] < refused + 6:  # it began and ended while the host was to be left alone
                assert (once.status, "asked for patience until" in once.err) == (1, True), once.said
            await until(lambda: site.log[-1][0] > refused + 5.5, SOON)
            after = [at for at, _ in site.log if at > refused]
            assert sum(at - refused < 5.5 for at in after) <= 1  # one may have been on its way
            await until(lambda: len([at for at in site.asked("/one.rss") if at > refused]) > 0, SOON)
        assert len(site.asked("/robots.txt")) <= 2  # of the daemon and of the other process
        assert not site.asked("/secret.rss")
        times = [at for at, path in site.log if at < refused]
        # On the whole: a busy machine may take two requests in close together that were sent apart.
        assert times[-1] - times[0] > PACE * 0.7 * (len(times) - 1)
        tested = await program("sources", "test", "four")
        assert any("(Disallow: /secret)" in error for error in tested.rows[0]["errors"]), tested.said
