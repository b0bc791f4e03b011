"""Memory under any course of events: a newsroom's pages come, change and go, and three workers read them at once.

A small model knows what was published and what was read; whatever the order, memory must agree with it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import press_office as office
from bureau import START, Bureau, TestClock, reading, settings
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from preloaded import IS_LONG_RUN
from redis.asyncio import Redis
from redis_server import without_lifetime

from pipelines.ingest import Ingestor
from stories.crawl_state.claims import Claims
from stories.crawl_state.revisit_queue import RevisitQueue
from stories.model.page_result import PageResult
from stories.model.release import Release
from stories.store.archive import StoredRelease
from stories.store.releases import BlockingKey, Decision, ReleaseStore

# 120 find nine of ten mistakes that were put in to see (the tenth: test_decision), and take 15 s.
EXAMPLES = 120 if IS_LONG_RUN else 40
STORIES = st.integers(0, 1)
SITES = st.sampled_from([office.MIRROR, office.GAZETTE])
SETTINGS = settings(
    watches={"all": {"channels": ["desk"]}, "mirror": {"sources": [office.MIRROR], "channels": ["log"]}},
    channels={"desk": None, "log": None},
)
REPORTED_PREFIX = ("new", "corrected", "updated", "revised", "withdrawn", "linked")
RECALLING = ("corrected", "withdrawn")


class Overtaken(ReleaseStore):
    """A worker's keeper: others keep theirs between its decision and its keep, so that it rests on stale memory."""

    def __init__(self, redis: Redis, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(redis)
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile
        self.refused = 0

    async def commit(
        self,
        keep: Decision,
        reading: PageResult,
        traits: Sequence[BlockingKey],
        fingerprint: bytes,
        now: datetime,
        marks: Sequence[str] = (),
    ) -> bool:
        """Let the others go first, once."""
        await self.let_others()
        kept = await super().commit(keep, reading, traits, fingerprint, now, marks)
        self.refused += not kept
        return kept

    async def let_others(self) -> None:
        """Let the others go, if they did not yet: nothing is kept of a page that says what it said."""
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()


@dataclass(slots=True)
class Page:
    """A page as it stands on its site, and what was read of it."""

    story: int
    release: Release
    states: int = 0
    """How many different states of it were read, one after the other."""
    read: Release | None = None
    gone: bool = False
    withdrawn: int = 0
    """How often it was confirmed gone in a state in which it had not been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorised:
    """What stands in Redis."""

    events: list[dict[str, Any]]
    stored: dict[str, StoredRelease]
    """By URL."""
    heard: dict[str, list[str]]
    """By channel, the ids of the events that it is alerted of."""


class AppContext(RuleBasedStateMachine):
    """Rules are what newsrooms and workers do."""

    url: str  # of the Redis; set by the test
    refused = 0
    """Decisions on stale memory, which were made again."""

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.pages: dict[str, Page] = {}
        self.corrections: Counter[int] = Counter()
        self.figures = 400
        self.clocks = [TestClock(START + timedelta(seconds=offset)) for offset in (0, 1.5, -2)]
        self.runner.run(self._open())

    async def _open(self) -> None:
        self.clients = [Redis.from_url(self.url) for _ in self.clocks]
        await self.clients[0].flushall()
        self.workers = [
            Ingestor(ReleaseStore(client), Claims(client), RevisitQueue(client), SETTINGS, clock, lambda _: None)
            for client, clock in zip(self.clients, self.clocks, strict=True)
        ]
        self.bureau = Bureau(self.clients[0], SETTINGS, self.clocks[0])

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            assert without_lifetime(self.url) == []
            self.runner.run(self._close())
            self.runner.close()

    async def _close(self) -> None:
        for client in self.clients:
            await client.aclose()

    def put(self, story: int, release: Release) -> None:
        assert release.url is not None
        self.pages.setdefault(release.url, Page(story=story, release=release))

    def figure(self) -> str:
        """Return a figure that was never printed before."""
        self.figures += 7
        return str(self.figures)

    # What newsrooms do

    @rule(story=STORIES)
    def publish(self, story: int) -> None:
        self.put(story, office.release(story))

    @rule(story=STORIES, site=SITES)
    def copy(self, story: int, site: str) -> None:
        self.put(story, office.copy(story, site))

    @rule(story=STORIES)
    def correct(self, story: int) -> None:
        if self.corrections[story] < 3:
            self.corrections[story] += 1
            self.put(story, office.correction(story, nth=self.corrections[story], figure=self.figure()))

    @precondition(lambda self: self.corrections)
    @rule(data=st.data(), site=SITES)
    def copy_a_correction(self, data: st.DataObject, site: str) -> None:
        found = [page for url, page in self.pages.items() if f"{office.WIRE}.example/news/correction-" in url]
        page = data.draw(st.sampled_from(found))
        name = (page.release.url or "").rpartition("/")[2]
        self.put(page.story, replace(page.release, url=f"https://{site}.example/{name}"))

    @rule(story=STORIES)
    def withdraw(self, story: int) -> None:
        self.put(story, office.withdrawal(story))

    @precondition(lambda self: self.originals())
    @rule(data=st.data())
    def edit_silently(self, data: st.DataObject) -> None:
        self.edit(data.draw(st.sampled_from(self.originals())))

    @precondition(lambda self: self.originals())
    @rule(data=st.data())
    def correct_in_place(self, data: st.DataObject) -> None:
        """Correct at the same URL; PR Newswire leaves nothing of the title but the marker and the company."""
        page = data.draw(st.sampled_from(self.originals()))
        self.edit(page)
        told = office.ANNOUNCEMENTS[page.story]
        bare = page.read is not None and data.draw(st.booleans())
        headline = f"/C O R R E C T I O N -- {told.issuer}/" if bare else f"CORRECTION: {told.headline}"
        page.release = replace(page.release, headline=headline)

    @precondition(lambda self: self.originals())
    @rule(data=st.data())
    def take_down(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.originals())).gone = True

    def originals(self) -> list[Page]:
        """Return the pages of originals that stand."""
        found = (self.pages.get(office.release(number).url or "") for number in range(len(office.ANNOUNCEMENTS)))
        return [page for page in found if page is not None and not page.gone]

    def edit(self, page: Page) -> None:
        text = office.ANNOUNCEMENTS[page.story].text(self.figure(), "Port Ellery")
        page.release = replace(page.release, body=text)

    # What workers do

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def read_at_once(self, data: st.DataObject) -> None:
        """Several workers read pages at the same moment, pages that they know among them."""
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.pages)), min_size=1, max_size=6, unique=True))
        twice = data.draw(st.booleans())
        self._read([self.pages[url] for url in chosen], twice=twice)

    @precondition(lambda self: self.pages)
    @rule(data=st.data())
    def read_while_others_are_kept(self, data: st.DataObject) -> None:
        """A worker decides; before it keeps, others read and keep other pages or the very same, one by one."""
        urls = st.sampled_from(sorted(self.pages))
        first, others = data.draw(urls), data.draw(st.lists(urls, min_size=1, max_size=4, unique=True))
        pages = [self.pages[url] for url in (first, *others)]
        if not any(page.gone for page in pages):
            type(self).refused += self.runner.run(self._overtaken(pages[0], pages[1:]))
            self._were_read(pages)

    async def _overtaken(self, page: Page, others: list[Page]) -> int:
        async def meanwhile() -> None:
            for number, other in enumerate(others):
                await self.workers[1 + number % 2].ingest(reading(other.release))

        keeper = Overtaken(self.clients[0], meanwhile)
        worker = Ingestor(
            keeper, Claims(self.clients[0]), RevisitQueue(self.clients[0]), SETTINGS, self.clocks[0], lambda _: None
        )
        await worker.ingest(reading(page.release))
        await keeper.let_others()
        return keeper.refused

    @precondition(lambda self: self.pages)
    @rule()
    def read_everything(self) -> None:
        self._read(list(self.pages.values()), twice=False)

    @precondition(lambda self: any(page.gone and page.read for page in self.pages.values()))
    @rule()
    def look_for_gone_pages_twice(self) -> None:
        gone = [page for page in self.pages.values() if page.gone and page.read is not None]
        for _ in range(2):
            self.runner.run(self._gone(gone))
            for clock in self.clocks:
                clock.forward(minutes=5)
        for page in gone:
            page.withdrawn = page.states

    def _read(self, pages: list[Page], *, twice: bool) -> None:
        there = [page for page in pages if not page.gone]
        self.runner.run(self._remember([*there, *(there if twice else ())]))
        self._were_read(there)

    @staticmethod
    def _were_read(pages: list[Page]) -> None:
        for page in pages:
            if page.read != page.release:
                page.states += 1
                page.read = page.release

    async def _remember(self, pages: list[Page]) -> None:
        await asyncio.gather(
            *(self.workers[number % 3].ingest(reading(page.release)) for number, page in enumerate(pages))
        )

    async def _gone(self, pages: list[Page]) -> None:
        readings = [replace(reading(page.release), release=None, gone="not found") for page in pages]
        await asyncio.gather(*(self.workers[number % 3].ingest(result) for number, result in enumerate(readings)))

    # What must hold

    async def _look(self) -> Memorised:
        events = await self.bureau.events()
        stored = {release.release.url or "": release async for release in self.bureau.archive.releases()}
        heard: dict[str, list[str]] = {}
        for channel in SETTINGS.channels:
            waiting = await self.clients[0].zrange(f"{{ww}}:outbox:{channel}", 0, -1)
            heard[channel] = [name.decode().rpartition(":")[0] for name in waiting]
        return Memorised(events=events, stored=stored, heard=heard)

    @invariant()
    def memory_agrees(self) -> None:
        if not hasattr(self, "runner"):
            return
        seen = self.runner.run(self._look())
        read = {url: page for url, page in self.pages.items() if page.read is not None}
        assert set(seen.stored) == set(read), "what was read is kept, and nothing else"
        stories = self._stories_are_kept_apart(seen, read)
        self._revisions_are_those_that_were_read(seen, read)
        self._events_are_told_once(seen)
        for story, members in stories.items():
            of_it = [event for event in seen.events if event["data"]["story"]["id"] == story]
            self._one_new_a_story(of_it)
            self._notices_are_tied(of_it, members)
            self._channels_hear(of_it, seen.heard)

    def _stories_are_kept_apart(self, seen: Memorised, read: dict[str, Page]) -> dict[str, list[StoredRelease]]:
        members: dict[str, list[StoredRelease]] = defaultdict(list)
        told: dict[str, set[int]] = defaultdict(set)
        for url, page in read.items():
            members[seen.stored[url].story].append(seen.stored[url])
            told[seen.stored[url].story].add(page.story)
        assert all(len(numbers) == 1 for numbers in told.values()), "two announcements in one story"
        assert len(told) == len({page.story for page in read.values()}), "one announcement in two stories"
        return members

    def _revisions_are_those_that_were_read(self, seen: Memorised, read: dict[str, Page]) -> None:
        own: Counter[tuple[str, int]] = Counter()
        for event in seen.events:
            own[event["data"]["release"]["id"], event["data"]["release"]["revision"]] += 1
        for url, page in read.items():
            assert page.read is not None
            kept = seen.stored[url].release
            assert (kept.body, kept.revision) == (page.read.body, page.states)
            for revision in range(2, page.states + 1):
                told = 1 + (page.withdrawn == revision) + self._tied_late(seen, kept.id, revision)
                assert own[kept.id or "", revision] == told, "a revision has one event"

    @staticmethod
    def _tied_late(seen: Memorised, release: str | None, revision: int) -> int:
        """Return how often a notice was told again because what it is about came later."""
        of_it = [
            event["data"]["replaces"]["id"]
            for event in seen.events
            if (event["data"]["release"]["id"], event["data"]["release"]["revision"]) == (release, revision)
            and event["data"]["replaces"]
        ]
        return sum(other != release for other in of_it)

    @staticmethod
    def _events_are_told_once(seen: Memorised) -> None:
        assert len({event["id"] for event in seen.events}) == len(seen.events)
        known = {stored.release.id for stored in seen.stored.values()}
        for event in seen.events:
            assert event["data"]["release"]["id"] in known
            assert event["data"]["replaces"] is None or event["data"]["replaces"]["id"] in known
        same = Counter(
            (event["type"], event["data"]["release"]["id"], event["data"]["release"]["revision"],
             (event["data"]["replaces"] or {}).get("id"), "detail" in event["data"])
            for event in seen.events
        )  # fmt: skip
        assert not same or max(same.values()) == 1, "the same thing told twice"

    @staticmethod
    def _one_new_a_story(events: list[dict[str, Any]]) -> None:
        news = [event for event in events if event["type"] == "release.new" and event["data"]["watches"] != ["mirror"]]
        first = events[0]["type"]
        assert len(news) == (first == "release.new"), "a story begins as new once, or with a notice and never"
        assert first in ("release.new", "release.corrected", "release.withdrawn")

    @staticmethod
    def _notices_are_tied(events: list[dict[str, Any]], members: list[StoredRelease]) -> None:
        plain = [member for member in members if member.release.notice is None]
        if not plain:
            return
        for member in members:
            if member.release.notice is not None:
                assert member.replaces is not None, f"{member.release.headline} is tied to nothing"
                own = [event for event in events if event["data"]["release"]["id"] == member.release.id]
                assert member.verdict == "copy" or any(event["data"]["replaces"] for event in own)

    @staticmethod
    def _channels_hear(events: list[dict[str, Any]], heard: dict[str, list[str]]) -> None:
        kinds = [(event["id"], event["type"].removeprefix("release.")) for event in events]
        late = {event["id"] for event in events if event["data"]["watches"] == ["mirror"]}
        desk = [name for name, kind in kinds if kind in REPORTED_PREFIX and name not in late]
        assert Counter(heard["desk"]) & Counter(name for name, _ in kinds) == Counter(desk)
        log = [(name in heard["log"], kind) for name, kind in kinds]
        assert sum(told for told, kind in log if kind == "new") <= 1, "one story is new once to a channel"
        if any(told for told, _ in log):
            began = next(place for place, (told, _) in enumerate(log) if told)
            assert all(told for told, kind in log[began:] if kind in RECALLING), "a correction reaches who heard"
        assert not any(told for told, kind in log if kind == "syndicated")


def test_whatever_newsrooms_do_and_however_workers_meet_memory_agrees_with_what_was_published(redis_url: str) -> None:
    machine = type("Machine", (AppContext,), {"url": redis_url})
    run_state_machine_as_test(
        machine,
        settings=how(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    assert machine.refused, "no decision ever rested on stale memory: the machine shows nothing"
