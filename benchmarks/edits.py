"""Simulates a week after publication: edits, noise, pages that are removed and restored.

    python benchmarks/edits.py [RELEASES]

Five hundred releases on ten sites. A fifth are edited once (a figure, a name, a date), two fifths have noise on their
pages at every visit, thirty are removed in eight ways, five of those restored. False alerts are possible too: six of
the sites are down for hours, each in another way, some pages are missing for minutes, and some get a new URL. The
benchmark has its own clock, so that a week takes minutes. It uses the spider's own functions for responses, a real
Redis, and the daemon's own revisit schedule.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import structlog
from bureau import TestClock, settings
from press_copy import Copy, write
from press_layouts import article_and_aside, business_wire, media_outreach, pr_newswire
from redis.asyncio import Redis
from redis_server import redis_server
from scrapy.http import HtmlResponse

from config.settings import PollingSettings
from crawler.extraction import extract_release
from crawler.pages.conditional_get import conditional_headers
from crawler.pages.removed_pages import is_site_down, removed_by_content, removed_by_headline, removed_by_response
from pipelines.ingest import Ingestor
from scheduler.sweeps.revisits import RevisitSweep
from stories.crawl_state.claims import Claims
from stories.crawl_state.crawl_stores import CrawlStores
from stories.crawl_state.page_observations import PageObservations
from stories.db import keys
from stories.model.ids import release_id
from stories.model.page_result import PageResult, Validators
from stories.model.release import NotARelease, Release
from stories.model.sighting import Poll
from stories.model.urls import canonical_url, url_digest
from stories.store.archive import Archive
from stories.store.releases import ReleaseStore

RELEASES = 500
EDITED, NOISY, GONE, BACK = 0.2, 0.4, 0.06, 0.01  # of all
SITES = 10
WEEK = timedelta(days=7)
START = datetime(2026, 3, 9, 6, tzinfo=UTC)
SWEEP_INTERVAL = timedelta(seconds=5)
LAYOUTS = (media_outreach, pr_newswire, business_wire, article_and_aside)
LETTERS = "abdefgiklmnoprstuvz"
LISTING = "{}/releases.php?kind=all"
BLIPS, MOVED = 0.06, 0.02  # of all
REMOVALS = ("404", "410", "front page", "emptied", "section", "listing", "soft 404", "error address", "another release")
OUTAGES = {0: "404", 1: "front page", 2: "maintenance", 3: "503", 4: "log-in", 5: "blank"}
"""How a site answers for every page while it is away, by its number."""
OUTAGE_DURATION = timedelta(hours=3)


@dataclass(slots=True)
class Page:
    """A page on its site: what it says, and what becomes of it."""

    number: int
    url: str
    copy: Copy
    layout: Callable[[Copy], str]
    published: datetime
    figure: int = 310
    name: str = "Tom Reed"
    day: int = 12
    noise: str = ""
    edit: str = ""
    edit_at: datetime | None = None
    gone: str = ""
    gone_at: datetime | None = None
    back_at: datetime | None = None
    blip: str = ""
    blip_at: datetime | None = None
    moved_at: datetime | None = None
    instead: Page | None = None
    """What its address leads to once it is gone."""
    requests: int = 0
    whole: int = 0

    @property
    def site(self) -> int:
        return self.number % SITES

    @property
    def new_url(self) -> str:
        """Where its address leads once it has moved."""
        return self.url.replace("/news/", "/news/en/")

    def fate(self, now: datetime) -> str:
        """Return what replaces the page at a time; empty for the page itself."""
        away_at = START + timedelta(hours=20 + 11 * self.site)
        if self.site in OUTAGES and away_at <= now < away_at + OUTAGE_DURATION:
            return OUTAGES[self.site]
        if self.gone_at and self.gone_at <= now and not (self.back_at and self.back_at <= now):
            return self.gone
        if self.blip_at and self.blip_at <= now < self.blip_at + timedelta(minutes=4 if self.blip == "404" else 25):
            return self.blip
        return ""

    def answer(self, now: datetime) -> HtmlResponse:
        """Return what a browser gets at the page's address, behind redirects."""
        base = f"https://site-{self.site}.example"
        teasers = "".join(f"<p>{paragraph}</p>" for paragraph in self.copy.body) * 2
        match self.fate(now):
            case "404" | "410" | "503" as status:
                return shown(self.url, "<h1>Error</h1>", status=int(status))
            case "front page":
                return shown(f"{base}/", f"<h1>The wire</h1>{teasers}")
            case "section":
                return shown(f"{base}/news/", f"<h1>News</h1>{teasers}")
            case "listing":
                return shown(LISTING.format(base), f"<h1>All that came</h1>{teasers}")
            case "emptied":
                return shown(self.url, f"<h1>{self.copy.headline}</h1>")
            case "blank":
                return shown(self.url, "")
            case "soft 404":
                return shown(self.url, f"<h1>Page not found</h1>{teasers}")
            case "error address":
                return shown(f"{base}/errors/404.html", f"<h1>Have a look at these</h1>{teasers}")
            case "maintenance":
                return shown(self.url, f"<h1>This site is currently down for maintenance</h1>{teasers}")
            case "log-in":
                return shown(f"{base}/login", "<h1>Please log in to continue</h1><input type='password'>")
            case "another release" if self.instead is not None:
                return self.instead.answer(now)
        moved = self.moved_at is not None and self.moved_at <= now
        return shown(self.new_url if moved else self.url, self.state(now))

    def state(self, now: datetime) -> str:
        """Return the page at a time while it exists."""
        edited = self.edit_at is not None and self.edit_at <= now
        figure = self.figure + 30 * (edited and self.edit == "figure")
        name = "Tim Reed" if edited and self.edit == "name" else self.name
        day = self.day + (edited and self.edit == "date")
        own = " ".join(self.copy.body[0].split()[:6])
        said = f"{own}: the work costs {figure} million crowns, is led by {name} and ends on {day} October 2027."
        copy = replace(self.copy, body=(*self.copy.body[:-1], said, self.copy.body[-1]))
        html = self._noisy(self.layout(copy), copy, now) if self.noise else self.layout(copy)
        # The layouts print one wire id for all.
        return html.replace("470812", str(470_000 + self.number)).replace("/home/1/en", f"/home/{self.number}/en")

    def _noisy(self, html: str, copy: Copy, now: datetime) -> str:
        minutes = int((now - self.published) / timedelta(minutes=1))
        line = {
            "views": f"{1000 + minutes} views",
            "ago": f"Updated {minutes} minutes ago",
            "guest": f"Guest {4800 + 3 * minutes + self.number}",
            "tracking": f"More at https://lantern.example/visit?utm_source=wire&amp;utm_id={minutes}",
        }.get(self.noise)
        if line:
            return html.replace(f"{copy.body[-1]}</p>", f"{copy.body[-1]}</p><p>{line}</p>")
        if self.noise == "typography":
            return html.replace("'", "’" if minutes % 2 else "'").replace(
                " of ", " of " if minutes % 3 else "\u00a0of "
            )
        shuffled = list(copy.teasers)
        random.Random(minutes).shuffle(shuffled)
        return self.layout(replace(copy, teasers=tuple(shuffled[: 2 + minutes % 3])))


def newsroom(count: int, dice: random.Random) -> list[Page]:
    """Return the pages of a week, each with its fate."""
    pages = []
    for number in range(count):
        words = ["".join(dice.choice(LETTERS) for _ in range(dice.randint(4, 9))) for _ in range(160)]
        copy = write("en", number)
        own = tuple(" ".join(words[at : at + 15]).capitalize() + "." for at in range(0, 135, 15))
        copy = replace(
            copy,
            headline=" ".join(words[135:143]).title(),
            body=own,
            about=(copy.about[0], " ".join(words[143:]) + "."),
        )
        site = number % SITES
        pages.append(
            Page(
                number=number,
                url=f"https://site-{site}.example/news/{number}-lantern-works",
                copy=copy,
                layout=LAYOUTS[site % len(LAYOUTS)],
                published=START + timedelta(minutes=dice.uniform(0, 12 * 60)),
            )
        )
    fates = dice.sample(pages, count)
    edited, rest = fates[: int(EDITED * count)], fates[int(EDITED * count) :]
    noisy, rest = rest[: int(NOISY * count)], rest[int(NOISY * count) :]
    for at, page in enumerate(edited):
        page.edit = ("figure", "name", "date")[at % 3]
        page.edit_at = page.published + timedelta(hours=dice.uniform(0.3, 150))
        if at % 4 == 0:
            page.noise = "guest"  # an edit behind noise
    for at, page in enumerate(noisy):
        page.noise = ("views", "ago", "guest", "tracking", "typography", "related")[at % 6]
    for at, page in enumerate(rest[: int(GONE * count)]):
        page.gone = REMOVALS[at % len(REMOVALS)]
        page.instead = next(other for other in rest[::-1] if other.site == page.site)
        page.gone_at = page.published + timedelta(hours=dice.uniform(0.3, 100))
        if at < int(BACK * count):
            page.back_at = page.gone_at + timedelta(hours=24)
    plain = rest[int(GONE * count) :]
    for at, page in enumerate(plain[: int(BLIPS * count)]):
        page.blip = ("404", "front page", "maintenance")[at % 3]
        page.blip_at = page.published + timedelta(hours=dice.uniform(0.3, 150))
    for page in plain[int(BLIPS * count) : int((BLIPS + MOVED) * count)]:
        page.moved_at = page.published + timedelta(hours=dice.uniform(0.3, 100))
    return pages


def shown(url: str, body: str, status: int = 200) -> HtmlResponse:
    """Return an answer."""
    if body and not body.startswith("<!") and "<html" not in body:
        body = f"<html><head><title>Site</title></head><body>{body}</body></html>"
    return HtmlResponse(url, status=status, body=body.encode(), encoding="utf-8")


def read(page: Page, poll: Poll, now: datetime) -> PageResult:
    """Return what the spider makes of the page's answer, which is 304 where the page is as it is known."""
    url = poll.urls[0]
    reading = PageResult(url=canonical_url(url), source="site")
    page.requests += url == page.url  # a page at another URL has its own schedule
    answer = page.answer(now)
    if how := removed_by_response(url, answer, [LISTING.format(f"https://site-{page.site}.example")]):
        return replace(reading, gone=how)
    if answer.status >= 400:
        return reading
    etag = f'"{url_digest(answer.text)}"'
    was = poll.validators
    if conditional_headers(was).get("If-None-Match") == etag and was is not None and was.url == answer.url:
        return replace(reading, unchanged=True, validators=replace(was, trusted=was.trusted + 1))
    page.whole += 1
    try:
        release: Release = extract_release(answer.body, answer.url)
    except NotARelease as refusal:
        return replace(reading, gone=removed_by_content(refusal, url, answer))
    if is_site_down(release.headline or "", answer):
        return reading
    if how := removed_by_headline(release.headline or "", answer):
        return replace(reading, gone=how)
    return replace(reading, release=release, validators=Validators(url=answer.url, etag=etag))


async def week(pages: list[Page], redis: Redis, until: datetime) -> None:
    """Publish the pages and read them again as they are due."""
    clock, requests = TestClock(START), list[Poll]()
    configuration = settings(sources={"site": {"listings": [{"url": "https://site.example/rss"}]}})
    stores, looks = CrawlStores.from_redis(redis), PageObservations(redis)
    memory = Ingestor(
        ReleaseStore(redis), Claims(redis), stores.revisit_queue, settings(), clock, lambda _: None, looks
    )
    revisits = RevisitSweep(Archive(redis), stores.revisit_queue, looks, configuration, requests.append, clock)
    by_url = {canonical_url(url): page for page in pages for url in (page.url, page.new_url)}
    unpublished = sorted(pages, key=lambda page: page.published, reverse=True)
    while clock.at < until:
        due = await redis.zrange(keys.revisits_due().name, 0, 0, withscores=True)
        following = [datetime.fromtimestamp(due[0][1] / 1000, UTC)] if due else []
        following += [unpublished[-1].published] if unpublished else []
        clock.at = max(clock.at + SWEEP_INTERVAL, min(following, default=until))
        while unpublished and unpublished[-1].published <= clock.at:
            page = unpublished.pop()
            first = Poll(source="site", urls=(page.url,), asked_at=clock.at)
            await memory.ingest(read(page, first, clock.at))
            page.requests -= 1  # the first reading is no revisit
        await revisits.sweep()
        for poll in requests:
            reading = read(by_url[poll.urls[0]], poll, clock.at)
            if reading.release or reading.gone or reading.unchanged:
                await memory.ingest(reading)
        requests.clear()


def allowed(page: Page, until: datetime) -> int:
    """Return how many requests of a page the revisit schedule allows until a time."""
    at, count = page.published, 0
    for interval, age in PollingSettings().ladder:
        while at + interval - page.published <= age and at + interval <= until:
            at, count = at + interval, count + 1
    return count


async def main(count: int) -> None:
    """Print what was found, the false alerts, and the cost."""
    pages, until = newsroom(count, random.Random(7)), START + WEEK
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))  # warnings alone
    began = time.monotonic()
    with redis_server() as url:
        async with Redis.from_url(url) as redis:
            await week(pages, redis, until)
            entries = await redis.xrange(keys.events().name)
    alerted: dict[str, list[dict[str, object]]] = {}
    for _, fields in entries:
        event = json.loads(fields[b"event"])
        alerted.setdefault(event["data"]["release"]["id"], []).append(event)
    found, missed, false, kinds = 0, Counter[str](), Counter[str](), Counter[str]()
    for page in pages:
        wanted = ["release.new"]
        wanted += ["release.revised"] if page.edit else []
        wanted += ["release.withdrawn"] if page.gone else []
        wanted += ["release.revised"] if page.back_at else []
        events = [str(event["type"]) for event in alerted.get(release_id(url_digest(canonical_url(page.url))), [])]
        kinds.update(events)
        found += sum((Counter(wanted[1:]) & Counter(events)).values())
        missed.update(
            {f"{page.edit or page.gone}: {kind}": more for kind, more in (Counter(wanted) - Counter(events)).items()}
        )
        sort = page.noise or page.edit or page.gone or page.blip or ("moved" if page.moved_at else "plain")
        false.update({f"{sort}: {kind}": more for kind, more in (Counter(events) - Counter(wanted)).items()})
    own = {release_id(url_digest(canonical_url(page.url))) for page in pages}
    # What got a new address is the same release elsewhere: a copy.
    elsewhere = [str(event["type"]) for id_, some in alerted.items() if id_ not in own for event in some]
    false.update(f"at another address: {kind}" for kind in elsewhere if kind != "release.syndicated")
    happened = sum(bool(page.edit) + bool(page.gone) + bool(page.back_at) for page in pages)
    requests, may = sum(page.requests for page in pages), sum(allowed(page, until) for page in pages)
    whole = sum(page.whole for page in pages)
    print(f"{count} releases, {happened} edits, withdrawals and returns; {dict(kinds)}")
    print(f"found {found} of {happened} ({found / happened:.1%}); missed {dict(missed)}; false {dict(false)}")
    print(
        f"requests {requests:,}, {requests / count:.1f} a release; "
        f"the schedule allows {may / count:.1f} ({requests / may:.1%})"
    )
    print(f"most of one release over its schedule: {max(page.requests - allowed(page, until) for page in pages)}")
    print(f"read whole {whole:,}, {1 - whole / (requests + count):.0%} answered with 304 or gone")
    print(f"took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if re.fullmatch(r"\d+", argument)]
    asyncio.run(main(*numbers or [RELEASES]))
