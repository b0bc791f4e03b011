"""Runs a page's scripts in a browser, for sources with ``render = true``.

The browser has no network. Every request of a page is answered by the crawler's own downloader, so that what holds for
any other request holds for it too: the guard's addresses, also after redirects, robots.txt, the host's pace, sizes,
certificates. Whatever goes past that (WebSockets, WebRTC, prefetching) ends at a proxy that is not there.
docs/decisions/0005-rendering.md says why it is not scrapy-playwright.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import structlog
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from crawler.http.address_guard import SOURCE_META

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright, Route, WebSocketRoute
    from playwright.async_api import Request as BrowserRequest

log = structlog.get_logger(__name__)

RENDER_SECONDS = 60.0  # seconds for a page with all that its scripts ask for, at the host's pace
CLOSE_SECONDS = 5.0  # seconds for a page, or the browser, to close; then it is given up
MAX_REQUESTS = 60  # of one page; a newsroom built with the usual tools has some 20
MAX_POST_BYTES = 64_000  # bytes that a script may send to its own host, for example a GraphQL query
MAX_PAGE_CHARACTERS = 8 << 20  # characters of a page when its scripts have run, as of one that was fetched
MAX_CONCURRENT_PAGES = 2
MAX_PAGES_PER_BROWSER = 200  # then it starts afresh: whatever leaks, leaks little
MAX_CACHED_SCRIPTS, SCRIPT_CACHE_SECONDS, MAX_CACHED_SCRIPT_BYTES = 50, 3600.0, 1_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ALLOWED_RESOURCE_TYPES = frozenset({"document", "script", "xhr", "fetch"})
"""What a page may ask for; pictures, fonts, films and frames say nothing of its text."""
CLOSED_PROXY = "127.0.0.1:9"  # the discard port: nothing listens there
BROWSER_FLAGS = (
    f"--proxy-server=http://{CLOSED_PROXY}", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
    "--disable-quic", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--js-flags=--max-old-space-size=256",
)  # fmt: skip
_CRAWLER_HEADERS = frozenset(
    {"cookie", "host", "user-agent", "referer", "accept-encoding", "content-length", "connection"}
)
_DROPPED_HEADERS = frozenset(
    {"content-encoding", "content-length", "transfer-encoding", "set-cookie", "connection", "link", "refresh"}
)

Fetch = Callable[[Request], Awaitable[Response]]


class RenderError(IgnoreRequest):
    """A page whose scripts could not be run; the message says why."""


@dataclass(frozen=True, slots=True)
class _CachedScript:
    until: float
    response: Response


class Renderer:
    """One browser, started for the first page that needs it. ``fetch`` answers every request of a page."""

    def __init__(self, fetch: Fetch, *, rendering: float = RENDER_SECONDS) -> None:
        self._fetch = fetch
        self._rendering = rendering
        self._start_lock = asyncio.Lock()
        self._slots = asyncio.Semaphore(MAX_CONCURRENT_PAGES)
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._pages = 0
        self._scripts: OrderedDict[str, _CachedScript] = OrderedDict()
        self._is_closed = False

    async def render(self, response: Response) -> Response:
        """Return the page as it is when its scripts have run; ``RenderError`` when they cannot be."""
        from playwright.async_api import Error

        async with self._slots:
            try:
                async with asyncio.timeout(self._rendering + CLOSE_SECONDS):
                    html = await self._run(response)
            except TimeoutError as error:
                await self._close_browser()  # a script that never ends holds its page open
                raise RenderError("its scripts did not end in time") from error
            except Error as error:
                await self._close_browser()
                raise RenderError(f"the browser failed: {str(error).splitlines()[0][:200]}") from error
        if len(html) > MAX_PAGE_CHARACTERS:
            raise RenderError("the answer is larger than allowed when its scripts have run")
        headers = response.headers.copy()
        headers["Content-Type"] = "text/html; charset=utf-8"
        return response.replace(body=html.encode("utf-8", "replace"), headers=headers)

    async def _run(self, response: Response) -> str:
        from playwright.async_api import TimeoutError as BrowserTimeoutError

        browser = await self._running_browser()
        context = await browser.new_context(service_workers="block", accept_downloads=False)
        try:
            visit = _PageLoad(self, response)
            await context.route("**/*", visit.answer)
            await context.route_web_socket("**", _close_socket)
            page = await context.new_page()
            context.on("page", lambda popup: popup.close())
            began = monotonic()
            with contextlib.suppress(BrowserTimeoutError):  # what is there by then is read
                await page.goto(response.url, wait_until="domcontentloaded", timeout=self._rendering * 1000)
                left = max(1.0, self._rendering - (monotonic() - began))
                await page.wait_for_load_state("networkidle", timeout=left * 1000)
            size = await page.evaluate("document.documentElement.outerHTML.length")
            if not isinstance(size, int) or size > MAX_PAGE_CHARACTERS:
                raise RenderError("the answer is larger than allowed when its scripts have run")
            await page.evaluate("document.querySelectorAll('noscript').forEach(element => element.remove())")
            return await page.content()
        finally:
            await self._close_context(context)

    async def _close_context(self, context: BrowserContext) -> None:
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await context.close()
        except (TimeoutError, Error) as error:
            log.info("browser_page_not_closed", reason=str(error) or "not in time")
            await self._close_browser()

    async def _running_browser(self) -> Browser:
        """Return the running browser, started if it does not run, or has rendered enough pages."""
        from playwright.async_api import async_playwright

        async with self._start_lock:
            if self._is_closed:
                raise RenderError("the crawl ends")
            if self._pages >= MAX_PAGES_PER_BROWSER and self._browser is not None and not self._browser.contexts:
                await self._close_browser()
            if self._browser is None or not self._browser.is_connected():
                if self._playwright is None:
                    self._playwright = await async_playwright().start()
                self._browser = await self._playwright.chromium.launch(
                    executable_path=installed_browser(),
                    args=list(BROWSER_FLAGS),
                    chromium_sandbox=os.geteuid() != 0,  # which Chromium refuses to root
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
                self._pages = 0
            self._pages += 1
            return self._browser

    async def _close_browser(self) -> None:
        from playwright.async_api import Error

        browser, self._browser = self._browser, None
        if browser is not None:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    await browser.close()
            except (TimeoutError, Error) as error:
                log.warning("browser_not_closed", reason=str(error) or "not in time")

    async def close(self) -> None:
        """Close the browser. May be called again."""
        self._is_closed = True
        await self._close_browser()
        playwright, self._playwright = self._playwright, None
        if playwright is not None:
            await playwright.stop()

    async def fetch(self, request: Request, kind: str) -> Response:
        """Return the answer to a page's request; scripts are kept for an hour: a site's pages share them."""
        script = f"{request.meta.get(SOURCE_META, '')} {request.url}"  # a public page must not get an intranet's script
        kept = self._scripts.get(script) if kind == "script" else None
        if kept is not None and kept.until > monotonic():
            return kept.response
        response = await self._fetch(request)
        if kind == "script" and response.status == 200 and len(response.body) <= MAX_CACHED_SCRIPT_BYTES:
            self._scripts[script] = _CachedScript(monotonic() + SCRIPT_CACHE_SECONDS, response)
            while len(self._scripts) > MAX_CACHED_SCRIPTS:
                self._scripts.popitem(last=False)
        return response


class _PageLoad:
    """Answers the requests of one page."""

    def __init__(self, renderer: Renderer, response: Response) -> None:
        self._renderer = renderer
        self._document: Response | None = response
        self._host = urlsplit(response.url).netloc
        self._source = str(response.request.meta.get(SOURCE_META, "")) if response.request else ""
        self._request_count = 0

    async def answer(self, route: Route, browser_request: BrowserRequest) -> None:
        """Answer a request, or refuse it."""
        from playwright.async_api import Error

        try:
            if self._document is not None and browser_request.is_navigation_request():
                document, self._document = self._document, None
                await _fulfill(route, document)
            elif browser_request.resource_type == "stylesheet":  # a script may wait for it
                await route.fulfill(status=200, content_type="text/css", body="")
            elif (request := self._request(browser_request)) is None:
                await route.abort("blockedbyclient")
            else:
                await _fulfill(route, await self._renderer.fetch(request, browser_request.resource_type))
        except Error as error:  # the page has gone
            log.debug("page_resource_failed", url=browser_request.url[:200], why=str(error).splitlines()[0])
        except Exception as error:
            # Whatever a fetch may fail with, robots.txt and the guard among it, is a failed request to the page.
            log.debug("page_resource_refused", url=browser_request.url[:200], why=str(error)[:200])
            with contextlib.suppress(Error):
                await route.abort("failed")

    def _request(self, browser_request: BrowserRequest) -> Request | None:
        """Return the request as the crawler makes it; None for one that is not made."""
        self._request_count += 1
        own = urlsplit(browser_request.url).netloc == self._host
        body = browser_request.post_data_buffer or b""
        if (
            self._request_count > MAX_REQUESTS
            or browser_request.resource_type not in ALLOWED_RESOURCE_TYPES
            or (browser_request.resource_type == "document" and browser_request.frame.parent_frame is not None)
            or not browser_request.url.startswith(("http://", "https://"))
            or browser_request.method not in (("GET", "HEAD", "POST") if own else ("GET", "HEAD"))
            or len(body) > MAX_POST_BYTES
        ):
            return None
        passed = {
            name: value
            for name, value in browser_request.headers.items()
            if name not in _CRAWLER_HEADERS and not name.startswith("sec-") and (own or name in ("accept", "origin"))
        }
        return Request(
            browser_request.url,
            method=browser_request.method,
            headers=passed,
            body=body,
            meta={"dont_retry": True, SOURCE_META: self._source},
            dont_filter=True,
        )


async def _fulfill(route: Route, response: Response) -> None:
    headers = {
        name.decode("latin-1").lower(): b", ".join(values).decode("latin-1")
        for name, values in response.headers.items()
        if values and name.decode("latin-1").lower() not in _DROPPED_HEADERS
    }
    await route.fulfill(status=response.status, headers=headers, body=response.body)


async def _close_socket(socket: WebSocketRoute) -> None:
    await socket.close()


def installed_browser() -> str:
    """Return the system's Chromium; ``RenderError`` if none is installed."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise RenderError("render = true needs a Chromium, but PATH has none: install the package chromium")


class RenderMiddleware:
    """Runs the scripts of the pages whose requests ask for it, when they have come through everything else."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._renderer = Renderer(self._download)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return the middleware; its browser is closed with the spider."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware._renderer.close, signal=signals.spider_closed)
        return middleware

    async def _download(self, request: Request) -> Response:
        assert self._crawler.engine is not None  # noqa: S101 (a response has come, so there is an engine)
        return await self._crawler.engine.download_async(request)

    async def process_response(self, request: Request, response: Response) -> Response:
        """Return the page as it is when its scripts have run, if its request asks for that and it was found."""
        if not request.meta.get("render") or response.status != 200:
            return response
        return await self._renderer.render(response)
