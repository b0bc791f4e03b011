"""One-off crawls: run the given polls once with the same spider, and end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.delivery import Delivery
from config.settings import Settings
from crawler.engine import Engine
from crawler.http.address_guard import guard_of
from crawler.pages.dispatcher import PageDispatcher
from crawler.polling.poll_queue import PollQueue
from crawler.polling.polls import Listing, listings_of, source_of
from crawler.progress import Progress, Tally
from crawler.readers.pool import ReaderPool
from crawler.services import Services
from scheduler.channels import open_channels
from scheduler.leader.rollback_recovery import follow_memory_mark, prepare_one_off_crawl
from scheduler.roles.dry_run import DryClaims, DryIngestor, NullStores
from scheduler.wiring import STEPS, AppContext, now, reachable_redis
from stories.crawl_state.host_limits import HostLimits
from stories.model.ids import crawl_id
from stories.model.release import Release
from stories.model.sighting import Poll, Sighting

DELIVERY_TIMEOUT = timedelta(seconds=20)
CRAWL_GRACE_SECONDS = 2.0  # seconds for what was begun, when the crawl is interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """What a one-off crawl came to."""

    tally: Tally
    waiting: int = 0
    """Alerts that are left for the daemon."""


def polls_for(settings: Settings, sources: Sequence[str], tags: Sequence[str], urls: Sequence[str]) -> list[Poll]:
    """Return the polls of a one-off crawl: the sources' listings for the tags, or just the URLs.

    With one source and URLs, the pages are read as that source's.
    """
    requested_at, crawl = now(), crawl_id()
    if urls:
        return [
            Poll(source=name, urls=(url,), reason="crawl", crawl_id=crawl, asked_at=requested_at)
            for url in urls
            for name in [sources[0] if len(sources) == 1 else source_of(url, settings.sources)]
        ]
    wanted = list(tags) or list(settings.watched_tags())
    named = sources or [name for name, source in settings.sources.items() if source.enabled]
    listings: Iterable[Listing] = (
        listing
        for name in named
        for listing in listings_of(name, settings.sources[name], wanted, settings.polling.interval)
    )
    return [listing.poll(requested_at, "crawl", crawl) for listing in listings]


async def crawl_once(app: AppContext, polls: Sequence[Poll], changed: Callable[[Tally], None]) -> CrawlResult:
    """Run the polls, deliver the alerts they lead to, and return what came of it."""
    progress = Progress(changed)
    tally = progress.follow(polls[0].crawl_id or "")
    await prepare_one_off_crawl(app, now)
    services = app.services(progress, lambda remembered: None)
    following = asyncio.create_task(follow_memory_mark(app), name="memory") if app.memory_mark.name else None
    try:
        await _run(services, polls)
    finally:
        if following is not None:
            following.cancel()
    settings = app.settings
    if not settings.channels:
        return CrawlResult(tally=tally)
    channels = open_channels(settings)
    return CrawlResult(
        tally=tally, waiting=await Delivery(app.redis, channels, watches=settings.watches).drain(DELIVERY_TIMEOUT)
    )


async def _run(services: Services, polls: Sequence[Poll]) -> None:
    engine = Engine(services, STEPS)
    for poll in polls:
        services.enqueue(poll)
    services.polls.close()
    crawl = engine.start()
    try:
        await asyncio.shield(crawl)  # being cancelled ends it in order, below
    except asyncio.CancelledError:
        await engine.finish(CRAWL_GRACE_SECONDS)
        raise
    finally:
        await services.reader.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingTrial:
    """What a try without storing anything showed."""

    listings: int
    sightings: list[Sighting]
    releases: list[Release]
    errors: list[str]
    advice: list[str]
    """About listings that were read and name no release."""


class _UncachedRobots(HostLimits):
    """Believes no robots.txt that was read before: who tests a source wants to know what holds now."""

    async def robots(self, server: str) -> None:
        return None


async def try_polls(
    settings: Settings, polls: Sequence[Poll], pages: int, *, refetch_robots: bool = False
) -> ListingTrial:
    """Run the polls and store nothing, reading at most ``pages`` of the listed pages.

    No Redis is needed. If one is reachable, the host limits that it stores are shared with other processes.
    ``refetch_robots``: request robots.txt even if it is cached.
    """
    async with reachable_redis(settings) as redis:
        host_limits = None if redis is None else _UncachedRobots(redis) if refetch_robots else HostLimits(redis)
        return await _try(settings, polls, pages, host_limits)


def _with_sources_enabled(settings: Settings, names: Collection[str]) -> Settings:
    """Return the settings with these sources on: a person tries a source before it is turned on."""
    on = {
        name: source.model_copy(update={"enabled": True}) if name in names else source
        for name, source in settings.sources.items()
    }
    return settings.model_copy(update={"sources": on})


async def _try(settings: Settings, polls: Sequence[Poll], pages: int, host_limits: HostLimits | None) -> ListingTrial:
    claims, ingestor, progress = DryClaims(pages), DryIngestor(), Progress()
    services = Services(
        settings=_with_sources_enabled(settings, {poll.source for poll in polls}),
        polls=PollQueue(),
        claims=claims,
        stores=NullStores(),
        reader=ReaderPool(),
        ingestor=ingestor,
        address_guard=guard_of(settings),
        progress=progress,
        clock=now,
        dispatcher=PageDispatcher(now),
        host_limits=host_limits,
    )
    tally = progress.follow(polls[0].crawl_id or "")
    await _run(services, polls)
    return ListingTrial(
        listings=tally.listings,
        sightings=claims.sightings,
        releases=ingestor.releases,
        errors=list(tally.errors),
        advice=list(dict.fromkeys(tally.advice)),
    )
