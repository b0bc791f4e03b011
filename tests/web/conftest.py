"""Fixtures of the web room: the app on a loopback port with a real Redis behind it."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from archive_filler import ArchiveFiller
from browsing import CHROMIUM, FLAGS
from playwright.async_api import Browser, async_playwright
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from waiting import until

from config.settings import Settings
from pipelines.release_diff import changes
from pipelines.watch_matching import query_predicate
from scheduler.process.cancellation import cancel_and_wait
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.websub_subscriptions import WebSubStore
from stories.model.release import Release
from stories.search.live_index import LiveIndex
from stories.store.archive import Archive
from stories.store.receipts import ChannelCounts, Receipt
from web.app import AlertFilter, Dependencies, create_app, end_streams
from web.security.connection_limits import Connection

CHROMIUM_STARTS = 120.0  # seconds, on a busy machine

SETTINGS: dict[str, Any] = {
    "catalog": False,
    "watches": {"batteries": {"title": "Batteries", "tags": ["Battery"]}, "all": {}},
    "sources": {
        "harbour": {
            "title": "Harbour Newswire",
            "listings": [{"url": "https://harbour-wire.example/news"}],
        },
        "quayside": {"enabled": False, "reason": "its robots.txt forbids"},
    },
}


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@dataclass(slots=True, kw_only=True)
class Site:
    """The app, served."""

    dependencies: Dependencies
    server: uvicorn.Server
    serving: asyncio.Task[None]
    base: str
    http: aiohttp.ClientSession
    receipts: list[Receipt] = field(default_factory=list)
    counts: list[ChannelCounts] = field(default_factory=list)
    asked_alerts: list[AlertFilter] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    """Alerts that were asked for again, and channels that were tested."""

    async def stop(self, *, politely: bool = True) -> float:
        """End the server as the daemon does and return the seconds it took."""
        began = asyncio.get_running_loop().time()
        if politely:
            end_streams(self.server.config.app)  # type: ignore[arg-type]
        self.server.should_exit = True
        await self.serving
        return asyncio.get_running_loop().time() - began

    async def drop(self) -> None:
        """Let go of the server at once: a clean stop takes uvicorn a fifth of a second."""
        end_streams(self.server.config.app)  # type: ignore[arg-type]
        for listening in self.server.servers:
            listening.close()
        self.serving.cancel()
        await asyncio.wait([self.serving])


Serve = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture
def archive(redis: Redis) -> ArchiveFiller:
    """``await archive.publish(headline, …)``: a store to read."""
    return ArchiveFiller(redis)


@pytest.fixture
def serve(redis: Redis, archive: ArchiveFiller) -> Serve:
    """``async with serve(web={…}) as site``: the app with these settings on a free loopback port."""

    @asynccontextmanager
    async def serving(
        *, client: Redis | None = None, index: Path | None = None, port: int = 0, **changed: Any
    ) -> AsyncIterator[Site]:
        finder = LiveIndex(redis, index, lambda: archive.now) if index is not None else None
        following = asyncio.create_task(finder.run()) if finder is not None else None
        settings = Settings.model_validate(SETTINGS | changed)
        registry = CollectorRegistry()
        Counter("wirewatch_events", "Events", registry=registry).inc(3)
        receipts: list[Receipt] = []
        counts: list[ChannelCounts] = []
        filters: list[AlertFilter] = []
        again: list[str] = []

        async def alerts(wanted: AlertFilter) -> list[Receipt]:
            filters.append(wanted)
            return receipts

        async def channels() -> list[ChannelCounts]:
            return counts

        async def found(ids: Sequence[str]) -> list[Receipt]:
            return [one for one in receipts if f"{one.event}:{one.channel}" in ids or one.id in ids]

        async def retry(alert: str) -> str:
            again.append(alert)
            for place, one in enumerate(receipts):
                if one.id == alert:
                    receipts[place] = replace(one, state="pending", settled=None, due=archive.now)
                    return "due"
            return "unknown"

        async def retry_all() -> int:
            return [await retry(one.id) for one in receipts if one.state == "failed"].count("due")

        async def test(channel: str) -> str:
            again.append(channel)
            return f"evt_test_1:{channel}"

        def matches(watch: str, release: Release) -> bool:
            return watch == "all" or "Battery" in release.tags

        dependencies = Dependencies(
            settings=settings,
            redis=client or redis,
            archive=Archive(client or redis),
            stores=CrawlStores.from_redis(client or redis),
            now=lambda: archive.now + timedelta(seconds=30),
            alerts=alerts,
            channels=channels,
            matches=matches,
            query=query_predicate,
            changes=changes,
            receipts=found,
            retry=retry,
            retry_all=retry_all,
            test=test,
            metrics=registry,
            finder=finder,
            pushes=WebSubStore(client or redis) if settings.web.public_url else None,
        )
        if finder is not None:
            await until(lambda: finder.ready, timeout=30)
        server = _Server(
            uvicorn.Config(
                create_app(dependencies), host="127.0.0.1", port=port, log_config=None, access_log=False,
                lifespan="off", timeout_graceful_shutdown=2, server_header=False, http=Connection,
            )
        )  # fmt: skip
        task = asyncio.create_task(server.serve())
        while not server.started:
            assert not task.done(), task
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        base = f"http://127.0.0.1:{port}"
        http = aiohttp.ClientSession(
            base, timeout=aiohttp.ClientTimeout(total=20), connector=aiohttp.TCPConnector(limit=0)
        )
        site = Site(
            dependencies=dependencies, server=server, serving=task, base=base, http=http, receipts=receipts,
            counts=counts, asked_alerts=filters, again=again,
        )  # fmt: skip
        try:
            yield site
        finally:
            await http.close()
            if not task.done():
                await site.drop()
            if following is not None:
                await cancel_and_wait([following], grace=0.5)

    return serving


@pytest.fixture
async def site(serve: Serve) -> AsyncIterator[Site]:
    """The app without a token, on loopback."""
    async with serve() as served:
        yield served


@pytest.fixture
async def indexed(serve: Serve, tmp_path: Path) -> AsyncIterator[Site]:
    """The same with an index of releases."""
    async with serve(index=tmp_path / "index") as served:
        yield served


@pytest.fixture
def receipt() -> Callable[..., Receipt]:
    """``receipt(state="failed")``: the receipt of an alert."""

    def make(**fields: Any) -> Receipt:
        made = datetime.fromisoformat("2026-03-02T09:05:00+00:00")
        standard: dict[str, Any] = {
            "id": "evt_one:log",
            "event": "evt_one",
            "channel": "log",
            "story": None,
            "type": "release.new",
            "state": "sent",
            "tries": 1,
            "created": made,
            "listed": made,
            "due": None,
            "settled": made,
            "detail": None,
            "error": None,
        }
        return Receipt(**standard | fields)

    return make


@pytest.fixture
def count() -> Callable[..., ChannelCounts]:
    """``count(channel="log", off="410 from …")``: the counts of a channel."""

    def make(**fields: Any) -> ChannelCounts:
        standard: dict[str, Any] = {
            "channel": "log",
            "waiting": 0,
            "failed": 0,
            "sent": 3,
            "oldest_waiting": None,
            "off": None,
            "off_at": None,
            "last_sent": datetime.fromisoformat("2026-03-02T09:05:00+00:00"),
            "last_error": None,
            "last_error_at": None,
        }
        return ChannelCounts(**standard | fields)

    return make


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Chromium for all tests: starting one takes longer than most of them. Where it listens."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH; apt-get install chromium")
    folder = tmp_path_factory.mktemp("chromium")
    address = folder / "DevToolsActivePort"
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}", "--remote-debugging-port=0", "about:blank"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + CHROMIUM_STARTS
            while not address.exists() or "\n" not in address.read_text():
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.02)
            port, path = address.read_text().split()
            yield f"ws://127.0.0.1:{port}{path}"
        finally:
            process.kill()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A real Chromium, with none of the windows of other tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        await browser.close()  # what was opened here, and the connection; the browser stays
