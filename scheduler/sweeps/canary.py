"""The canary: every minute it reads a generated listing and page as real ones are read, without network and Redis.

It proves that this process can still read: listing reader, page reader process, decision, match. While it fails, the
process reports that it is blind: at ``/readyz``, in the metrics, to watches with ``events = ["source"]`` and to Sentry.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol, get_args

import structlog
from redis.exceptions import RedisError

from config.observability.sentry import report
from config.settings import Settings, WatchSettings
from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingPage
from crawler.readers.pool import ReaderClosedError, ReaderFailedError
from pipelines.decision import decide
from pipelines.monitor_notifier import MonitorNotifier
from pipelines.tidy import tidy
from scheduler.process.supervisor import PartFailedError
from scheduler.wiring import AppContext, now
from stories.crawl_state.canary_reports import CanaryReport, CanaryReports
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines
from stories.model.event import Event, MonitorEventType
from stories.model.ids import release_id
from stories.model.page_result import PageResult
from stories.model.release import Release
from stories.model.sighting import Sighting
from stories.model.timestamps import milliseconds, timestamp
from stories.model.urls import canonical_url, url_digest
from stories.runtime.heartbeats import beat
from stories.store.releases import Decision, Lookup

log = structlog.get_logger(__name__)

FIRST_SECONDS = 1.0  # after the start
INTERVAL_SECONDS = 60.0
RETRY_SECONDS = 5.0  # after a failure, so that the alarm and its end are fast
DEADLINE_SECONDS = 20.0  # for one run; it takes 0.1 s, and longer while many real pages are read
BLIND_FAILURES = 3  # in a row
BLIND_SECONDS = 180.0  # without a success
END_SECONDS = 600.0  # blind for this long at reading: a new process may recover

Stage = Literal["listing", "page", "decision", "match"]
STAGES: tuple[Stage, ...] = get_args(Stage)
READING: tuple[Stage, ...] = ("listing", "page")
"""The stages of the reader processes."""

SOURCE = "canary"
BASE = "https://canary.wirewatch.invalid"  # RFC 2606: never a real host
TAG = "WirewatchCanary"
PARAGRAPHS = (
    "The canary of wirewatch reads this page once a minute to prove that listings and pages can still be read.",
    "The page was made at {moment} in the memory of the process, and no request leaves the machine for it.",
    "If you read this in an alert, please report a fault: the release is neither stored nor delivered.",
)


class CanaryError(Exception):
    """The canary failed."""

    def __init__(self, stage: Stage, reason: str) -> None:
        super().__init__(f"{stage}: {reason}")
        self.stage = stage
        self.reason = reason


class MonitorBlindError(PartFailedError):
    """Nothing was read for ``END_SECONDS``: the process ends, so that its supervisor restarts it."""


class PageReader(Protocol):
    """The part of ``crawler.readers.pool.ReaderPool`` that the canary needs."""

    async def read_listing(
        self,
        body: bytes,
        url: str,
        settings: ListingSettings,
        hints: ReleaseHints,
        content_type: str | None = None,
        *,
        source: str = "",
    ) -> ListingPage: ...

    async def read_page(
        self,
        body: bytes,
        url: str | None,
        hints: ReleaseHints | None,
        header_charset: str | None,
        known: KnownBoilerplate,
        *,
        source: str = "",
    ) -> tuple[Release, ShownLines]: ...


class Notify(Protocol):
    """``pipelines.monitor_notifier.MonitorNotifier.notify``."""

    async def __call__(
        self,
        kind: MonitorEventType,
        subject: str,
        *,
        began: str,
        detail: str,
        about: Mapping[str, str | None] | None = None,
    ) -> Event | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryPage:
    """A generated page with its listings; its text contains the time at which it was generated."""

    url: str
    headline: str
    html: bytes
    feed: bytes
    listing: bytes


def canary_page(now: datetime) -> CanaryPage:
    """Return the page and the listings for the present moment."""
    moment = timestamp(now)
    number = milliseconds(now)
    headline = f"Canary of wirewatch proves at {moment} that it reads"
    url = f"{BASE}/news/{number}-canary"
    body = "".join(f"<p>{paragraph.format(moment=moment)}</p>" for paragraph in PARAGRAPHS[1:])
    html = (
        f'<!doctype html><html lang="en"><head><title>{headline}</title>'
        f'<meta property="article:published_time" content="{moment}"><link rel="canonical" href="{url}"></head>'
        f"<body><article><h1>{headline}</h1><p>LOOPBACK - Canary Newswire - {now:%d %B %Y} - {PARAGRAPHS[0]}</p>{body}"
        f"<p>Hashtag: #{TAG}</p></article></body></html>"
    )
    feed = (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Canary</title>'
        f"<link>{BASE}</link><description>Canary</description>"
        f"<item><title>{headline}</title><link>{url}</link><guid>{url}</guid></item></channel></rss>"
    )
    listing = (
        '<!doctype html><html lang="en"><head><title>Canary</title></head><body><main>'
        f'<div class="entry"><a href="{url}">{headline}</a></div></main></body></html>'
    )
    return CanaryPage(url=url, headline=headline, html=html.encode(), feed=feed.encode(), listing=listing.encode())


def canary_settings(settings: Settings) -> Settings:
    """Return the settings with one watch, which the canary's page must match, and one channel."""
    watch = WatchSettings(tags=(TAG,), query='"prove that listings"', sources=(SOURCE,))
    return settings.model_copy(update={"watches": {SOURCE: watch}, "channels": {SOURCE: None}})


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryState:
    """The result of the runs so far; times in monotonic seconds."""

    began: float
    succeeded: float | None = None
    failures: int = 0
    """In a row."""
    stage: Stage | None = None
    reason: str | None = None

    def after(self, error: CanaryError | None, now: float) -> CanaryState:
        """Return the state after a run."""
        if error is None:
            return replace(self, succeeded=now, failures=0, stage=None, reason=None)
        return replace(self, failures=self.failures + 1, stage=error.stage, reason=error.reason)

    def age(self, now: float) -> float:
        """Return the seconds since the last success, or since the beginning."""
        return now - (self.began if self.succeeded is None else self.succeeded)

    def is_blind(self, now: float) -> bool:
        """Return whether the process counts as blind."""
        return self.failures >= BLIND_FAILURES or self.age(now) > BLIND_SECONDS


async def read_canary(
    reader: PageReader, settings: Settings, now: datetime, enter: Callable[[Stage], None]
) -> Decision:
    """Read the generated page and return what would be stored; ``CanaryError`` names the stage that failed.

    Args:
        reader: of this process.
        settings: of :func:`canary_settings`.
        now: the time that the page contains.
        enter: called with each stage as it begins.
    """
    page = canary_page(now)
    enter("listing")
    for body, listing in (
        (page.feed, ListingSettings(url=f"{BASE}/feed.xml", kind="feed")),
        (page.listing, ListingSettings(url=f"{BASE}/news", kind="html", entry="div.entry", link="a")),
    ):
        read = await reader.read_listing(body, listing.url, listing, ReleaseHints(), source=SOURCE)
        _check_sightings(read.sightings, page, listing)
    enter("page")
    release, _ = await reader.read_page(page.html, page.url, ReleaseHints(), "utf-8", KnownBoilerplate(), source=SOURCE)
    if release.headline != page.headline:
        raise CanaryError("page", f"the headline is {release.headline!r}, not {page.headline!r}")
    if not any(timestamp(now) in paragraph for paragraph in release.body):
        raise CanaryError("page", f"the body of {len(release.body)} paragraph(s) lacks the moment of the page")
    enter("decision")
    keep = decide_on(release, page.url, settings, now)
    enter("match")
    _check_match(keep)
    return keep


def decide_on(release: Release, url: str, settings: Settings, now: datetime) -> Decision:
    """Return the decision on a page with an empty store; nothing is written."""
    own_id = release_id(url_digest(canonical_url(url)))
    tidied = replace(tidy(release, SOURCE), url=url, id=own_id)
    knowledge = Lookup(fingerprint=b"", own=None, candidates=())
    keep = decide(tidied, knowledge, PageResult(url=url, source=SOURCE, release=release), settings, now)
    if keep is None or [event.type for event in keep.events] != ["release.new"]:
        found = "nothing" if keep is None else ", ".join(event.type for event in keep.events) or "no event"
        raise CanaryError("decision", f"a new release led to {found}")
    return keep


def _check_sightings(sightings: tuple[Sighting, ...], page: CanaryPage, listing: ListingSettings) -> None:
    found = [(sighting.url, sighting.headline) for sighting in sightings]
    if found != [(page.url, page.headline)]:
        raise CanaryError("listing", f"a {listing.kind} listing with one entry was read as {found!r}"[:500])


def _check_match(keep: Decision) -> None:
    (event,) = keep.events
    channels = set(keep.alerts.get(event.id, {}))
    if event.watches != (SOURCE,) or channels != {SOURCE}:
        raise CanaryError("match", f"it matched the watches {event.watches!r} and the channels {sorted(channels)!r}")


def _unobserved(state: CanaryState, error: CanaryError | None) -> None:
    """Observe nothing."""


def _unchanged(blind: bool) -> None:
    """Change nothing."""


class Canary:
    """Runs the canary of one process, and announces when the process becomes blind and when it reads again."""

    def __init__(
        self,
        process: str,
        reader: PageReader,
        settings: Settings,
        clock: Callable[[], datetime],
        tell: Notify,
        put: Callable[[CanaryReport], Awaitable[None]],
        *,
        observe: Callable[[CanaryState, CanaryError | None], None] = _unobserved,
        changed: Callable[[bool], None] = _unchanged,
    ) -> None:
        """
        Args:
            process: how this process is named in events and reports.
            reader: of this process.
            settings: of this process.
            clock: the present moment, aware.
            tell: keeps and alerts an event of the monitor; may raise ``RedisError``.
            put: writes the report to Redis; may raise ``RedisError``.
            observe: called after each run, with its error, for the metrics.
            changed: called with True when the process becomes blind and with False when it reads again.
        """
        self._process = process
        self._reader = reader
        self._settings = canary_settings(settings)
        self._clock = clock
        self._tell = tell
        self._put = put
        self._observe = observe
        self._changed = changed
        self._stage: Stage = "listing"
        self._succeeded_at: datetime | None = None
        self._started_at = clock()
        self._blind_since: datetime | None = None
        self._announced_since: datetime | None = None
        self._last_words = ""
        self.state = CanaryState(began=time.monotonic())

    @property
    def is_blind(self) -> bool:
        """Whether this process counts as blind now."""
        return self.state.is_blind(time.monotonic())

    def words(self) -> str:
        """Return the state of the canary as a sentence, for ``/readyz``."""
        state, now = self.state, time.monotonic()
        if state.failures:
            ago = f"{state.age(now):.0f} s ago" if state.succeeded is not None else "never"
            return f"failed {state.failures} time(s) in a row at {state.stage}: {state.reason}; last success {ago}"
        if state.succeeded is None:
            return "has not run yet"
        return f"a listing and a page were read {state.age(now):.0f} s ago"

    async def run(self) -> None:
        """Run every minute until cancelled; ``MonitorBlindError`` when only a new process may help."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            beat()
            if not await self.run_once():
                return
            await asyncio.sleep(RETRY_SECONDS if self.state.failures else INTERVAL_SECONDS)

    async def run_once(self) -> bool:
        """Run once and announce what changed; False when the reader was closed, since the process ends."""
        began, moment = time.monotonic(), self._clock()
        error: CanaryError | None = None
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await read_canary(self._reader, self._settings, moment, self._enter)
        except CanaryError as failed:
            error = failed
        except ReaderFailedError as failed:
            error = CanaryError(self._stage, f"{type(failed).__name__}: {failed}"[:500])
        except ReaderClosedError:
            return False
        except TimeoutError:
            error = CanaryError(self._stage, f"not done within {DEADLINE_SECONDS:g} s")
        except Exception as fault:  # any error that prevents reading is a failure
            error = CanaryError(self._stage, f"{type(fault).__name__}: {fault}"[:500])
        now = time.monotonic()
        self.state = self.state.after(error, now)
        if error is None:
            self._succeeded_at = moment
        else:
            log.warning("canary_failed", stage=error.stage, reason=error.reason, failures=self.state.failures)
        self._observe(self.state, error)
        await self._announce(now)
        await self._report(now - began)
        if self.state.stage in READING and self.state.age(now) > END_SECONDS:
            raise MonitorBlindError(
                f"{self._process} has read nothing for {self.state.age(now):.0f} s ({self.state.reason}); "
                "start wirewatch again"
            )
        return True

    def _enter(self, stage: Stage) -> None:
        self._stage = stage

    async def _announce(self, now: float) -> None:
        """Report once that the process is blind, and once that it reads again; retry while Redis refuses the event."""
        if self.state.is_blind(now):
            self._last_words = f"at {self.state.stage}: {self.state.reason}"
            if self._blind_since is None:
                self._blind_since = self._succeeded_at or self._started_at
                log.error("monitor_blind", process=self._process, stage=self.state.stage, reason=self.state.reason)
                report(MonitorBlindError(f"{self._process} cannot read pages: {self._last_words}"), stop="canary")
                self._changed(True)
        elif self._blind_since is not None and self.state.failures == 0:
            log.info("monitor_sees_again", process=self._process, blind_since=timestamp(self._blind_since))
            self._blind_since = None
            self._changed(False)
        try:
            await self._tell_changes()
        except RedisError as error:
            log.warning("monitor_event_not_stored", reason=f"Redis: {error}", retry_in=RETRY_SECONDS)

    async def _tell_changes(self) -> None:
        if self._blind_since is not None and self._announced_since is None:
            since = self._blind_since
            await self._tell(
                "monitor.blind",
                self._process,
                began=f"blind {timestamp(since)}",
                detail=f"{self._process} cannot read pages since {timestamp(since)}, {self._last_words}; "
                "releases are late until it reads again",
                about={"process": self._process, "state": "blind", "stage": self.state.stage, "from": timestamp(since)},
            )
            self._announced_since = since
        elif self._blind_since is None and self._announced_since is not None:
            since = self._announced_since
            until = timestamp(self._succeeded_at or self._clock())
            await self._tell(
                "monitor.blind",
                self._process,
                began=f"over {timestamp(since)}",
                detail=f"{self._process} reads pages again; it could not from {timestamp(since)} to {until}",
                about={"process": self._process, "state": "over", "from": timestamp(since), "to": until},
            )
            self._announced_since = None

    async def _report(self, seconds: float) -> None:
        state = self.state
        try:
            await self._put(
                CanaryReport(
                    process=self._process,
                    at=timestamp(self._clock()),
                    succeeded_at=timestamp(self._succeeded_at) if self._succeeded_at else None,
                    seconds=round(seconds, 3),
                    failures=state.failures,
                    stage=state.stage,
                    reason=state.reason,
                    blind_since=timestamp(self._blind_since) if self._blind_since else None,
                )
            )
        except RedisError as error:
            log.warning("canary_not_reported", reason=f"Redis: {error}")


def open_canary(
    app: AppContext,
    process: str,
    reader: PageReader,
    monitor: MonitorNotifier,
    *,
    observe: Callable[[CanaryState, CanaryError | None], None] = _unobserved,
    changed: Callable[[bool], None] = _unchanged,
) -> Canary:
    """Return the canary of a process, with its reports in Redis; arguments as :class:`Canary` has them."""
    reports = CanaryReports(app.redis)

    async def put(found: CanaryReport) -> None:
        await reports.put(process, found)

    return Canary(process, reader, app.settings, now, monitor.notify, put, observe=observe, changed=changed)
