"""What the spider makes of a page while its process ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from scrapy.http import HtmlResponse

from config.address_policy import AddressPolicy
from config.settings import Settings
from config.source_settings import SourceSettings
from crawler.engine import Engine
from crawler.http.address_guard import AddressGuard
from crawler.pages.dispatcher import PageDispatcher
from crawler.polling.poll_queue import PollQueue
from crawler.progress import Progress
from crawler.readers.pool import ReaderPool
from crawler.services import Services
from crawler.spider import WireSpider
from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.model.sighting import Poll, Sighting

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
PAGE = "https://wire.example/news/7"


def services_of(redis: Any) -> Services:
    return Services(
        settings=Settings(),
        polls=PollQueue(),
        claims=Claims(redis),
        stores=CrawlStores.from_redis(redis),
        reader=ReaderPool(workers=1),
        ingestor=cast(Any, None),
        address_guard=AddressGuard(AddressPolicy()),
        progress=Progress(),
        clock=lambda: NOW,
        dispatcher=PageDispatcher(lambda: NOW),
    )


@pytest.mark.parametrize(
    ("sources", "why"),
    [
        pytest.param({"wire": SourceSettings(enabled=False)}, "source 'wire' is off", id="off"),
        pytest.param({}, "the configuration has no source 'wire'", id="removed"),
    ],
)
async def test_a_queued_poll_of_a_source_that_may_not_be_requested_ends_with_the_reason(redis, sources, why):
    services = replace(services_of(redis), settings=Settings(catalog=False, sources=sources))
    tally = services.progress.follow("crl_1")
    poll = Poll(source="wire", asked_at=NOW, crawl_id="crl_1")
    listing = "https://wire.example/rss"
    polls = [
        replace(poll, listing=listing),
        replace(poll, listing=listing, reason="push"),
        replace(poll, urls=(PAGE,), reason="revisit"),
    ]
    for listed in polls:
        services.enqueue(listed)
    services.polls.close()
    assert [request async for request in WireSpider(services).start()] == []
    assert await asyncio.wait_for(tally.done.wait(), 10)
    assert len(tally.errors) == len(polls)
    assert all(why in error for error in tally.errors)
    await services.reader.close()


async def test_a_page_that_comes_while_the_process_ends_is_no_failure_and_is_read_at_once_by_the_next(redis):
    services = services_of(redis)
    (claim,) = (await services.claims.claim("wire", [Sighting(url=PAGE)], NOW)).claims
    services.claimed_urls.add(PAGE)
    await Engine(services, {})._release_claims()
    await services.reader.close()
    answer = HtmlResponse(PAGE, body=b"<h1>Ferry line opens</h1><p>It runs from today.</p>")
    readings = WireSpider(services).parse_page(answer, Poll(source="wire", asked_at=NOW), PAGE, claim, None)
    assert [result async for result in readings] == []
    assert len((await Claims(redis).claim("wire", [Sighting(url=PAGE)], NOW)).claims) == 1


async def test_claims_are_given_back_also_while_a_page_that_was_left_behind_settles(redis):
    services = services_of(redis)
    pages = [f"{PAGE}{number}" for number in range(3)]
    await services.claims.claim("wire", [Sighting(url=page) for page in pages], NOW)
    services.claimed_urls.update(pages)
    return_lease = services.claims.return_lease

    async def settles(url: str) -> None:
        services.claimed_urls.discard(url)
        await return_lease(url)

    services.claims.return_lease = settles  # type: ignore[method-assign]
    await Engine(services, {})._release_claims()
    assert len((await Claims(redis).claim("wire", [Sighting(url=page) for page in pages], NOW)).claims) == 3
