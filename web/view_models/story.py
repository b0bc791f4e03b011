"""The view model of a story: its releases with their changes, its timeline and its receipts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from config.settings import Settings
from stories.model.event import EventType
from stories.model.ids import event_id
from stories.model.release import Release
from stories.search.filters import kind_of
from stories.store.archive import StoredRelease, StoredStory
from stories.text.correction_claims import CorrectionClaim, checked_claims
from web.dependencies import Dependencies
from web.templating import written
from web.view_models.copies import Copies, copies_of, delay
from web.view_models.rows import (
    ChangeRow,
    EventRow,
    ReceiptRow,
    change_row,
    distinct_wire,
    event_row,
    receipt_row,
    source_title,
    watch_title,
)
from web.view_models.stream import WORDS

_NAMED = re.compile(r"(?P<id>rel_[0-9A-Z]{26})(?: on (?P<where>[a-z0-9_-]+))?")
MAX_RELEASES_SHOWN = 50  # of a story: the newest ones, and the first
CURRENT_KINDS = ("new", "corrected", "updated", "revised")  # kinds of releases whose text is current
MAX_REVISIONS = 24  # of a release, as many as are stored

CHANGE_EVENTS: tuple[EventType, ...] = ("release.corrected", "release.updated", "release.withdrawn", "release.revised")
"""Events with changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One state of a release, for comparisons."""

    key: str
    """Release id and revision: ``rel_….2``."""
    words: str
    release: Release


@dataclass(frozen=True, slots=True)
class Reason:
    """A part of a reason as text; ``release``: id of the release that it names, if any."""

    words: str
    release: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryRelease:
    """One release of a story."""

    release: Release
    kind: str
    source: str
    wire: str | None
    reason: Sequence[Reason]
    """Why it belongs to this story."""
    copied: bool
    """It is a copy of a release or of a notice."""
    delay: str | None
    """Delay after the story's first release."""
    events: Sequence[EventRow]
    """Its corrections, updates and revisions with their changes, oldest first."""
    claims: Sequence[CorrectionClaim] = ()
    """The claims of its notice, checked against the changes."""
    states: Sequence[State] = ()
    """Its stored revisions, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One event of a story's timeline."""

    at: str
    kind: str
    words: str
    target: str
    """The id of the release on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryView:
    """A story for its page."""

    id: str
    releases: Sequence[StoryRelease]
    hidden: int
    """Releases left out."""
    copies: Copies | None
    watches: Sequence[str]
    channels: Sequence[str]
    receipts: Sequence[ReceiptRow]
    """Receipts of its alerts, oldest first."""

    @property
    def current(self) -> StoryRelease:
        """The current release: the newest that is not a copy, repeat or withdrawal."""
        own = (release for release in reversed(self.releases) if release.kind in CURRENT_KINDS and not release.copied)
        return next(own, self.releases[0])

    @property
    def now(self) -> str:
        """The story's state: the kind of its current release, or ``withdrawn``."""
        return "withdrawn" if self.withdrawn else self.current.kind

    @property
    def withdrawn(self) -> StoryRelease | None:
        """The withdrawal of the story, if no later release is current. A removed copy is not a withdrawal."""
        own = (release for release in reversed(self.releases) if release.kind in (*CURRENT_KINDS, "withdrawn"))
        last, first = next((release for release in own if not release.copied), None), self.releases[0].release
        if last is None or last.kind != "withdrawn":
            return None
        return last if last.release.notice is not None or last.release.source == first.source else None

    @property
    def states(self) -> list[State]:
        """All states of all releases shown, in the order of the page."""
        return [state for release in self.releases for state in release.states]

    @property
    def moments(self) -> list[Moment]:
        """The timeline, oldest first."""
        found = []
        for release in self.releases:
            own, revised = release.release.id or "", release.release.revision > 1
            # A page that became a correction had another kind when it was first seen.
            later = revised or (
                release.kind == "withdrawn" and release.release.notice is None
            )  # the page was published and later removed
            kind = "new" if later and release.kind not in ("new", "copied") else release.kind
            found.append(Moment(at=release.release.first_seen_at or "", kind=kind, words=release.source, target=own))
            found += [
                Moment(at=event.at, kind=event.kind, words=release.source, target=own)
                for event in release.events
                if later or event.kind == "revised"
            ]
        return sorted(found, key=lambda moment: moment.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A comparison of two states of a story's releases."""

    before: State
    after: State
    changes: Sequence[ChangeRow]


def compared(story: StoryView, dependencies: Dependencies, before: str, after: str) -> Comparison | None:
    """Return the comparison of two states by their keys; None if a key is missing or unknown."""
    states = {state.key: state for state in story.states}
    if before not in states or after not in states:
        return None
    old, new = states[before], states[after]
    rows = [
        change_row(change.field, change.paragraph, change.before, change.after, whole=True)
        for change in dependencies.changes(old.release, new.release)
    ]
    return Comparison(before=old, after=new, changes=rows)


async def story_view(story: StoredStory, dependencies: Dependencies) -> StoryView:
    """Return the view model of a story."""
    archive, settings = dependencies.archive, dependencies.settings
    shown = story.releases
    if len(shown) > MAX_RELEASES_SHOWN:
        shown = (shown[0], *shown[1 - MAX_RELEASES_SHOWN :])
    first = story.releases[0].release
    ids = {stored.release.id: list(change_event_ids(stored)) for stored in shown}
    payloads = await archive.events_by_id([event for events in ids.values() for event in events])
    states = {
        stored.release.id: await archive.revisions(stored.release.id or "")
        if stored.release.revision > 1
        else [stored.release]
        for stored in shown
    }
    releases = []
    for stored in shown:
        source = source_title(settings, stored.release.source)
        releases.append(
            StoryRelease(
                release=stored.release,
                kind=WORDS.get(kind_of(stored), kind_of(stored)),
                source=source,
                wire=distinct_wire(source, stored.release.wire),
                reason=reasons(
                    stored.why, {other.release.id or "": other.release for other in story.releases}, settings
                ),
                copied=stored.verdict == "copy",
                delay=delay(first, stored.release),
                events=[event_row(payloads[event], settings) for event in ids[stored.release.id] if event in payloads],
                claims=verified_claims(stored, story, states[stored.release.id], dependencies),
                states=[
                    _state(state, source, WORDS.get(kind_of(stored), kind_of(stored)))
                    for state in states[stored.release.id]
                ],
            )
        )
    return StoryView(
        id=story.id,
        releases=releases,
        hidden=len(story.releases) - len(shown),
        copies=copies_of(story, first.id, settings),
        watches=[watch_title(settings, name) for name in story.watches],
        channels=story.channels,
        receipts=await _receipts(story, shown, list(payloads), dependencies),
    )


def reasons(why: str, releases: Mapping[str, Release], settings: Settings) -> list[Reason]:
    """Return a reason in which source titles replace release ids."""
    found: list[Reason] = []
    at = 0
    for match in _NAMED.finditer(why):
        release = releases.get(match["id"])
        where = source_title(settings, release.source) if release is not None else match["where"]
        words = f"that on {source_title(settings, where)}" if where else "an earlier one"
        found += [Reason(why[at : match.start()]), Reason(words, match["id"])]
        at = match.end()
    return [part for part in (*found, Reason(why[at:])) if part.words]


def verified_claims(
    stored: StoredRelease, story: StoredStory, states: Sequence[Release], dependencies: Dependencies
) -> tuple[CorrectionClaim, ...]:
    """Return the claims of a notice, checked against the changes from the release that it is about."""
    release = stored.release
    if release.notice is None:
        return ()
    original = next(
        (candidate.release for candidate in story.releases if candidate.release.id == stored.replaces), None
    )
    if original is not None and original.id == release.id:  # a notice on its own page
        original = states[-2] if len(states) > 1 else None
    sides = (
        [(change.before, change.after) for change in dependencies.changes(original, release)]
        if original is not None
        else None
    )
    return checked_claims(release.notice.statement, sides)


def _state(release: Release, source: str, kind: str) -> State:
    # The differing part is first, because a phone shows only the beginning.
    was = kind if release.notice is not None or release.revision > 1 or kind == "copied" else "new"
    seen = f" ({written(release.first_seen_at)})" if release.first_seen_at and release.revision == 1 else ""
    words = f"{was}, {source}, revision {release.revision}{seen}: {release.headline}"
    return State(key=f"{release.id}.{release.revision}", words=words, release=release)


async def _receipts(
    story: StoredStory, shown: Sequence[StoredRelease], payloads: Sequence[str], dependencies: Dependencies
) -> list[ReceiptRow]:
    """Return the receipts of a story's events, oldest first."""
    events = list(payloads)
    for stored in shown:
        events += [event_id(kind, stored.release.id or "", 1) for kind in ("release.new", "release.syndicated")]
    channels = dict.fromkeys([*story.channels, *dependencies.settings.channels])
    found = await dependencies.receipts(
        [f"{event}:{channel}" for event in dict.fromkeys(events) for channel in channels]
    )
    return [receipt_row(receipt) for receipt in sorted(found, key=lambda receipt: receipt.settled or receipt.created)]


def change_event_ids(stored: StoredRelease) -> Iterator[str]:
    """Yield the ids of all possible change events of a release; an event id is derived from its content."""
    release = stored.release
    own = release.id or ""
    for revision in range(max(1, release.revision - MAX_REVISIONS + 1), release.revision + 1):
        if revision == 1 and release.notice is None:
            continue
        for kind in CHANGE_EVENTS:
            yield event_id(kind, own, revision)
    if stored.replaces:
        yield event_id("release.linked", own, release.revision, stored.replaces)
    yield event_id("release.withdrawn", own, release.revision, "gone")
