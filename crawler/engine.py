"""Scrapy as wirewatch runs it: its settings, and the one resident crawl.

Each setting that differs from Scrapy's default has its reason in a comment; the measurements are in
docs/decisions/0003-resident-spider.md.
"""

from __future__ import annotations

import asyncio
import logging
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError
from scrapy.crawler import AsyncCrawlerRunner

from config.address_policy import AddressPolicy
from config.settings import Settings
from crawler.http.address_guard import GuardedResolver
from crawler.http.robots import AGENT
from crawler.pages.dispatcher import MAX_RESPONSE_BYTES
from crawler.services import Services
from crawler.spider import WireSpider

log = structlog.get_logger(__name__)

for logger_name in ("core.downloader.handlers.http11", "downloadermiddlewares.httpcompression"):
    logging.getLogger(f"scrapy.{logger_name}").setLevel(
        logging.ERROR
    )  # their warnings are the spider's, in other words

REQUEST_DELAY = (
    1.0  # seconds between two requests to a host; Newsfile challenges bursts of six, GlobeNewswire 860 pages an hour
)
STOP_SECONDS = 0.4  # seconds for Scrapy to close the spider, and for Redis to take claims back
RESOLVER_THREADS = 64  # concurrent name look-ups; a name server that hangs holds a thread for half a minute
DOWNLOAD_SECONDS = 40.0  # seconds; GlobeNewswire answers after 22 on a normal day


def scrapy_settings(settings: Settings, steps: dict[str, int]) -> dict[str, Any]:
    """Return Scrapy's settings; ``steps`` are the item pipelines with their order."""
    return {
        "USER_AGENT": settings.polling.user_agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": AGENT,
        "DOWNLOADER_MIDDLEWARES": {
            # Outermost: it gets the page that has come through all the others, and asks through them for its scripts.
            "crawler.http.rendering.RenderMiddleware": 5 if _renders(settings) else None,
            "crawler.pages.feed_content.FeedContentMiddleware": 3,
            "crawler.http.address_guard.GuardMiddleware": 10,
            "crawler.http.host_throttle.HostThrottleMiddleware": 50,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "crawler.http.robots.DailyRobots": 100,
            "crawler.http.date_header.DateObserver": 950,  # innermost: each answer, redirects too
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.stats.DownloaderStats": None,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
        },
        "ITEM_PIPELINES": steps,
        "EXTENSIONS": {
            "scrapy.extensions.memusage.MemoryUsage": None,
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.corestats.CoreStats": None,
        },
        # Pages and feeds only: files, FTP, S3 and data URLs are never fetched.
        "DOWNLOAD_HANDLERS": {
            **dict.fromkeys(("http", "https"), "crawler.http.host_throttle.ThrottledDownloader"),
            **dict.fromkeys(("file", "data", "s3", "ftp")),
        },
        "DOWNLOAD_DELAY": REQUEST_DELAY,
        "DOWNLOAD_SLOTS": _download_slots(settings),
        "SCHEDULER_PRIORITY_QUEUE": "crawler.http.host_throttle.HostQueue",
        "CONCURRENT_REQUESTS": 1024,  # over all hosts: each takes the places of its own and one more, slow ones too
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 1 << 40,  # bytes; the dispatcher bounds each source, this would stop all hosts
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "CONCURRENT_ITEMS": 1,  # of one response: each page gives one, and Scrapy starts as many tasks as this says
        "DOWNLOAD_TIMEOUT": DOWNLOAD_SECONDS,
        "DOWNLOAD_MAXSIZE": MAX_RESPONSE_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,  # Scrapy's default trusts any certificate
        "REDIRECT_MAX_TIMES": 5,
        "METAREFRESH_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "HTTPPROXY_ENABLED": False,  # behind a proxy the guard would see only the proxy
        "RETRY_TIMES": 1,
        "RETRY_HTTP_CODES": [
            408,
            500,
            502,
            504,
            522,
            524,
        ],  # 429 and 503 ask for patience: the next poll is soon enough
        "RETRY_PRIORITY_ADJUST": 0,
        "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",  # the spider logs a site that fails
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the claim in Redis is what keeps pages apart
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",  # the default reads the last that was put first
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,  # an HTTP server that executes code
        "LOG_ENABLED": False,
        "STATS_DUMP": False,
    }


def _renders(settings: Settings) -> bool:
    return any(source.release.render for source in settings.sources.values())


def _download_slots(settings: Settings) -> dict[str, dict[str, float | int]]:
    """Return each known host's pace; hosts on the operator's own private addresses need none."""
    policy = AddressPolicy(settings.polling.private_addresses)
    own_slot = {"delay": 0.0, "concurrency": 8, "jitter": 0.0}
    slots: dict[str, dict[str, float | int]] = {}
    for source in settings.sources.values():
        for listing in source.listings:
            host = urlsplit(listing.url).hostname or ""
            if source.pace is not None:
                slots[host] = {"delay": source.pace.total_seconds(), "concurrency": 1, "jitter": 0.2}
            elif _is_own(host, policy):
                slots.setdefault(host, own_slot)
    for network in settings.polling.private_addresses:
        if network.num_addresses <= 1:
            slots.setdefault(str(network.network_address), own_slot)
    return slots


def _is_own(host: str, policy: AddressPolicy) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    return not address.is_global and policy.permits(host)


class Engine:
    """The resident crawl in the running asyncio reactor."""

    def __init__(self, services: Services, steps: dict[str, int]) -> None:
        self._services = services
        self._runner = AsyncCrawlerRunner(scrapy_settings(services.settings, steps))
        self._crawl: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Open the spider, and return the task that ends when it has closed."""
        from twisted.internet import reactor

        reactor.suggestThreadPoolSize(RESOLVER_THREADS)
        reactor.installNameResolver(GuardedResolver(reactor.nameResolver, self._services.address_guard))
        self._crawl = self._runner.crawl(WireSpider, services=self._services)
        return self._crawl

    async def finish(self, seconds: float) -> None:
        """End the spider: open requests have ``seconds`` seconds to finish; the rest is left to the next poll."""
        if self._crawl is None:
            return
        self._services.polls.close()
        done, _ = await asyncio.wait([self._crawl], timeout=seconds)
        if not done:
            # Scrapy itself would wait for every page that is on its way: what hangs now is left behind.
            stopping = asyncio.ensure_future(self._runner.stop())
            await asyncio.wait([self._crawl, stopping], timeout=STOP_SECONDS)
            stopping.cancel()
        await self._release_claims()

    async def _release_claims(self) -> None:
        """Release the claims on pages that were not read, so that the next start does not wait for their leases."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                for url in tuple(self._services.claimed_urls):  # what is left behind may still settle one
                    await self._services.claims.return_lease(url)
        except (RedisError, TimeoutError) as error:
            log.warning("claims_not_released", reason=str(error))
