"""A listing is read back to the thread of the poll before; what cannot be is a gap; a lost source is told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from scrapy import Request
from scrapy.exceptions import DownloadTimeoutError
from scrapy.http import HtmlResponse, XmlResponse

from config.address_policy import AddressPolicy
from config.settings import Settings
from config.source_settings import ListingSettings, ReleaseHints, SourceSettings
from crawler.http.address_guard import AddressGuard
from crawler.http.size_limits import ResponseLimitError
from crawler.listings import read_listing
from crawler.pages.dispatcher import PageDispatcher
from crawler.polling.poll_queue import PollQueue
from crawler.polling.poller import MAX_PAGES_BACK, ListingPoller
from crawler.progress import Progress
from crawler.services import Services
from stories.crawl_state.backlog import Backlog
from stories.crawl_state.claims import Claims, listing_key
from stories.crawl_state.crawl_stores import CrawlStores
from stories.db import keys
from stories.model.sighting import FIRST_TRUSTED, Poll
from stories.model.timestamps import timestamp

FEED, PAGE = "https://wire.example/rss", "https://wire.example/news"
START = datetime(2026, 3, 10, 9, tzinfo=UTC)
MAX_GAP_PAGES = 5  # entries that the feed shows


class InlineReader:
    """Reads listings here: what a process of its own adds is tested with the reader."""

    async def read_listing(self, body, url, settings, hints, content_type, *, source):
        return read_listing(body, url, settings, hints, content_type)


@dataclass
class Wire:
    """A wire with a feed of the last few releases and, behind it or not, older pages."""

    redis: Any
    listings: tuple[str, ...] = (FEED,)
    paged: bool = False
    now: datetime = START
    releases: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failing: dict[str, int | Exception] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    due: list[datetime] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    refused: list[tuple[str, str, int]] = field(default_factory=list)
    long_link: str = ""

    def __post_init__(self):
        source = SourceSettings(
            listings=tuple(ListingSettings(url=url) for url in self.listings),
            release=ReleaseHints(url=r"/(?P<id>\d+)$"),
        )
        self.services = Services(
            settings=Settings(sources={"wire": source}),
            polls=PollQueue(),
            claims=Claims(self.redis),
            stores=CrawlStores.from_redis(self.redis),
            reader=cast(Any, InlineReader()),
            ingestor=cast(Any, None),
            address_guard=AddressGuard(AddressPolicy()),
            progress=Progress(),
            clock=lambda: self.now,
            notify=self.tell,
            schedule=lambda poll, at: self.due.append(at),
            dispatcher=PageDispatcher(lambda: self.now, Backlog(self.redis)),
            count_refused=self.refuse,
        )
        self.poller = ListingPoller(self.services, self.page, lambda request, source: None)

    def refuse(self, source, reason, number=1):
        self.refused.append((source, reason, number))

    async def tell(self, kind, subject, *, began, detail, about=None):
        if (kind, began) not in [(told, more["began"]) for told, _, more in self.told]:
            self.told.append((kind, detail, {"began": began, **(about or {})}))

    def page(self, poll, claim, journey, priority):
        self.read.append(claim.sighting.url)
        return Request(claim.sighting.url, cb_kwargs={"requested_url": claim.sighting.url})

    def publish(self, count=1):
        first = len(self.releases) + 1
        self.releases.extend(range(first, first + count))

    def shown(self, page):
        newest_first = self.releases[::-1]
        return newest_first[(page - 1) * MAX_GAP_PAGES : page * MAX_GAP_PAGES]

    def answer(self, request):
        """What the wire answers to a request for one of its listings."""
        self.asked.append(request.url)
        if isinstance(status := self.failing.get(request.url), int):
            return HtmlResponse(request.url, status=status, headers=self.headers, request=request)
        url, _, number = request.url.partition("?page=")
        page = int(number or 1)
        numbers = self.shown(page)
        if url == PAGE:
            items = "".join(
                f'<li><a href="/{release}">Release number {release} of the wire</a></li>'
                for release in self.releases[::-1]
            )
            return HtmlResponse(request.url, body=f"<main><ul>{items}</ul></main>".encode(), request=request)
        items = "".join(
            f"<item><title>Release {number}</title><link>https://wire.example/{number}</link>"
            f"<pubDate>{(START + timedelta(seconds=number)).strftime('%a, %d %b %Y %H:%M:%S GMT')}</pubDate></item>"
            for number in numbers
        )
        items += f"<item><title>Long</title><link>{self.long_link}</link></item>" if self.long_link else ""
        next_page = f'<a:link rel="next" href="{FEED}?page={page + 1}"/>' if self.paged and self.shown(page + 1) else ""
        body = f'<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel>{next_page}{items}</channel></rss>'
        return XmlResponse(request.url, body=body.encode(), headers=self.headers, request=request)

    async def poll(self, listing=FEED, *, after=timedelta(minutes=5), reason="clock"):
        """Poll a listing to its end, and keep every release that it led to."""
        self.now += after
        request = await self.poller.start(Poll(source="wire", listing=listing, reason=reason, asked_at=self.now))
        while request is not None:
            following = None
            if isinstance(error := self.failing.get(request.url), Exception):
                self.asked.append(request.url)
                await self.poller.failed(cast(Any, SimpleNamespace(value=error, request=request)))
                return
            async for asked in self.poller.read(self.answer(request), **request.cb_kwargs):
                if "run" in asked.cb_kwargs:
                    following = asked
                else:
                    await self.services.claims.record_unchanged(asked.url, f"rel_{asked.url}", None, None)
            request = following
        await self.read_backlog()

    async def read_backlog(self):
        """Read all pages that wait for their source's budget."""
        while pages := await Backlog(self.redis).take("wire", 50, self.now):
            for page, claim, poll in await self.poller.claimer.claim_waiting("wire", pages):
                self.page(poll, claim, None, None)
                await self.services.claims.record_unchanged(page.pending.sighting.url, "rel_1", None, None)

    async def cursor(self, listing=FEED):
        return await self.services.stores.cursors.get(listing_key("wire", listing))

    async def gaps(self):
        return await self.services.stores.source_status.gaps("wire")

    @property
    def missed(self):
        return [release for release in self.releases if f"https://wire.example/{release}" not in self.read]


@pytest.fixture
def wire(redis):
    return Wire(redis)


@pytest.fixture
def paged(redis):
    return Wire(redis, paged=True)


async def begin(wire):
    wire.publish(8)
    await wire.poll()
    await wire.poll()
    wire.asked.clear()


async def test_a_listing_that_shows_something_known_is_not_read_back(paged):
    await begin(paged)
    paged.publish(4)
    await paged.poll()
    assert paged.asked == [FEED]
    assert paged.missed == [1, 2, 3]  # what lay behind the first page before the first poll
    assert not await paged.gaps()


async def test_after_a_burst_the_pages_behind_are_read_until_the_thread_is_found(paged):
    await begin(paged)
    paged.publish(17)
    await paged.poll()
    assert paged.asked == [FEED, *(f"{FEED}?page={number}" for number in (2, 3, 4))]
    assert paged.missed == [1, 2, 3]
    assert not await paged.gaps()
    cursor = await paged.cursor()
    assert (cursor.readings, cursor.whole) == (2, 2)


async def test_without_pages_behind_the_burst_leaves_a_gap_that_holds_all_that_was_missed(wire):
    await begin(wire)
    wire.publish(17)
    await wire.poll()
    (gap,) = await wire.gaps()
    assert gap.listing == FEED
    assert wire.missed == [1, 2, 3, *range(9, 21)]
    assert all(gap.from_at <= timestamp(START + timedelta(seconds=second)) <= gap.to_at for second in range(9, 21))
    assert gap.to_at < timestamp(START + timedelta(seconds=22))
    ((kind, detail, about),) = wire.told
    assert (kind, about["listing"], about["from"]) == ("source.gap", FEED, gap.from_at)
    assert "may be missing" in detail
    cursor = await wire.cursor()
    assert (cursor.readings, cursor.whole) == (2, 1)
    await wire.poll()
    assert len(wire.told) == 1


async def test_a_gap_that_grows_is_told_once(wire):
    await begin(wire)
    ends = []
    for _ in range(3):
        wire.publish(9)
        await wire.poll()
        (gap,) = await wire.gaps()
        ends.append(gap.to_at)
    assert [kind for kind, _, _ in wire.told] == ["source.gap"]
    assert ends == sorted(set(ends))


async def test_a_later_reading_that_reaches_back_fills_the_gap(wire):
    await begin(wire)
    wire.publish(17)
    await wire.poll()
    assert await wire.gaps()
    wire.paged = True
    await wire.poll(reason="crawl")
    assert not await wire.gaps()
    assert wire.missed == [1, 2, 3]


async def test_another_listing_of_the_source_is_asked_to_fill_the_gap(redis):
    wire = Wire(redis, listings=(FEED, PAGE))
    await begin(wire)
    wire.publish(17)
    await wire.poll()
    assert await wire.gaps()
    asked = await wire.services.polls.get()
    assert (asked.listing, asked.reason) == (PAGE, "gap")
    await wire.poll(PAGE, reason="gap")
    assert not await wire.gaps()
    assert wire.missed == []


async def test_reading_back_ends_at_a_bound(paged):
    await begin(paged)
    paged.publish(MAX_GAP_PAGES * (MAX_PAGES_BACK + 3))
    await paged.poll()
    assert len(paged.asked) == MAX_PAGES_BACK
    assert len(await paged.gaps()) == 1


async def test_a_page_behind_that_fails_is_read_again_and_strands_nothing(paged):
    await begin(paged)
    paged.publish(12)
    paged.headers = {"ETag": '"1"'}
    paged.failing[f"{FEED}?page=2"] = 503
    await paged.poll()
    cursor = await paged.cursor()
    assert (cursor.error, cursor.etag, cursor.failures) == ("page 2: 503 Service Unavailable", None, 1)
    assert not await paged.gaps()
    paged.failing.clear()
    paged.publish(3)
    await paged.poll()
    assert paged.missed == [1, 2, 3]
    assert (await paged.cursor()).error is None
    assert not await paged.gaps()


async def test_a_run_that_was_cut_short_strands_nothing(paged):
    await begin(paged)
    paged.publish(12)
    request = await paged.poller.start(Poll(source="wire", listing=FEED, asked_at=paged.now))
    async for asked in paged.poller.read(paged.answer(request), **request.cb_kwargs):
        if "run" not in asked.cb_kwargs:
            await paged.services.claims.record_unchanged(asked.url, f"rel_{asked.url}", None, None)
    paged.poller = ListingPoller(
        paged.services, paged.page, lambda request, source: None
    )  # the process ended here, and another one began
    paged.publish(2)
    await paged.poll()
    assert paged.missed == [1, 2, 3]


async def test_an_answer_with_the_same_releases_in_other_wrapping_claims_nothing(wire, monkeypatch):
    await begin(wire)
    before = await wire.cursor()

    async def claim(*_, **__):
        raise AssertionError("claimed again")

    monkeypatch.setattr(wire.services.claims, "claim", claim)
    shown = wire.answer
    monkeypatch.setattr(
        wire, "answer", lambda request: shown(request).replace(body=shown(request).body + b"<!-- ad -->")
    )
    await wire.poll()
    after = await wire.cursor()
    assert (after.read_at, after.readings) != (before.read_at, before.readings)


async def test_how_long_a_feed_may_be_kept_is_heeded(wire):
    await begin(wire)
    wire.headers = {"Cache-Control": "max-age=1200"}
    wire.publish()
    await wire.poll()
    assert timedelta(minutes=18) <= wire.due[-1] - wire.now <= timedelta(minutes=22)


async def test_retry_after_is_kept(wire):
    await begin(wire)
    wire.failing[FEED], wire.headers = 429, {"Retry-After": "7200"}
    await wire.poll()
    assert timedelta(hours=2) <= wire.due[-1] - wire.now <= timedelta(hours=2.2)
    assert (await wire.cursor()).trouble == "busy"


async def test_a_source_that_is_lost_is_told_of_once_and_so_is_its_recovery(wire):
    await begin(wire)
    wire.failing[FEED] = DownloadTimeoutError()
    for _ in range(8):
        await wire.poll()
    ((kind, detail, about),) = wire.told
    assert (kind, detail) == ("source.dead", "dead: wire.example did not answer in time")
    health = await wire.services.stores.source_status.health("wire")
    assert (health.verdict.state, health.verdict.word, health.verdict.since) == ("dead", "timeout", about["since"])
    wire.failing.clear()
    for _ in range(3):
        await wire.poll()
    assert [kind for kind, _, _ in wire.told] == ["source.dead", "source.recovered"]
    assert (await wire.services.stores.source_status.health("wire")).verdict.state == "working"


async def test_a_restart_neither_forgets_nor_repeats_that_a_source_is_lost(wire):
    await begin(wire)
    wire.failing[FEED] = DownloadTimeoutError()
    for _ in range(6):
        await wire.poll()
    wire.services.lost_sources.clear()
    await wire.poll()
    assert [kind for kind, _, _ in wire.told] == ["source.dead"]
    wire.services.lost_sources.clear()
    wire.failing.clear()
    await wire.poll()
    assert [kind for kind, _, _ in wire.told] == ["source.dead", "source.recovered"]


async def test_a_listing_on_which_nothing_is_found_any_more_is_broken_and_not_quiet(wire):
    await begin(wire)
    wire.releases, kept = [], wire.releases
    for _ in range(4):
        await wire.poll()
    health = await wire.services.stores.source_status.health("wire")
    assert (health.verdict.state, health.verdict.word) == ("broken", "empty")
    assert [kind for kind, _, _ in wire.told] == ["source.dead"]
    wire.releases = kept
    await wire.poll()
    assert (await wire.services.stores.source_status.health("wire")).verdict.state == "working"
    assert not await wire.gaps()


async def test_gaps_are_forgotten_after_a_month(wire, redis):
    await begin(wire)
    wire.publish(17)
    await wire.poll()
    assert 0 < await redis.ttl(keys.gaps("wire").name) <= keys.gaps("wire").seconds


async def test_a_link_over_the_limit_is_left_out_and_counted(wire):
    wire.long_link = "https://wire.example/" + "1" * 5_000
    wire.publish(3)
    await wire.poll()
    assert wire.refused == [("wire", "url", 1)]
    wire.publish()
    await wire.poll()
    assert sorted(wire.read) == [f"https://wire.example/{number}" for number in range(1, 5)]


async def test_a_response_over_a_limit_is_counted_and_named_and_the_listing_polled_again(wire):
    await begin(wire)
    wire.failing[FEED] = ResponseLimitError("response headers larger than 64 kB", "headers")
    await wire.poll()
    assert wire.refused == [("wire", "headers", 1)]
    cursor = await wire.cursor()
    assert (cursor.error, cursor.trouble) == ("response headers larger than 64 kB", "answer")
    assert wire.due
    wire.failing.clear()
    wire.publish()
    await wire.poll()
    assert wire.read[-1] == "https://wire.example/9"


@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
async def test_a_validator_of_absurd_length_is_not_kept(wire, name):
    wire.headers = {name: '"' + "a" * 100_000 + '"'}
    await begin(wire)
    cursor = await wire.cursor()
    assert (cursor.etag, cursor.last_modified) == (None, None)


def answer_304_always(wire, monkeypatch, validators):
    """Let the feed answer 304 to every conditional request, whatever it holds; ``validators`` of a whole response."""
    shown = wire.answer

    def answer(request):
        if request.headers.get("If-None-Match"):
            wire.asked.append(request.url)
            return HtmlResponse(request.url, status=304, request=request)
        wire.headers = {"ETag": validators()}
        return shown(request)

    monkeypatch.setattr(wire, "answer", answer)


async def test_a_listing_that_always_answers_304_is_read_whole_after_a_while_and_then_always(wire, monkeypatch):
    answer_304_always(wire, monkeypatch, lambda: '"same"')
    await begin(wire)
    wire.publish()
    for _ in range(FIRST_TRUSTED + 1):
        await wire.poll()
    assert wire.missed == [1, 2, 3]
    assert (await wire.cursor()).trusted == 0
    wire.publish()
    await wire.poll()
    assert wire.missed == [1, 2, 3], "its next release is seen at the next poll"


async def test_a_listing_whose_304s_were_true_is_trusted_for_longer(wire, monkeypatch):
    answer_304_always(wire, monkeypatch, lambda: '"same"')
    await begin(wire)
    for _ in range(FIRST_TRUSTED):  # one of them is the second poll of the start
        await wire.poll()
    cursor = await wire.cursor()
    assert (cursor.not_modified, cursor.trusted) == (0, 2 * FIRST_TRUSTED)


async def test_a_listing_that_changes_its_validator_with_its_content_stays_trusted(wire, monkeypatch):
    answer_304_always(wire, monkeypatch, lambda: f'"{len(wire.releases)}"')
    await begin(wire)
    for _ in range(FIRST_TRUSTED - 1):
        await wire.poll()
    wire.publish()  # between the last 304 and the whole response
    await wire.poll()
    assert (await wire.cursor()).trusted == FIRST_TRUSTED


async def test_a_listing_that_is_gone_is_lost_after_three_polls_that_are_far_apart(wire):
    await begin(wire)
    wire.failing[FEED] = 410
    for _ in range(3):
        await wire.poll()
    assert [kind for kind, _, _ in wire.told] == ["source.dead"]
    assert wire.due[-1] - wire.now >= timedelta(minutes=18)
