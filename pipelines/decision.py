"""Stops 8 to 10, identify, relate, match: a release and what memory knows → what is to be kept and told; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from config.settings import Settings
from pipelines.audience import Audience
from pipelines.changes import changes, only_noise
from pipelines.identity import Verdict, identify
from pipelines.identity.features import is_marker_only
from pipelines.identity.notice_linking import is_notice, is_same_notice
from pipelines.identity.relation import differ_in_language
from pipelines.notifications import Notification, decision_of, id_of, replaced
from pipelines.outdated_copies import outdated_copies
from pipelines.revision import Revision, compare
from pipelines.revisit_schedule import next_revisit
from pipelines.withdrawals import restoration_detail, restore
from stories.model.event import Event, EventType, Relation, StoryRef
from stories.model.ids import event_id, story_id
from stories.model.page_result import PageResult
from stories.model.release import Change, NoticeKind, Release
from stories.model.timestamps import parse_timestamp, timestamp
from stories.store.releases import Decision, KnownRelease, Lookup

__all__ = ["EVENT_OF", "decide"]

EVENT_OF: dict[NoticeKind, EventType] = {
    "correction": "release.corrected",
    "update": "release.updated",
    "withdrawal": "release.withdrawn",
    "repeat": "release.syndicated",
}


def decide(
    release: Release,
    knowledge: Lookup,
    reading: PageResult,
    settings: Settings,
    now: datetime,
    noise: frozenset[str] = frozenset(),
) -> Decision | None:
    """Return what is to be kept of a tidied release with its id; None when memory holds it just so.

    ``noise``: the marks of what moves by itself on its page.
    """
    who = Audience(
        settings=settings, now=now, silent=reading.silent, asked=reading.asked, clock_error=reading.clock_error
    )
    if knowledge.own is not None:
        return _again(release, knowledge.own, who, noise, knowledge.candidates)
    seen = _after(knowledge.candidates, now)
    release = replace(release, first_seen_at=timestamp(seen))
    verdict = identify(release, [_candidate(one) for one in knowledge.candidates], seen)
    of = _of(verdict.of, knowledge.candidates)
    if verdict.kind == "new" or (of is None and verdict.kind != "notice"):
        return _new(release, verdict, who)
    story = [one for one in knowledge.candidates if of is not None and one.story == of.story]
    if verdict.kind == "copy" and of is not None and _differs_at_home(release, of):
        verdict = replace(verdict, kind="reissue")
    elif verdict.kind == "reissue" and of is not None and _may_be_stale(release, of, story):
        verdict = replace(verdict, kind="copy")
    if verdict.kind == "copy" and of is not None:
        return _copy(release, of, story, verdict, who)
    if verdict.kind == "late_original" and of is not None:
        return _late_original(release, of, story, verdict, who)
    # A correction that was read after a later one replaces neither, and is told to those who heard of their story.
    within = of or next((one for one in knowledge.candidates if one.story == verdict.story), None)
    story = [one for one in knowledge.candidates if within is not None and one.story == within.story]
    return _notice(release, of, within, story, verdict, who)


def _after(candidates: Iterable[KnownRelease], now: datetime) -> datetime:
    """Return now, or the moment after the newest candidate was seen where that is later.

    Workers' clocks differ, and one that was overtaken looked at its clock before: what memory holds came before.
    """
    seen = [parse_timestamp(one.release.first_seen_at) for one in candidates]
    return max([now, *(moment + timedelta(milliseconds=1) for moment in seen if moment is not None)])


def _again(
    release: Release, own: KnownRelease, who: Audience, noise: frozenset[str], candidates: Sequence[KnownRelease]
) -> Decision | None:
    """The page was known: unchanged, back again, revised without a word, or corrected in place."""
    before = own.release
    revision = compare(before, release, noise)
    late = who.late(release, own)
    if revision.kind == "same" and late and (gained := _tags_gained(before, release)):
        revision = Revision(kind="revised", changes=gained, why="the page has tags that it had not")
    if revision.kind == "same":
        return restore(own, who.settings, who.now) if own.verdict == "withdrawn" else None
    release = replace(
        release,
        id=before.id,
        revision=before.revision + 1,
        first_seen_at=before.first_seen_at,
        published_at=release.published_at or before.published_at,  # it may have stood in the listing alone
    )
    noticed = revision.kind == "notice" and release.notice is not None
    kind: EventType = EVENT_OF[release.notice.kind] if noticed and release.notice else "release.revised"
    matched = who.matching(release, before)
    event = Event(
        id=event_id(kind, id_of(release), release.revision),
        type=kind,
        timestamp=timestamp(who.now),
        watches=who.named(matched, kind, own),
        story=StoryRef(id=own.story, releases=own.releases),
        release=release,
        replaces=replaced(before),
        changes=() if kind == "release.withdrawn" else revision.changes,
        outdated=outdated_copies(
            release,
            [one for one in candidates if one.story == own.story],
            revision.changes,
            withdrawn=kind == "release.withdrawn",
            original=before.id,
        ),
        detail=restoration_detail(own) if own.verdict == "withdrawn" else None,
    )
    # A notice is as young as this reading, whatever date of publication its page goes on printing.
    fresh = who.fresh(matched, kind, None if noticed else release)
    # That a page is back takes back that it was withdrawn, and reaches whoever heard of that.
    heard = own.channels & who.settings.channels.keys() if own.verdict == "withdrawn" else who.recalled(kind, own)
    told = [Notification(event=event, channels=fresh | heard, due=who.due_at(release, own))]
    if not noticed and (new := _new_to(late, release, own, who)):
        told = [new, replace(told[0], channels=told[0].channels - new.channels)]
    was_plain = before.notice is None or before.notice.kind == "repeat"
    return replace(
        decision_of(release, own.story, revision.why, told, revision.kind),
        revises=True,
        # What the page was is all that its notice can be about: no copy of that text is a late original of it.
        replaces=before.id if noticed and was_plain else own.replaces,
        revisit=next_revisit(release, who.settings.polling.ladder, who.now),
    )


def _tags_gained(before: Release, after: Release) -> tuple[Change, ...]:
    """Tags of a page that showed none before: told only where a watch waits for them; many pages print them late."""
    had = {tag.casefold() for tag in before.tags}
    return tuple(Change(field="tags", after=tag) for tag in after.tags if tag.casefold() not in had)


def _new_to(late: Sequence[str], release: Release, own: KnownRelease, who: Audience) -> Notification | None:
    """Return the release as new, for watches that match it only since it was edited, and have not heard of it."""
    channels = who.fresh(late, "release.new", release) - own.channels
    if not channels:
        return None
    event = Event(
        id=event_id("release.new", id_of(release), release.revision),
        type="release.new",
        timestamp=timestamp(who.now),
        watches=who.named(late, "release.new"),
        story=StoryRef(id=own.story, releases=own.releases),
        release=release,
    )
    return Notification(event=event, channels=channels, due=who.due_at(release, own))


def _new(release: Release, verdict: Verdict, who: Audience) -> Decision:
    story = story_id(id_of(release))
    matched = who.matching(release)
    event = Event(
        id=event_id("release.new", id_of(release), release.revision),
        type="release.new",
        timestamp=timestamp(who.now),
        watches=who.named(matched, "release.new"),
        story=StoryRef(id=story, releases=1),
        release=release,
    )
    told = Notification(event=event, channels=who.fresh(matched, event.type, release), due=who.due_at(release))
    return _stored(release, story, verdict, [told], who)


def _copy(
    release: Release, of: KnownRelease, story: Sequence[KnownRelease], verdict: Verdict, who: Audience
) -> Decision:
    """The same release elsewhere: silence, but for watches that ask for copies and those that only now can hear.

    A watch whose sources or words no earlier release of the story matched has not had its alert: to it this is new, or
    the notice that it repeats. If what it so hears was corrected meanwhile, it hears of that too.
    """
    matched = who.matching(release)
    copy = Event(
        id=event_id("release.syndicated", id_of(release), release.revision),
        type="release.syndicated",
        relation=_relation(release, of.release),
        timestamp=timestamp(who.now),
        watches=who.named(matched, "release.syndicated"),
        story=StoryRef(id=of.story, releases=of.releases + 1),
        release=release,
    )
    earlier = {name for one in story for name in who.matching(one.release)}
    late = [name for name in matched if name not in earlier]
    first = _first_heard(copy, release, _of(of.replaces, story))
    hearing = who.fresh(late, first.type, release) - of.channels
    asked = who.fresh(matched, copy.type, release) - hearing
    due = who.due_at(release, of)
    told = []
    if hearing:
        told.append(Notification(event=replace(first, watches=who.named(late, first.type)), channels=hearing, due=due))
        told += [
            Notification(event=event, channels=hearing, due=due) for event in _outdated(release, of, story, late, who)
        ]
    if asked or not hearing:
        told.append(Notification(event=copy, channels=asked, due=due))
    # A notice's copy is about what the notice is about: else it would go on waiting for its original.
    return replace(_stored(release, of.story, verdict, told, who), replaces=of.replaces if is_notice(release) else None)


def _relation(release: Release, original: Release) -> Relation:
    """Return what a release is to the one whose text it has."""
    if differ_in_language(original, release):
        return "translation"
    return "repeat" if release.notice is not None and release.notice.kind == "repeat" else "copy"


def _outdated(
    release: Release, of: KnownRelease, story: Sequence[KnownRelease], late: Sequence[str], who: Audience
) -> tuple[Event, ...]:
    """Return the event of the notice that stands against a copy of what it is about, if there is one."""
    notice = max(
        (one for one in story if is_notice(one.release)), key=lambda one: one.release.first_seen_at or "", default=None
    )
    if notice is None or is_notice(of.release) or is_notice(release):
        return ()
    event = _tied(notice, release, who)
    if not event.changes and event.type != "release.withdrawn":
        return ()
    return (replace(event, watches=who.named(late, event.type)),)


def _first_heard(copy: Event, release: Release, original: KnownRelease | None) -> Event:
    """Return a copy's event as those hear it who could hear nothing of the story before."""
    kind: EventType = "release.new"
    if release.notice is not None and is_notice(release):
        kind = EVENT_OF[release.notice.kind]
    about = original.release if original is not None and kind != "release.new" else None
    return replace(
        copy,
        id=event_id(kind, id_of(release), release.revision),
        type=kind,
        relation=copy.relation if kind == "release.syndicated" else None,
        replaces=replaced(about) if about else None,
        changes=_differences(kind, about, release) if about else (),
    )


def _notice(
    release: Release,
    of: KnownRelease | None,
    within: KnownRelease | None,
    members: Sequence[KnownRelease],
    verdict: Verdict,
    who: Audience,
) -> Decision:
    """A correction, update or withdrawal arrived, or an unmarked re-issue with other content.

    ``within``: a release of the story it joins, also where what it replaces is not known; ``members``: the known
    releases of that story.
    """
    kind: EventType = "release.revised"
    if release.notice is not None and verdict.kind == "notice":
        kind = EVENT_OF[release.notice.kind]
        if of is not None and not release.notice.headline and not is_marker_only(of.release):
            # "/DISREGARD RELEASE: Company/" is marker from end to end; the headline is that of what it is about.
            release = replace(release, headline=of.release.headline)
    story = within.story if within else story_id(id_of(release))
    matched = who.matching(release)
    differences = _differences(kind, of.release, release) if of else ()
    withdrawn = kind == "release.withdrawn"
    event = Event(
        id=event_id(kind, id_of(release), release.revision),
        type=kind,
        timestamp=timestamp(who.now),
        watches=who.named(matched, kind, within),
        story=StoryRef(id=story, releases=within.releases + 1 if within else 1),
        release=release,
        replaces=replaced(of.release) if of else None,
        changes=differences,
        outdated=outdated_copies(
            release, members, differences, withdrawn=withdrawn, original=of.release.id if of else None
        ),
        detail=_of_a_copy(release, of) if kind == "release.revised" else None,
    )
    channels = who.fresh(matched, kind, release) | who.recalled(kind, within)
    told = Notification(event=event, channels=channels, due=who.due_at(release, within))
    keep = _stored(release, story, verdict, [told], who)
    return replace(keep, replaces=of.release.id if of else None)


def _of_a_copy(release: Release, of: KnownRelease | None) -> str | None:
    """Return, in words, that not the original's page changed: a copy on another site states other facts."""
    if of is None or release.source == of.release.source:
        return None
    return f"a copy on {release.source} states other facts; no change was seen on the page of {of.release.source}"


def _late_original(
    release: Release, of: KnownRelease, story: Sequence[KnownRelease], verdict: Verdict, who: Audience
) -> Decision:
    """The original of a notice that came first: not alerted as new; a follow-up says what the notice is about.

    The follow-up reaches every channel that got the notice, and watches that match only the original. Each waiting
    notice has one; copies of one notice on several sites share it.
    """
    waiting = [one for one in story if is_notice(one.release) and one.replaces is None]
    first: list[KnownRelease] = []
    for one in sorted(waiting or [of], key=lambda one: one.release.first_seen_at or ""):
        if not any(is_same_notice(one.release, earlier.release) for earlier in first):
            first.append(one)
    told = []
    for one in first:
        notice = _tied(one, release, who)
        linked = replace(
            notice,
            id=event_id("release.linked", id_of(one.release), one.release.revision, id_of(release)),
            type="release.linked",
            follows=event_id(notice.type, id_of(one.release), one.release.revision),
        )
        earlier_watches = who.matching(one.release)
        late = [name for name in who.matching(release) if name not in earlier_watches]
        channels = who.fresh(late, notice.type, release) | who.recalled(notice.type, of)
        told.append(Notification(event=linked, channels=channels, due=who.due_at(release, of)))
    keep = _stored(release, of.story, verdict, told, who)
    return replace(keep, links={id_of(one.release): id_of(release) for one in waiting})


def _tied(notice: KnownRelease, original: Release, who: Audience) -> Event:
    """Return the event of a known notice, with the release that it is about."""
    kind = EVENT_OF[notice.release.notice.kind] if notice.release.notice else "release.revised"
    return Event(
        id=event_id(kind, id_of(notice.release), notice.release.revision, "replaces", id_of(original)),
        type=kind,
        timestamp=timestamp(who.now),
        watches=who.named(who.matching(notice.release, original), kind, notice),
        story=StoryRef(id=notice.story, releases=notice.releases + 1),
        release=notice.release,
        replaces=replaced(original),
        changes=_differences(kind, original, notice.release),
    )


def _stored(release: Release, story: str, verdict: Verdict, told: Iterable[Notification], who: Audience) -> Decision:
    keep = decision_of(release, story, verdict.why, told, verdict.kind)
    return replace(keep, revisit=next_revisit(release, who.settings.polling.ladder, who.now))


def _differences(kind: EventType, before: Release, after: Release) -> tuple[Change, ...]:
    # A withdrawal takes the release back whole; its own text is no newer state of it. Nor is a translation.
    return () if kind == "release.withdrawn" or differ_in_language(before, after) else changes(before, after)


def _differs_at_home(release: Release, of: KnownRelease) -> bool:
    """Return whether a source sent its own release again, under another URL and with other content.

    Elsewhere small differences are a syndicator's; at home they are a silent correction, and must not stay silent.
    """
    before = of.release
    at_home = release.source == before.source and not differ_in_language(before, release)
    return at_home and bool(changes(before, release)) and not only_noise(before, release)


def _may_be_stale(release: Release, of: KnownRelease, story: Iterable[KnownRelease]) -> bool:
    """Return whether another site may only show what the story said before it was corrected or edited in place."""
    corrected = any(is_notice(one.release) or one.release.revision > 1 for one in story)
    return corrected and release.source != of.release.source


def _of(release_id: str | None, known: Iterable[KnownRelease]) -> KnownRelease | None:
    return next((one for one in known if release_id and one.release.id == release_id), None)


def _candidate(known: KnownRelease) -> KnownRelease:
    return KnownRelease(release=known.release, story=known.story, replaces=known.replaces, first=known.first)
