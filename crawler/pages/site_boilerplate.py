"""Stop 6, extract: what is known of a page's site before it is read, and what the page adds to that."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines, SiteBoilerplateStore
from stories.model.urls import canonical_url, url_digest

log = structlog.get_logger(__name__)


class SiteBoilerplate:
    """Asks and tells the memory of sites; while Redis is away a page is read without it."""

    def __init__(self, sites: SiteBoilerplateStore) -> None:
        self._sites = sites

    async def known(self, url: str) -> KnownBoilerplate:
        """Return what is remembered of the site of a page, and of the page."""
        try:
            return await self._sites.known(_host(url), url_digest(canonical_url(url)))
        except RedisError as error:
            log.info("read without memory of the site", url=url, why=f"Redis: {error}")
            return KnownBoilerplate()

    async def learn(self, url: str, shown: ShownLines, known: KnownBoilerplate, now: datetime) -> None:
        """Remember what a page shows."""
        try:
            await self._sites.learn(_host(url), url_digest(canonical_url(url)), shown, known, now)
        except RedisError as error:
            log.info("site not remembered", url=url, why=f"Redis: {error}")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
