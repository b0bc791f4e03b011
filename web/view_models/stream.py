"""The stream of stories: the latest event of each, newest first, with its copies in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import msgspec
from fastapi import HTTPException, Request

from config.settings import Settings
from stories.model.list_position import list_position_of, parse_list_position
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

MAX_EVENTS_READ = 50  # for one page of the stream
MAX_SEARCH_RESULTS = 30  # on one page
MAX_CHANGES_SHOWN = 3  # of an event; the story's page has all
MAX_EVENTS_ADDED = 100  # to an open page in one update
KINDS: Mapping[str, Kind] = {
    "new": "new", "corrected": "correction", "updated": "update", "revised": "revised", "withdrawn": "withdrawal",
    "repeated": "repeat", "copied": "copy",
}  # fmt: skip
"""The kinds of the pages to the kinds of the API."""
WORDS: Mapping[str, str] = {kind: word for word, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRow:
    """The latest event of a story, or an event of the monitor itself."""

    event: EventRow
    copies: Copies | None = None
    headline: Sequence[Fragment] = ()
    """With highlighted matches; empty without a search."""
    excerpt: Sequence[Fragment] = ()
    """Text around the first match of the search."""
    folded: bool = False
    """Only copies are new, which have no row of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A part of the stream."""

    rows: Sequence[StreamRow]
    older: str | None = None
    """The position of the next part; None at the end."""
    last: str | None = None
    """The id of the newest event that was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters in the address; all given parts must match."""

    q: str = ""
    watch: str = ""
    source: str = ""
    tag: str = ""
    kind: str = ""
    since: str = ""

    @property
    def given(self) -> dict[str, str]:
        """The given filters, for an address."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    def release_filter(self, dependencies: Dependencies) -> ReleaseFilter:
        """Return the filter of releases. Raises ``ValueError`` with the invalid part."""
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
    """Return the filters in a request's address, each cut to 500 characters."""
    return Filters(**{name: request.query_params.get(name, "").strip()[:500] for name in Filters.__slots__})


def stored_row(stored: StoredRelease, story: StoredStory | None, settings: Settings) -> EventRow:
    """Return a stored release as a row of the stream."""
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
    """Return a row with highlighted matches in its headline, and an excerpt around the first match in its text."""
    if not marks:
        return row
    excerpt = marks.excerpt(body, "body") or marks.excerpt(about, "about")
    return replace(row, headline=marks.marked(row.event.headline, "headline"), excerpt=excerpt)


def represents_story(story: StoredStory, found: StoredRelease, wanted: ReleaseFilter) -> bool:
    """Return whether this release represents its story in the filtered list: its newest matching release, not a copy.

    All pages of a list choose the same release, so each story is listed once. ``found`` matches the filter. A match
    against a query takes a millisecond, so only releases that would come before it are checked.
    """
    since = milliseconds(wanted.since) if wanted.since is not None else 0
    own, copy = list_position_of(found.release), kind_of(found) == "copy"
    earlier = takewhile(lambda stored: stored.release.id != found.release.id, story.releases)
    before = [
        *(
            stored
            for stored in story.releases
            if kind_of(stored) != "copy" and (copy or own.after(list_position_of(stored.release)))
        ),
        *(stored for stored in earlier if copy and kind_of(stored) == "copy"),
    ]
    return not any(list_position_of(stored.release).seen >= since and passes(stored, wanted) for stored in before)


async def latest(dependencies: Dependencies, before: str | None = None) -> Stream:
    """Return the latest event of each story, newest first. Raises ``KeyError`` if ``before`` is unknown."""
    events = await dependencies.archive.latest_events(MAX_EVENTS_READ, before=before)
    rows = await _rows(events, dependencies, Highlights(""), folded=False)
    older = _head(events[-1])["id"] if len(events) == MAX_EVENTS_READ else None
    return Stream(rows=rows, older=older, last=_head(events[0])["id"] if events else None)


async def since(dependencies: Dependencies, after: str | None, wanted: ReleaseFilter | None, q: str = "") -> Stream:
    """Return the events after an event, newest first, with new copies. Raises ``KeyError`` for an unknown event.

    ``q``: the query to highlight.
    """
    events = await dependencies.archive.events(after=after, limit=MAX_EVENTS_ADDED)
    last = _head(events[-1])["id"] if events else after
    if wanted is not None:
        events = await _matching_events(events, wanted, dependencies)
    return Stream(rows=await _rows(events[::-1], dependencies, Highlights(q), folded=True), last=last)


async def search(dependencies: Dependencies, wanted: ReleaseFilter, before: str | None = None, q: str = "") -> Stream:
    """Return the stories that match a filter, newest first. Raises ``ValueError`` with the invalid part.

    ``q``: the query to highlight.
    """
    marks = Highlights(q)
    try:
        place = parse_list_position(before) if before else None
        page = await page_of(
            dependencies.archive,
            wanted,
            finder=dependencies.finder,
            before=place,
            limit=MAX_SEARCH_RESULTS,
            look_at=MAX_RELEASES_EXAMINED,
        )
    except QueryTooExpensiveError as error:
        raise ValueError(f"q: {error}") from error
    stories = await _stories(dependencies, [stored.story for stored in page.releases])
    rows = []
    for stored in page.releases:
        story = stories.get(stored.story)
        if story is not None and not represents_story(story, stored, wanted):
            continue
        copies = copies_of(story, stored.release.id, dependencies.settings) if story else None
        line = stored_row(stored, story, dependencies.settings)
        rows.append(
            highlighted_row(StreamRow(event=line, copies=copies), marks, stored.release.body, stored.release.about)
        )
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
    stored = await dependencies.archive.releases_by_id(
        [release_id for release_id in dict.fromkeys(releases.values()) if release_id]
    )
    fitting = {candidate.release.id for candidate in stored if passes(candidate, wanted)}
    return [event for event in events if releases[event.entry] in fitting]


async def _rows(
    events: Iterable[StreamedEvent], dependencies: Dependencies, marks: Highlights, *, folded: bool
) -> list[StreamRow]:
    """Return one row per story, for its newest event. A copy gives no row of its own, except with ``folded``."""
    lines: dict[str, tuple[EventRow, Mapping[str, Any]]] = {}
    copied: dict[str, EventRow] = {}
    for event in events:
        line = event_row(event.payload, dependencies.settings, most=MAX_CHANGES_SHOWN)
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
            dict.fromkeys([*line.watches, *(watch_title(dependencies.settings, watch) for watch in story.watches)])
        )
        row = StreamRow(
            event=replace(line, watches=watches, releases=len(story.releases)),
            copies=copies_of(story, release.get("id"), dependencies.settings),
            folded=line.kind == "syndicated",
        )
        rows.append(highlighted_row(row, marks, release.get("body") or (), release.get("about") or ()))
    return rows
