"""``wirewatch crawl``: in a pipe, on a terminal, for a page, for a source, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import signal
import subprocess
from datetime import datetime

import pytest

from scheduler.demo import stories
from stories.model.urls import canonical_url

EVENT = {"type", "id", "timestamp", "data"}
DATA = {"watches", "story", "release", "replaces", "changes", "claims", "outdated", "relation", "follows"}
RELEASE = {
    *("id", "revision", "url", "source", "wire", "wire_id", "headline", "subheadline", "dateline", "published_at"),
    *(
        "published_from",
        "first_seen_at",
        "embargoed_until",
        "tags",
        "tags_from",
        "tickers",
        "issuer",
        "language",
        "body",
        "about",
        "disclaimer",
    ),
    *("contacts", "images", "notice"),
}


@pytest.mark.executes_programs
async def test_a_page_is_read_told_of_once_and_printed_as_the_event_that_the_webhook_gets(program, newswire, receiver):
    url = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    # With progress on a terminal, which must not swallow what goes to the pipe.
    first = await program.on_terminal("crawl", "--url", url, out_too=False)
    assert first.status == 0, first.said
    assert "polling …" in first.err
    assert stories.TRAM_BATTERIES.headline not in first.err
    (event,) = first.rows
    assert receiver.events == [event]
    assert receiver.deliveries[0].signed
    assert (set(event), set(event["data"]), set(event["data"]["release"])) == (EVENT, DATA, RELEASE)
    assert (event["type"], event["data"]["watches"]) == ("release.new", ["rest"])
    assert event["data"]["release"]["url"] == canonical_url(url)
    assert (event["data"]["release"]["source"], event["data"]["release"]["wire_id"]) == (
        "meridian",
        re.search(r"/(\d{7})/", url)[1],
    )
    assert datetime.fromisoformat(event["timestamp"]).utcoffset() is not None
    assert "0 error(s)" in first.err

    again = await program("crawl", "--url", url)
    assert (again.status, again.out) == (0, ""), again.said
    assert len(receiver.deliveries) == 1


async def test_a_source_is_polled_for_a_tag_and_no_alerts_means_none(program, newswire, receiver):
    wanted = newswire.publish(stories.NIGHT_MARKET)
    newswire.publish(stories.BRIDGE_SENSORS)  # without the tag
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    crawled = await program("crawl", "harbourline", "--tag", "#HarbourPark", "--no-alerts", "--format", "json")
    assert crawled.status == 0, crawled.said
    assert [event["data"]["release"]["url"] for event in json.loads(crawled.out)] == [canonical_url(wanted)]
    assert {request.site for request in newswire.requests} == {"harbourline"}
    assert not receiver.deliveries
    later = await program("crawl", "meridian")
    assert (later.status, len(later.rows), len(receiver.events)) == (0, 1, 1), later.said


async def test_a_first_poll_that_seeds_is_printed_and_tells_nobody(program, table, newswire, receiver):
    table["alerts"] = {"first_poll": "seed"}
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    crawled = await program("crawl", "meridian")
    assert (crawled.status, [event["type"] for event in crawled.rows]) == (0, ["release.new"]), crawled.said
    newswire.publish(stories.QUARTER, "meridian")
    crawled = await program("crawl", "meridian")
    assert [event["data"]["release"]["headline"] for event in crawled.rows] == [stories.QUARTER.headline], crawled.said
    assert [event["data"]["release"]["headline"] for event in receiver.events] == [stories.QUARTER.headline]


async def test_a_listing_is_read_oldest_first_so_an_original_comes_before_its_correction(program, table, newswire):
    table["sources"]["meridian"]["pace"] = "0.3s"  # one page at a time, so that the order of asking is that of reading
    original = newswire.publish(stories.TRAM_BATTERIES, "meridian")
    correction = newswire.correct(original, stories.TRAM_BATTERIES_CORRECTED)
    crawled = await program("crawl", "meridian")
    assert [(event["type"], event["data"]["release"]["url"]) for event in crawled.rows] == [
        ("release.new", canonical_url(original)),
        ("release.corrected", canonical_url(correction)),
    ], crawled.said


async def test_what_cannot_be_done_is_said_with_what_mends_it(program, table, newswire):
    table["sources"]["meridian"] |= {"enabled": False, "reason": "its terms forbid it"}
    newswire.fail(newswire.sites["pressline"].base + "/news-releases/news-releases-list/", status=404)
    nowhere = newswire.sites["pressline"].base + "/nothing-here-20261122.html"
    unread, no_page = await program.all(["crawl", "pressline"], ["crawl", "--url", nowhere])
    unknown, off, no_url = await program.all_within(
        ["crawl", "presline"], ["crawl", "meridian"], ["crawl", "--url", "pressline.example/news"]
    )
    assert unknown.status == 2
    assert "source 'presline' does not exist; allowed are harbourline, meridian, pressline, quayside" in unknown.err
    assert off.status == 1
    assert "source 'meridian' is off: its terms forbid it" in off.err
    assert "[sources.meridian] enabled = true" in off.err
    assert unread.status == 1
    assert "news-releases-list/: 404 Not Found" in unread.err
    assert "nothing could be read" in unread.err
    assert no_page.status == 1
    assert f"{canonical_url(nowhere)}: 404 Not Found" in no_page.err
    assert no_url.status == 2
    assert "'pressline.example/news' is not a web address" in no_url.err
    for ended in (unknown, off, unread, no_page, no_url):
        assert ended.out == "", ended.said
        assert "Traceback" not in ended.err, ended.said


async def test_on_a_terminal_people_see_progress_and_a_line_for_each_event(program, newswire):
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    newswire.publish(stories.QUARTER, "meridian")
    shown = await program.on_terminal("crawl", "meridian")
    assert shown.status == 0, shown.said
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.out)
    assert re.search(rf"[\r\n]new +meridian {re.escape(stories.TRAM_BATTERIES.headline)} http", plain), shown.said
    assert "polling …" in plain
    assert "1 listing(s) read, 2 sighting(s), 2 release(s)" in plain
    assert '"type"' not in plain


async def test_a_pipe_that_is_closed_early_neither_breaks_the_crawl_nor_prints_a_fault(program, newswire, receiver):
    for handout in (stories.TRAM_BATTERIES, stories.QUARTER, stories.FALSE_START):
        newswire.publish(handout, "meridian")
    command = f"set -o pipefail; {shlex.join(program.command('crawl', 'meridian'))} | head -n 1"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=program.variables
    )
    out, err = await process.communicate()
    assert (process.returncode, len(out.splitlines())) == (0, 1), err.decode()
    assert b"Traceback" not in err
    assert b"Broken" not in err
    assert len(receiver.events) == 3


async def test_ctrl_c_ends_a_crawl_in_order(program, newswire, receiver, until):
    slow = newswire.publish(stories.QUARTER, "meridian")
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    newswire.fail(slow, delay=60)
    process = await asyncio.create_subprocess_exec(
        *program.command("crawl", "meridian"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=program.variables
    )
    listing = newswire.sites["meridian"].base + "/RssFeed/orgclass/1/feedTitle/All"
    await until(lambda: newswire.requests_for(listing), 20)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 130
    assert b"Traceback" not in err, err.decode()
    newswire.heal(slow)
    after = await program("crawl", "meridian")
    assert stories.QUARTER.headline in {event["data"]["release"]["headline"] for event in after.rows}, after.said
    assert {event["data"]["release"]["headline"] for event in receiver.events} == {
        stories.QUARTER.headline,
        stories.TRAM_BATTERIES.headline,
    }
