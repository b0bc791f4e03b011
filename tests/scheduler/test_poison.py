"""A page or a listing whose reading ends the process: a bounded number of processes, and then the rest goes on."""

from __future__ import annotations

import shlex

from daemon import running

from scheduler.demo import stories
from stories.crawl_state.quarantine import MAX_CRASHES, ReadTarget
from stories.db import keys
from stories.model.urls import canonical_url
from stories.runtime.failpoints import VARIABLE

SOON = 30  # seconds; a busy machine


def told(receiver):
    """The pages that were told of as new."""
    return {event["data"]["release"]["url"] for event in receiver.events if event["type"] == "release.new"}


async def died_before(redis, kind, source, url, doing):
    """Let all but one of the processes that may die of it have died."""
    key = keys.reads_in_progress(ReadTarget(kind=kind, source=source, url=url).id, doing)
    await redis.sadd(key.name, *(f"run {number}/" for number in range(MAX_CRASHES - 1)))
    await redis.expire(key.name, key.seconds)


async def test_what_kills_whoever_reads_it_costs_no_other_release_and_is_named_where_a_user_looks(
    table, newswire, receiver, program, redis, until, tmp_path, monkeypatch
):
    read = canonical_url(newswire.publish(stories.NIGHT_MARKET, "meridian"))
    kept = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    listing = table["sources"]["pressline"]["listings"][0]["url"]
    hidden = canonical_url(newswire.publish(stories.BRIDGE_SENSORS, "pressline"))
    good = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
    await died_before(redis, "page", "meridian", read, "read")
    await died_before(redis, "page", "meridian", kept, "kept")
    await died_before(redis, "listing", "pressline", listing, "read")
    monkeypatch.setenv(VARIABLE, f"extracting={read} keeping={kept} parsing={listing}")
    killed = 0
    while True:
        async with running(table, tmp_path) as daemon:

            async def settled(daemon=daemon):
                return daemon.process.returncode is not None or await redis.hlen(keys.quarantined().name) == 3

            await until(settled, SOON)
            if daemon.process.returncode is None:
                await daemon.ready(lambda: good in told(receiver), SOON)
                assert await daemon.stop() == 0, daemon.tail()
                break
        assert daemon.process.returncode == -9, daemon.tail()
        killed += 1
        await redis.delete(keys.leader_lease().name)  # the next one need not wait whether it lives
    assert killed == 3
    assert told(receiver) == {good}

    rows = {row["name"]: row for row in (await program.within("sources", "--format", "jsonl")).rows}
    assert {(item["kind"], item["url"]) for row in rows.values() for item in row["set_aside"]} == {
        ("page", read), ("page", kept), ("listing", listing)
    }  # fmt: skip
    assert (
        f"{MAX_CRASHES} times in a row, to try again: wirewatch crawl --url {shlex.quote(read)}"
        in rows["meridian"]["why"]
    )
    assert "to try again: wirewatch crawl pressline" in rows["pressline"]["why"]

    crawled = await program("crawl", "pressline", "--url", read, "--url", kept)
    assert crawled.status == 0, crawled.said
    crawled = await program("crawl", "pressline")
    assert crawled.status == 0, crawled.said
    assert told(receiver) == {good, read, kept, hidden}
    assert not any(row["set_aside"] for row in (await program.within("sources", "--format", "jsonl")).rows)
