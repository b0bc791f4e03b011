"""A story as its page shows it: each release with what its revisions and notices changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from stories.archive import Archive, Stored, StoredStory
from stories.event import EventType
from stories.filtering import kind_of
from stories.ids import event_id
from stories.release import Release
from web.rows import EventRow, beside, event_row, source_title, watch_title

RELEASES_SHOWN = 50  # of a story; the newest ones, and the first
REVISIONS_TOLD = 24  # of a release: as many as memory keeps

TELLING: tuple[EventType, ...] = ("release.corrected", "release.updated", "release.withdrawn", "release.revised")
"""Events that say what changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRelease:
    """One release of a story."""

    release: Release
    kind: str
    source: str
    wire: str | None
    why: str
    delay: str | None
    """How long after the first one of its story it was seen."""
    events: Sequence[EventRow]
    """Its corrections, updates and revisions, oldest first, with what each changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story as its page shows it."""

    id: str
    headline: str
    releases: Sequence[StoryRelease]
    hidden: int
    """Releases left out."""
    watches: Sequence[str]
    channels: Sequence[str]


async def story_view(story: StoredStory, archive: Archive, settings: Settings) -> StoryView:
    """Return a story for its page."""
    shown = story.releases
    if len(shown) > RELEASES_SHOWN:
        shown = (shown[0], *shown[1 - RELEASES_SHOWN :])
    first = story.releases[0].release
    ids = {one.release.id: list(telling(one)) for one in shown}
    told = await archive.told([event for events in ids.values() for event in events])
    return StoryView(
        id=story.id,
        headline=first.headline or "(no headline)",
        releases=[
            StoryRelease(
                release=one.release,
                kind=kind_of(one),
                source=source_title(settings, one.release.source),
                wire=beside(source_title(settings, one.release.source), one.release.wire),
                why=one.why,
                delay=delay(first, one.release),
                events=[event_row(told[event], settings) for event in ids[one.release.id] if event in told],
            )
            for one in shown
        ],
        hidden=len(story.releases) - len(shown),
        watches=[watch_title(settings, name) for name in story.watches],
        channels=story.channels,
    )


def telling(stored: Stored) -> Iterator[str]:
    """Yield the ids that events about this release have if they happened: an id is made from what happened."""
    release = stored.release
    own = release.id or ""
    for revision in range(max(1, release.revision - REVISIONS_TOLD + 1), release.revision + 1):
        if revision == 1 and release.notice is None:
            continue
        for kind in TELLING:
            yield event_id(kind, own, revision)
    if stored.replaces:
        for kind in TELLING:
            yield event_id(kind, own, release.revision, "replaces", stored.replaces)
    yield event_id("release.withdrawn", own, release.revision, "gone")


def delay(first: Release, later: Release) -> str | None:
    """Return in words how long after the first release another was seen; None for the first itself."""
    if later.id == first.id or not first.first_seen_at or not later.first_seen_at:
        return None
    span = datetime.fromisoformat(later.first_seen_at) - datetime.fromisoformat(first.first_seen_at)
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} later"
    return f"{seconds} s later"
