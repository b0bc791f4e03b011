"""The stream of stories: what happened to each last, newest first, its copies folded into one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import msgspec
from fastapi import HTTPException, Request

from config.settings import Settings
from stories.model.list_position import parse_place, place_of
from stories.model.timestamps import milliseconds
from stories.search.filters import ReleaseFilter, kind_of, page_of, passes
from stories.search.reader_pool import QueryTooExpensiveError
from stories.store.archive import StoredRelease, StoredStory, StreamedEvent
from web.api.releases import MAX_RELEASES_EXAMINED, release_filter
from web.api.shapes import Kind
from web.dependencies import Dependencies
from web.view_models.copies import Copies, copies_of
from web.view_models.highlighting import Fragment, Highlights
from web.view_models.rows import EventRow, distinct_wire, event_row, source_title, watch_title

EVENTS_READ = 50  # for one page of the stream
FOUND = 30  # stories of one page of a search
CHANGES_SHOWN = 3  # of an event; its story has all
EVENTS_ADDED = 100  # at once to a page that was left open
KINDS: Mapping[str, Kind] = {
    "new": "new", "corrected": "correction", "updated": "update", "revised": "revised", "withdrawn": "withdrawal",
    "repeated": "repeat", "copied": "copy",
}  # fmt: skip
"""What happened, in the words of the pages, to what a release is then in the words of the API."""
WORDS: Mapping[str, str] = {kind: word for word, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """What happened to a story last; or one thing that happened to the monitor."""

    event: EventRow
    copies: Copies | None = None
    headline: Sequence[Fragment] = ()
    """With what was searched for; empty where nothing was."""
    excerpt: Sequence[Fragment] = ()
    """Of its text, around what was searched for."""
    folded: bool = False
    """Only its copies are news: nothing that stands in a stream of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A part of the stream."""

    rows: Sequence[StreamRow]
    older: str | None = None
    """Where to go on; None at the end."""
    last: str | None = None
    """The id of the newest event that was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the address asks for; every part that is given must hold."""

    q: str = ""
    watch: str = ""
    source: str = ""
    tag: str = ""
    kind: str = ""
    since: str = ""

    @property
    def given(self) -> dict[str, str]:
        """Those that are given, for an address."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    def release_filter(self, dependencies: Dependencies) -> ReleaseFilter:
        """Return them as releases are asked for; ``ValueError`` says in words what cannot be used."""
        if self.kind and self.kind not in KINDS:
            raise ValueError(f"kind: no kind {self.kind!r}; the kinds are: {', '.join(KINDS)}")
        try:
            return release_filter(
                dependencies, q=self.q or None, tag=self.tag or None, watch=self.watch or None,
                source=self.source or None, since=self.since or None, kind=KINDS.get(self.kind),
            )  # fmt: skip
        except HTTPException as error:
            raise ValueError(str(error.detail).removeprefix("query.")) from error


def filters(request: Request) -> Filters:
    """Return the filters of a request's address, cut to what any honest one is long."""
    return Filters(**{name: request.query_params.get(name, "").strip()[:500] for name in Filters.__slots__})


def stored_row(stored: StoredRelease, story: StoredStory | None, settings: Settings) -> EventRow:
    """Return a stored release as a line of the stream."""
    release, notice = stored.release, stored.release.notice
    source = source_title(settings, release.source)
    return EventRow(
        id=release.id or "",
        kind=WORDS.get(kind_of(stored), kind_of(stored)),
        at=release.first_seen_at or "",
        headline=release.headline or "(no headline)",
        source=source,
        wire=distinct_wire(source, release.wire),
        url=release.url,
        subheadline=release.subheadline,
        published_at=release.published_at,
        embargoed_until=release.embargoed_until,
        story=stored.story,
        releases=len(story.releases) if story else 1,
        language=release.language,
        tags=release.tags,
        watches=[watch_title(settings, name) for name in (story.watches if story else ())],
        marker=notice.marker if notice else None,
        statement=notice.statement if notice else None,
    )


def highlighted_row(row: StreamRow, marks: Highlights, body: Sequence[str], about: Sequence[str]) -> StreamRow:
    """Return a line with what was searched for marked in its headline, and the first place of its text that has it."""
    if not marks:
        return row
    excerpt = marks.excerpt(body, "body") or marks.excerpt(about, "about")
    return replace(row, headline=marks.marked(row.event.headline, "headline"), excerpt=excerpt)


def represents_story(story: StoredStory, found: StoredRelease, wanted: ReleaseFilter) -> bool:
    """Return whether a story stands by this release in the list of what is asked for: its newest that is no copy.

    Every page of a list finds the same one, so that each story stands there once. ``found`` is asked for; to match
    others against a query takes a millisecond each, so only those are that would stand before it.
    """
    since = milliseconds(wanted.since) if wanted.since is not None else 0
    own, copy = place_of(found.release), kind_of(found) == "copy"
    earlier = takewhile(lambda one: one.release.id != found.release.id, story.releases)
    before = [
        *(one for one in story.releases if kind_of(one) != "copy" and (copy or own.after(place_of(one.release)))),
        *(one for one in earlier if copy and kind_of(one) == "copy"),
    ]
    return not any(place_of(one.release).seen >= since and passes(one, wanted) for one in before)


async def latest(dependencies: Dependencies, before: str | None = None) -> Stream:
    """Return what happened, newest first; before an event. Of a story the newest alone. ``KeyError``: no such event."""
    events = await dependencies.archive.latest_events(EVENTS_READ, before=before)
    rows = await _rows(events, dependencies, Highlights(""), folded=False)
    older = _head(events[-1])["id"] if len(events) == EVENTS_READ else None
    return Stream(rows=rows, older=older, last=_head(events[0])["id"] if events else None)


async def since(dependencies: Dependencies, after: str | None, wanted: ReleaseFilter | None, q: str = "") -> Stream:
    """Return what happened after an event, newest first, with the copies that came. ``KeyError``: no such event.

    ``q``: what was searched for, to be marked.
    """
    events = await dependencies.archive.events(after=after, limit=EVENTS_ADDED)
    last = _head(events[-1])["id"] if events else after
    if wanted is not None:
        events = await _matching_events(events, wanted, dependencies)
    return Stream(rows=await _rows(events[::-1], dependencies, Highlights(q), folded=True), last=last)


async def search(dependencies: Dependencies, wanted: ReleaseFilter, before: str | None = None, q: str = "") -> Stream:
    """Return the stories that are asked for, newest first; ``ValueError`` says what cannot be used.

    ``q``: what was searched for, to be marked.
    """
    marks = Highlights(q)
    try:
        place = parse_place(before) if before else None
        page = await page_of(
            dependencies.archive,
            wanted,
            finder=dependencies.finder,
            before=place,
            limit=FOUND,
            look_at=MAX_RELEASES_EXAMINED,
        )
    except QueryTooExpensiveError as error:
        raise ValueError(f"q: {error}") from error
    stories = await _stories(dependencies, [one.story for one in page.releases])
    rows = []
    for one in page.releases:
        story = stories.get(one.story)
        if story is not None and not represents_story(story, one, wanted):
            continue
        copies = copies_of(story, one.release.id, dependencies.settings) if story else None
        line = stored_row(one, story, dependencies.settings)
        rows.append(highlighted_row(StreamRow(event=line, copies=copies), marks, one.release.body, one.release.about))
    events = await dependencies.archive.latest_events(1)
    return Stream(
        rows=rows, older=str(page.next) if page.next is not None else None,
        last=_head(events[0])["id"] if events else None,
    )  # fmt: skip


async def _stories(dependencies: Dependencies, ids: Iterable[str]) -> dict[str, StoredStory]:
    return {story.id: story for story in await dependencies.archive.stories(list(dict.fromkeys(ids)))}


def _head(event: StreamedEvent) -> Any:
    return msgspec.json.decode(event.payload)


async def _matching_events(
    events: Sequence[StreamedEvent], wanted: ReleaseFilter, dependencies: Dependencies
) -> list[StreamedEvent]:
    releases = {event.entry: (_head(event)["data"].get("release") or {}).get("id") for event in events}
    stored = await dependencies.archive.several([one for one in dict.fromkeys(releases.values()) if one])
    fitting = {one.release.id for one in stored if passes(one, wanted)}
    return [event for event in events if releases[event.entry] in fitting]


async def _rows(
    events: Iterable[StreamedEvent], dependencies: Dependencies, marks: Highlights, *, folded: bool
) -> list[StreamRow]:
    """Return a line a story, that of its newest event; copies make no line, but news of one when ``folded``."""
    lines: dict[str, tuple[EventRow, Mapping[str, Any]]] = {}
    copied: dict[str, EventRow] = {}
    for event in events:
        line = event_row(event.payload, dependencies.settings, most=CHANGES_SHOWN)
        if line.kind == "syndicated":
            copied.setdefault(line.story or line.id, line)
        else:
            lines.setdefault(line.story or line.id, (line, _head(event)["data"].get("release") or {}))
    if folded:
        lines |= {story: (line, {}) for story, line in copied.items() if story not in lines}
    stories = await _stories(dependencies, [line.story for line, _ in lines.values() if line.story])
    rows = []
    for line, release in lines.values():
        story = stories.get(line.story or "")
        if story is None:
            rows.append(StreamRow(event=line, folded=line.kind == "syndicated"))
            continue
        watches = list(
            dict.fromkeys([*line.watches, *(watch_title(dependencies.settings, one) for one in story.watches)])
        )
        row = StreamRow(
            event=replace(line, watches=watches, releases=len(story.releases)),
            copies=copies_of(story, release.get("id"), dependencies.settings),
            folded=line.kind == "syndicated",
        )
        rows.append(highlighted_row(row, marks, release.get("body") or (), release.get("about") or ()))
    return rows
