"""A small newswire on loopback: four sites that publish, syndicate, correct, edit and withdraw on request.

Each site has its own port on 127.0.0.1. No other address is used.
"""

from __future__ import annotations

import asyncio
import email.utils
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from aiohttp import web

from scheduler.demo import pages
from scheduler.demo.sites import CUSTOMS, Custom, NoticeKind, Page, Site
from scheduler.demo.stories import Handout

HTML = "text/html; charset=utf-8"
FEEDS = {"RssFeed": ("rss", "application/rss+xml; charset=utf-8"), "AtomFeed": ("atom", "application/atom+xml")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that a site answered."""

    at: datetime
    site: str
    path: str
    """With the query string."""
    headers: Mapping[str, str]
    """Names in lower case."""
    status: int


@dataclass(slots=True, kw_only=True)
class Failure:
    """A simulated failure of a path."""

    status: int = 503
    delay: float = 0.0
    """Delay of the answer in seconds."""
    body: bytes = b""
    content_type: str = HTML
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    """The number of requests that fail; None: all until ``heal``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    body: bytes
    content_type: str
    modified_at: datetime | None = None
    named: tuple[Page, ...] = ()
    """The releases that a listing contains."""


class Newswire:
    """The sites' content, and the methods that change it. Publications are identified by their URLs."""

    def __init__(self, customs: tuple[Custom, ...] = CUSTOMS, now: Callable[[], datetime] | None = None) -> None:
        self.sites = {custom.name: Site(custom=custom) for custom in customs}
        self.requests: list[Request] = []
        """All requests, in order."""
        self.now = now or (lambda: datetime.now(UTC))
        self._failures: dict[tuple[str, str], Failure] = {}

    # Publishing

    def publish(
        self, handout: Handout, site: str = "harbourline", *, listed: bool = True, at: datetime | None = None
    ) -> str:
        """Publish a release and return its URL; ``at``: its printed time; ``listed=False``: no listing has it yet."""
        where = self.sites[site]
        page = where.add(handout, headline=handout.headline, published_at=at or self.now(), now=self.now())
        page.listed = listed
        return where.base + page.path

    def put_on_listing(self, url: str) -> None:
        """Add a held-back release to the listings."""
        self.page(url).listed = True

    def syndicate(self, url: str, site: str = "quayside", *, listed: bool = True, at: datetime | None = None) -> str:
        """Copy a page, with its notice, to another site with that site's boilerplate, and return the copy's URL."""
        origin, page = self._find(url)
        where = self.sites[site]
        copied = where.add(page.handout, headline=page.headline, published_at=at or self.now(), now=self.now())
        copied.dateline = page.dateline
        copied.advisory, copied.advisory_first = page.advisory, page.advisory_first
        copied.origin = page.origin or origin.custom.title
        copied.origin_id = page.origin_id or (page.id if origin.custom.pixel else None)
        copied.listed = listed
        return where.base + copied.path

    def correct(self, url: str, corrected: Handout, *, listed: bool = True) -> str:
        """Correct a release in the way of its site (a new page, or in place) and return the correction's URL."""
        return self._notice("correction", url, corrected, listed=listed)

    def update(self, url: str, updated: Handout, *, listed: bool = True) -> str:
        """Publish an update of a release and return its URL."""
        return self._notice("update", url, updated, listed=listed)

    def withdraw(self, url: str, *, listed: bool = True) -> str:
        """Publish a notice that a release is to be disregarded, and return its URL; the release's page stays."""
        site, page = self._find(url)
        advisory = site.custom.advisory("withdrawal", page.handout, site.custom.local(page.published_at))
        emptied = replace(page.handout, body=advisory, place=None, subheadline=None, caption=None, about=())
        headline = site.custom.marked("withdrawal", page.handout)
        notice = site.add(emptied, headline=headline, published_at=self.now(), now=self.now())
        notice.listed = listed
        return site.base + notice.path

    def edit(self, url: str, edited: Handout) -> None:
        """Edit a page without a notice."""
        page = self.page(url)
        if page.headline == page.handout.headline:
            page.headline = edited.headline
        page.handout = edited
        page.modified_at = self.now()

    def remove(self, url: str, status: int = 404) -> None:
        """Remove a page: 404 or 410 from now on, and no listing contains it."""
        page = self.page(url)
        page.gone = status
        page.modified_at = self.now()

    def _notice(self, kind: NoticeKind, url: str, handout: Handout, *, listed: bool) -> str:
        site, page = self._find(url)
        headline = site.custom.marked(kind, handout)
        advisory = site.custom.advisory(kind, page.handout, site.custom.local(page.published_at))
        if kind == "correction" and site.custom.corrects_in_place:
            page.handout, page.headline, page.advisory = handout, headline, advisory
            page.modified_at = self.now()
            page.first_listed = None
            return url
        notice = site.add(handout, headline=headline, published_at=self.now(), now=self.now())
        notice.advisory = advisory
        notice.listed = listed
        return site.base + notice.path

    # Content

    def page(self, url: str) -> Page:
        """Return the page at a URL; ``KeyError`` if nothing was published there."""
        return self._find(url)[1]

    def _find(self, url: str) -> tuple[Site, Page]:
        for site in self.sites.values():
            if url.startswith(f"{site.base}/"):
                return site, site.pages[unquote(urlsplit(url).path)]
        raise KeyError(f"no site of this newswire: {url}")

    # Failures

    def fail(self, url: str, failure: Failure | None = None, **how: object) -> None:
        """Make a URL (a page, a listing, robots.txt) fail: ``fail(url, status=500, times=2)``."""
        self._failures[self._place(url)] = failure or Failure(**how)  # type: ignore[arg-type]

    def heal(self, url: str) -> None:
        """Let a URL answer normally again."""
        self._failures.pop(self._place(url), None)

    def _place(self, url: str) -> tuple[str, str]:
        for name, site in self.sites.items():
            if url.startswith(f"{site.base}/"):
                return name, url.removeprefix(site.base)
        raise KeyError(f"no site of this newswire: {url}")

    def requests_for(self, url: str) -> list[Request]:
        """Return the requests for one URL, in order."""
        name, path = self._place(url)
        return [request for request in self.requests if request.site == name and request.path == path]

    # Answers

    async def answer(self, site: Site, request: web.Request) -> web.StreamResponse:
        """Answer a request, and record it."""
        failure = self._failing(site.custom.name, request.path_qs)
        if failure is not None:
            response = await _misbehave(failure)
        else:
            response = self._respond(site, request)
        self.requests.append(
            Request(
                at=self.now(),
                site=site.custom.name,
                path=request.path_qs,
                headers={name.lower(): value for name, value in request.headers.items()},
                status=response.status,
            )
        )
        return response

    def _failing(self, site: str, path: str) -> Failure | None:
        failure = self._failures.get((site, path))
        if failure is None or failure.times is None:
            return failure
        failure.times -= 1
        if failure.times <= 0:
            del self._failures[site, path]
        return failure

    def _respond(self, site: Site, request: web.Request) -> web.Response:
        found = self._content(site, request)
        if isinstance(found, int):
            return web.Response(status=found, body=b"<h1>Not here</h1>", headers={"Content-Type": HTML})
        headers = {"Content-Type": found.content_type}
        status, body = 200, found.body
        if site.validators:
            headers["ETag"] = f'"{hashlib.sha256(found.body).hexdigest()[:24]}"'
            if found.modified_at is not None:
                headers["Last-Modified"] = email.utils.format_datetime(found.modified_at.astimezone(UTC), usegmt=True)
            if _unchanged(request.headers, headers["ETag"], found.modified_at):
                status, body = 304, b""
        if status == 200:
            for page in found.named:
                page.first_listed = page.first_listed or self.now()
        return web.Response(status=status, body=body, headers=headers)

    def _content(self, site: Site, request: web.Request) -> _Answer | int:
        path = request.path
        if path == "/robots.txt":
            return 404 if site.robots is None else _Answer(body=site.robots.encode(), content_type="text/plain")
        page = site.pages.get(path) or site.pages.get(path + "/")
        if page is not None:
            if page.gone is not None:
                return page.gone
            return _Answer(body=pages.article(site, page), content_type=HTML, modified_at=page.modified_at)
        return self._listing(site, path, request)

    def _listing(self, site: Site, path: str, request: web.Request) -> _Answer | int:
        first, _, rest = path.strip("/").partition("/")
        if path == "/sitemap-news.xml":
            found = site.listed()[: site.depth]
            return _Answer(body=pages.sitemap(site, found), content_type="application/xml", named=tuple(found))
        if site.custom.name == "meridian" and first in FEEDS:
            kind, content_type = FEEDS[first]
            found = site.listed()[: site.depth]
            return _Answer(body=pages.feed(site, found, kind, path), content_type=content_type, named=tuple(found))
        template = next(
            (listing for listing in site.custom.listings if listing.split("{")[0].strip("/") == path.strip("/")), None
        )
        if template is None and not (first == "tag" and rest and "/tag/{tag}" in site.custom.listings):
            return 404
        tag = rest.strip("/") if template is None else None
        start = int(request.query.get("start", "0")) if request.query.get("start", "0").isdecimal() else 0
        there = site.listed(tag)
        found = there[start : start + site.depth]
        following = f"{path}?start={start + site.depth}" if len(there) > start + site.depth else None
        heading = f"#{tag}" if tag else "Business News" if site.custom.name == "quayside" else "All News Releases"
        return _Answer(body=pages.listing(site, found, heading, following), content_type=HTML, named=tuple(found))


def _unchanged(headers: Mapping[str, str], etag: str, modified_at: datetime | None) -> bool:
    """RFC 9110, 13.1.3: If-Modified-Since is ignored if If-None-Match is given."""
    if "If-None-Match" in headers:
        return etag in (tag.strip().removeprefix("W/") for tag in headers["If-None-Match"].split(","))
    if "If-Modified-Since" in headers and modified_at is not None:
        try:
            since = email.utils.parsedate_to_datetime(headers["If-Modified-Since"])
        except ValueError:
            return False
        return modified_at < since + timedelta(seconds=1)
    return False


async def _misbehave(failure: Failure) -> web.StreamResponse:
    if failure.delay:
        await asyncio.sleep(failure.delay)
    headers = {"Content-Type": failure.content_type, **failure.headers}
    if failure.location is not None:
        headers["Location"] = failure.location
    return web.Response(status=failure.status, body=failure.body, headers=headers)


@asynccontextmanager
async def serve(wire: Newswire | None = None) -> AsyncIterator[Newswire]:
    """Serve every site on a free loopback port until the block ends."""
    wire = wire or Newswire()
    async with AsyncExitStack() as stack:
        for site in wire.sites.values():
            site.base = await stack.enter_async_context(_serve_site(wire, site))
        yield wire


@asynccontextmanager
async def _serve_site(wire: Newswire, site: Site) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await wire.answer(site, request)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
