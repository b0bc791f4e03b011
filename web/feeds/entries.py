"""A story as an entry of a feed: its id stays, its corrections stand in it, a withdrawal takes it away. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from config.settings import Settings
from stories.model.ids import urn
from stories.model.release import Release
from stories.model.timestamps import from_milliseconds, parse_timestamp
from stories.search.filters import kind_of
from stories.store.archive import StoredRelease, StoredStory
from web.templating import weblink
from web.view_models.rows import EventRow, event_row, source_title
from web.view_models.story import change_event_ids

WORDS = {
    "corrected": "Correction",
    "updated": "Update",
    "linked": "Original found",
    "revised": "Changed without a notice",
    "withdrawn": "Withdrawn",
}
NOTICES = ("correction", "update", "withdrawal")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One story."""

    id: str
    """``urn:uuid:…``, which never changes for a story."""
    story: str
    title: str
    url: str | None
    """Address of the current release."""
    published: datetime
    updated: datetime
    """The last change of the release or its notices; copies do not count."""
    author: str
    language: str | None
    summary: str | None
    kind: str
    tags: Sequence[str]
    content: str
    """Escaped HTML: the changes, newest first, then the current text."""
    withdrawn: str | None
    """Why it was withdrawn; None if it was not. A withdrawn entry has no other content."""


def event_ids(story: StoredStory) -> list[str]:
    """Return the ids of all possible change events of a story."""
    return [event for stored in own(story) for event in change_event_ids(stored)]


def own(story: StoredStory) -> list[StoredRelease]:
    """Return a story's first release and its notices, first seen first; without copies."""
    first, *later = story.releases
    return [first, *(stored for stored in later if kind_of(stored) in (*NOTICES, "revised") and not _copy(stored))]


def _copy(stored: StoredRelease) -> bool:
    # The removal of a copy's page withdraws only that page.
    return stored.release.notice is None and stored.verdict == "withdrawn"


def entry(story: StoredStory, payloads: Mapping[str, bytes], settings: Settings) -> FeedEntry:
    """Return a story as an entry; ``payloads``: the stored events of ``event_ids``."""
    parts = own(story)
    current = parts[-1]
    release = current.release
    events = [event_row(payloads[event], settings) for event in reversed(event_ids(story)) if event in payloads]
    withdrawn = _withdrawn(current, events) if kind_of(current) == "withdrawal" else None
    headline = release.headline or story.releases[0].release.headline or "(no headline)"
    return FeedEntry(
        id=urn(story.id),
        story=story.id,
        title=headline,
        url=weblink(release.url),
        published=_published(story.releases[0]),
        updated=from_milliseconds(max(part.at for part in parts)),
        author=release.issuer or release.wire or source_title(settings, release.source),
        language=release.language,
        summary=release.subheadline if withdrawn is None else None,
        kind=kind_of(current),
        tags=release.tags,
        content=_content(release, events, parts) if withdrawn is None else f"<p>{escape(withdrawn)}</p>",
        withdrawn=withdrawn,
    )


def _published(first: StoredRelease) -> datetime:
    return (
        parse_timestamp(first.release.published_at)
        or parse_timestamp(first.release.first_seen_at)
        or from_milliseconds(first.at)
    )


def _withdrawn(current: StoredRelease, events: Sequence[EventRow]) -> str:
    notice = current.release.notice
    if notice is not None:
        return ": ".join(part for part in ("Withdrawn", notice.statement or notice.marker) if part)
    gone = next((event.detail for event in events if event.kind == "withdrawn" and event.detail), None)
    return f"Withdrawn: the page is gone ({gone})" if gone else "Withdrawn: the page is gone"


def _content(release: Release, events: Sequence[EventRow], parts: Sequence[StoredRelease]) -> str:
    said = "".join(_change(event) for event in events)
    if not said:  # events are stored for two months, notices as long as their story
        said = "".join(_notice(part.release) for part in reversed(parts))
    lines = [*([release.subheadline] if release.subheadline else []), *release.body, *release.about]
    return said + "".join(f"<p>{escape(line)}</p>" for line in lines)


def _notice(release: Release) -> str:
    notice = release.notice
    if notice is None or notice.kind == "repeat":
        return ""
    return f"<p><strong>{escape(notice.marker)}</strong> {escape(notice.statement or '')}</p>"


def _change(event: EventRow) -> str:
    changes = "".join(
        f"<li>{escape(change.where)}: "
        + (f"<del>{escape(str(change.before))}</del> " if change.before is not None else "")
        + (f"<ins>{escape(str(change.after))}</ins>" if change.after is not None else "")
        + "</li>"
        for change in event.changes
    )
    word = WORDS.get(event.kind, event.kind.capitalize())
    statement = f": {escape(event.statement)}" if event.statement else ""
    listed = f"<ul>{changes}</ul>" if changes else ""
    return f"<p><strong>{escape(word)}</strong> ({escape(event.at[:16].replace('T', ' '))} UTC){statement}</p>{listed}"
