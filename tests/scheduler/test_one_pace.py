"""A host is one host to the daemon and to whatever commands run beside it: by the log of its server."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from daemon import running
from program import Program
from window_site import serve_windows

SOON = 90  # seconds; a busy machine
PACE = 0.15  # seconds
ON_THEIR_WAY = 6  # requests that a busy machine may take in at once: one or two of each process


@pytest.fixture
def table(receiver, short_folder):
    """A daemon with an embedded Redis, that asks for three tags all the time, and for the rest hardly ever."""
    return {
        "catalog": False,
        "data_dir": str(short_folder),
        "web": {"port": 0},
        "polling": {"interval": "1s", "adaptive": False, "revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "watches": {"all": {"tags": ["one", "two", "three"]}},
        "channels": {"hook": {"type": "webhook", "url": receiver.url}},
    }


def most_within(times, seconds):
    """The most requests that came within so many seconds."""
    return max(bisect_right(times, at + seconds) - number for number, at in enumerate(times))


async def test_several_tags_one_off_crawls_and_tests_share_the_pace_patience_and_rules_of_a_host(
    table, until, tmp_path
):
    async with serve_windows(robots="User-agent: *\nDisallow: /secret") as site:
        for name in ("one", "two", "three", "early", "late"):
            site.publish(name, 1)
        table["sources"] = {
            "tags": {"listings": [{"url": site.base + "/{tag}.rss"}], "pace": f"{PACE}s"},
            "early": {"listings": [{"url": f"{site.base}/early.rss"}], "interval": "12h", "pace": f"{PACE}s"},
            "late": {"listings": [{"url": f"{site.base}/late.rss"}], "interval": "12h", "pace": f"{PACE}s"},
        }
        program = Program(folder=tmp_path, table=table, environment={})
        async with running(table, tmp_path):
            await until(lambda: all(site.asked(f"/{name}.rss") for name in site.columns), SOON)
            await until(lambda: all(site.asked(f"/{name}/news/0") for name in site.columns), SOON)
            pages = [issued.url for name in ("early", "late") for issued in site.publish(name, 8)]
            commands = ("crawl", "early"), ("crawl", "late"), ("extract", pages[0]), ("sources", "test", "tags")
            ended = await program.all(*commands)
            assert [run.status for run in ended] == [0, 0, 0, 0], [run.said for run in ended]
            assert all(site.asked(page.removeprefix(site.base)) for page in pages)
            # They ran at the same time, and were asked for no more than one of them alone would have been.
            times = [at for at, _ in site.log]
            assert most_within(times, 15 * PACE) <= 16 + ON_THEIR_WAY
            assert times[-1] - times[0] > PACE * 0.8 * (len(times) - ON_THEIR_WAY)
            # The daemon asked for the rules, and the test of a source did, which is to tell what holds now.
            assert len(site.asked("/robots.txt")) == 2

            site.refusals["/one.rss"] = (429, {"Retry-After": "300"})
            await until(lambda: not site.refusals, SOON)
            refused = site.log[-1][0]
            commands = ("crawl", "early", "--no-alerts"), ("extract", pages[0]), ("sources", "test", "late")
            ended = await program.all(*commands)
            assert [run.status for run in ended] == [1, 1, 1], [run.said for run in ended]
            assert all("asked for patience until" in run.said for run in ended), [run.said for run in ended]
            assert sum(at > refused for at, _ in site.log) <= 1, "one may have been on its way"


async def test_a_page_is_read_and_a_source_tried_though_the_redis_of_the_configuration_is_away(table, tmp_path):
    del table["data_dir"]
    table["redis_url"] = "redis://127.0.0.1:9/0"
    async with serve_windows() as site:
        (issued,) = site.publish("one", 1)
        table["sources"] = {"one": {"listings": [{"url": f"{site.base}/one.rss"}]}}
        program = Program(folder=tmp_path, table=table, environment={})
        commands = ("extract", issued.url, "--format", "text"), ("sources", "test", "one")
        ended = await program.all(*commands)
    assert [run.status for run in ended] == [0, 0], [run.said for run in ended]
    assert issued.body[0] in ended[0].out
