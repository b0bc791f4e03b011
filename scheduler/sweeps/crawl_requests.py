"""Requested crawls (``wirewatch trigger``, API): taken from Redis, run by the resident spider, followed to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from redis.exceptions import RedisError

from config.settings import Settings
from crawler.pages.source_eligibility import refusal
from crawler.polling.polls import listings_of, source_of
from crawler.progress import Tally
from crawler.services import Services
from stories.crawl_state.crawl_requests import CrawlRequests, CrawlState
from stories.model.sighting import Poll
from stories.model.timestamps import timestamp
from stories.runtime.failpoints import failpoint
from stories.runtime.heartbeats import beat

log = structlog.get_logger(__name__)

BLOCK_SECONDS = 2.0  # of one blocking read of the queue; below the timeout of the connection
RETRY_SECONDS = 1.0  # to the next attempt while Redis is unreachable
MAX_CRAWL_SECONDS = 3600.0  # for which a crawl is followed


def expand(poll: Poll, settings: Settings) -> list[Poll]:
    """Return the polls of a request; empty when its source is unknown or has no listing for the tag."""
    if poll.urls:
        return [replace(poll, source=source_of(poll.urls[0], settings.sources) if not poll.source else poll.source)]
    source = settings.sources.get(poll.source)
    if source is None:
        return []
    tags = (poll.tag,) if poll.tag else settings.watched_tags()
    return [
        listing.poll(poll.asked_at, poll.reason, poll.crawl_id)
        for listing in listings_of(poll.source, source, tags, settings.polling.interval)
        if poll.tag is None or listing.tag is not None or not any(candidate.per_tag for candidate in source.listings)
    ]


async def serve_requests(
    services: Services, requests: CrawlRequests, dispatch: Callable[[Poll], bool] = lambda requested: False
) -> None:
    """Run requested crawls until cancelled; a crawl that ``dispatch`` accepts is run by a worker."""
    resumed = False
    async with asyncio.TaskGroup() as following:
        while True:
            beat()
            try:
                if not resumed:
                    for lost in await requests.requeue_lost():
                        log.info("crawl_resumed", crawl=lost.crawl_id, source=lost.source or None)
                    resumed = True
                requested = await requests.next(BLOCK_SECONDS)
            except RedisError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if requested is not None:
                failpoint("taken")
            if requested is not None and not dispatch(requested):
                # If this process dies, the next leader requeues the crawl, so do not requeue it here.
                following.create_task(run_crawl(requested, services, requests))


async def run_crawl(requested: Poll, services: Services, requests: CrawlRequests) -> None:
    """Run a requested crawl to its end, and write its state."""
    crawl_id = requested.crawl_id or ""
    polls = expand(requested, services.settings)
    refused = next((why for poll in polls if (why := refusal(services.settings, poll)) is not None), None)
    state = CrawlState(
        id=crawl_id,
        state="running",
        source=requested.source or None,
        tag=requested.tag,
        url=requested.urls[0] if requested.urls else None,
        asked_at=timestamp(requested.asked_at),
    )
    if not polls or refused is not None:
        why = refused or f"source {requested.source!r} has no listing to poll for this"
        log.info("crawl_refused", crawl=crawl_id, source=requested.source or None, reason=why)
        failed = replace(state, state="failed", done_at=timestamp(services.clock()), errors=(why,))
        await _write_with_retry(lambda: requests.finish(failed), crawl_id)
        return
    log.info("crawl_started", crawl=crawl_id, source=state.source, url=state.url)
    await _write_with_retry(lambda: requests.put_state(state), crawl_id)
    tally = services.progress.follow(crawl_id)
    for poll in polls:
        services.enqueue(poll)
    try:
        async with asyncio.timeout(MAX_CRAWL_SECONDS):
            await tally.done.wait()
    except TimeoutError:
        tally.errors.append(f"not finished within {MAX_CRAWL_SECONDS:.0f} s; its pages are still read")
    finally:
        services.progress.forget(crawl_id)
    done = _done(state, tally, services)
    await _write_with_retry(lambda: requests.finish(done), crawl_id)


async def _write_with_retry(write: Callable[[], Awaitable[None]], crawl_id: str) -> None:
    """Write the state of a crawl, and retry until Redis accepts it."""
    while True:
        try:
            await write()
            return
        except RedisError as error:
            log.warning("crawl_state_not_written", crawl=crawl_id, reason=f"Redis: {error}", retry_in=RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


def _done(state: CrawlState, tally: Tally, services: Services) -> CrawlState:
    return replace(
        state,
        state="done" if tally.listings or tally.pages else "failed",
        done_at=timestamp(services.clock()),
        listings=tally.listings,
        releases=tally.pages,
        events=len(tally.events),
        errors=tuple(tally.errors[:20]),
    )
