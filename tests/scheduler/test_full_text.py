"""Feeds that carry the whole text: pages are not asked for, edits are seen in the feed, and a page is no edit of it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from daemon import running
from full_site import full_site
from program import Program

SOON = 90  # seconds; a busy machine


@pytest.fixture
async def site():
    async with full_site() as serving:
        yield serving


@pytest.fixture
def table(redis_url, receiver, site):
    return {
        "catalog": False,
        "redis_url": redis_url,
        "web": {"port": 0},
        "alerts": {"first_poll": "alert"},
        "polling": {"interval": "1s", "revisit": ["1s for 1h"], "private_addresses": ["127.0.0.0/8"]},
        "watches": {"all": {"title": "All"}},
        "channels": {"hook": {"type": "webhook", "url": receiver.url}},
        "sources": {
            "wire": {
                "listings": [{"url": f"{site.base}/wire.rss"}],
                "release": {"full_text": True, "body": "div.of-the-page", "headline": "h1.of-the-page"},
            }
        },
    }


def path(issued):
    return urlsplit(issued.url).path


def told(receiver, issued):
    return [event["type"] for event in receiver.events if event["data"]["release"]["url"] == issued.url]


async def test_a_page_is_asked_for_only_where_the_feed_does_not_carry_it_whole(table, site, tmp_path):
    full, cut, teaser, more = site.publish("wire", 4)
    site.says[cut.url] = "".join(f"<p>{paragraph}</p>" for paragraph in cut.body[:2]) + "<p>and so on [&#8230;]</p>"
    site.says[teaser.url] = "<p>A release came out.</p>"
    site.says[more.url] = (
        "".join(f"<p>{paragraph}</p>" for paragraph in more.body[:2]) + "<p><a href='/'>Continue reading</a></p>"
    )
    ended = await Program(folder=tmp_path, table=table, environment={})("crawl", "--format", "jsonl")
    assert ended.status == 0, ended.said
    read = {event["data"]["release"]["url"]: event["data"]["release"] for event in ended.rows}
    assert set(read) == {full.url, cut.url, teaser.url, more.url}
    asked = {release: len(site.asked(path(release))) for release in (full, cut, teaser, more)}
    assert [asked[release] for release in (full, cut, teaser, more)] == [0, 1, 1, 1]
    assert read[full.url]["headline"] == full.headline
    assert read[full.url]["body"] == list(full.body)
    assert all(paragraph.startswith("On this page alone: ") for paragraph in read[cut.url]["body"])


async def test_an_edit_is_told_from_the_feed_and_never_for_what_the_page_says_otherwise(
    table, site, receiver, until, tmp_path
):
    edited, leaving, still = site.publish("wire", 3)
    async with running(table, tmp_path):
        await until(
            lambda: all(told(receiver, release) == ["release.new"] for release in (edited, leaving, still)), SOON
        )
        await until(lambda: all(len(site.asked(path(release))) > 1 for release in (edited, leaving, still)), SOON)
        site.says[edited.url] = site.words(edited).replace(edited.body[1], f"Ambrose {edited.body[1]}")
        site.gone.add(leaving.url)
        await until(lambda: told(receiver, edited) == ["release.new", "release.revised"], SOON)
        await until(lambda: told(receiver, leaving) == ["release.new", "release.withdrawn"], SOON)
        looks = len(site.asked(path(edited)))
        await until(lambda: len(site.asked(path(edited))) > looks + 1, SOON)
        (revised,) = (event for event in receiver.events if event["type"] == "release.revised")
        (change,) = revised["data"]["changes"]
        assert (change["field"], change["paragraph"]) == ("body", 2)
        assert change["after"].startswith("Ambrose ")
        assert told(receiver, still) == ["release.new"]
