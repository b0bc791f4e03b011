"""Decides what to store and to report of a release, from the release and the stored releases that may be related; pure.

Pipeline steps 8 to 10: identify, relate, match.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from config.settings import Settings
from pipelines.audience import Audience, id_of
from pipelines.identity import Verdict, identify
from pipelines.identity.features import is_marker_only
from pipelines.identity.notice_linking import is_notice, is_same_notice
from pipelines.identity.relation import differ_in_language
from pipelines.outdated_copies import outdated_copies
from pipelines.release_diff import changes, only_noise
from pipelines.revision import Revision, compare
from pipelines.revisit_schedule import next_revisit
from pipelines.withdrawals import restoration_detail, restore
from stories.model.event import EventType, Relation, StoryRef
from stories.model.ids import event_id, story_id
from stories.model.page_result import PageResult
from stories.model.release import Change, NoticeKind, Release
from stories.model.timestamps import parse_timestamp, timestamp
from stories.store.releases import Decision, KnownRelease, Lookup, Notification

__all__ = ["EVENT_OF", "decide"]

EVENT_OF: dict[NoticeKind, EventType] = {
    "correction": "release.corrected",
    "update": "release.updated",
    "withdrawal": "release.withdrawn",
    "repeat": "release.syndicated",
}


WITHHELD = "; stored without alert: "
"""Before the reason, at the end of ``why`` of a release that reaches no channel though a watch matches it."""


def decide(
    release: Release,
    knowledge: Lookup,
    result: PageResult,
    settings: Settings,
    now: datetime,
    noise: frozenset[str] = frozenset(),
) -> Decision | None:
    """Return what to store and to report of a release, or None if the stored state is the same.

    Args:
        release: the tidied release, with its id.
        knowledge: the stored release at the same URL, and the stored releases that share a blocking key.
        result: the page result that the release was read from.
        settings: the configuration in force: watches, channels, alert settings.
        now: the current time.
        noise: marks of volatile content on the page (``pipelines.volatile_lines``); it is not compared.
    """
    audience = Audience(
        settings=settings,
        now=now,
        is_silent=result.silent,
        is_requested=result.is_requested,
        published_dates=release.published_dates,
        clock_error=result.clock_error,
    )
    release = replace(release, published_dates=())  # only the age limit needs them
    if knowledge.own is not None:
        return _decide_known_page(release, knowledge.own, audience, noise, knowledge.candidates)
    return _with_withheld(_decide_new_page(release, knowledge, audience), audience)


def _with_withheld(decision: Decision, audience: Audience) -> Decision:
    """Return a decision that says why no channel receives its release, if a watch matches and subscribes to it."""
    own = next((event for event in decision.events if event.release is decision.release), None)
    if own is None or own.type == "release.syndicated" or decision.alerts.get(own.id):
        return decision
    reason = audience.withheld_for(decision.release, own.type)
    return replace(decision, why=f"{decision.why}{WITHHELD}{reason}", withheld=reason) if reason else decision


def _decide_new_page(release: Release, knowledge: Lookup, audience: Audience) -> Decision:
    """Return what to store and to report of a page that was not stored before."""
    seen = _first_seen(knowledge.candidates, audience.now)
    release = replace(release, first_seen_at=timestamp(seen))
    verdict = identify(release, knowledge.candidates, seen)
    target = _find(verdict.of, knowledge.candidates)
    if verdict.kind == "new" or (target is None and verdict.kind != "notice"):
        return _decide_new(release, verdict, audience)
    story = [known for known in knowledge.candidates if target is not None and known.story == target.story]
    if target is not None:
        verdict = _adjusted(verdict, release, target, story)
    if verdict.kind == "copy" and target is not None:
        return _decide_copy(release, target, story, verdict, audience)
    if verdict.kind == "late_original" and target is not None:
        return _decide_late_original(release, target, story, verdict, audience)
    # A correction that is read after a later one replaces neither. It joins their story and alerts its channels.
    story_member = target or next((known for known in knowledge.candidates if known.story == verdict.story), None)
    story = [known for known in knowledge.candidates if story_member is not None and known.story == story_member.story]
    return _decide_notice(release, target, story_member, story, verdict, audience)


def _first_seen(candidates: Iterable[KnownRelease], now: datetime) -> datetime:
    """Return now, or one millisecond after the newest candidate was first seen if that is later.

    The clocks of workers differ, and another worker may have stored a candidate after this one read its clock. A
    stored release always counts as the earlier one.
    """
    seen = [parse_timestamp(known.release.first_seen_at) for known in candidates]
    return max([now, *(moment + timedelta(milliseconds=1) for moment in seen if moment is not None)])


def _adjusted(verdict: Verdict, release: Release, target: KnownRelease, story: Iterable[KnownRelease]) -> Verdict:
    """Return the verdict after two checks that need the whole story."""
    if verdict.kind == "copy" and _is_silent_correction(release, target):
        return replace(verdict, kind="reissue")
    if verdict.kind == "reissue" and _may_be_outdated_copy(release, target, story):
        return replace(verdict, kind="copy")
    return verdict


def _is_silent_correction(release: Release, target: KnownRelease) -> bool:
    """Return whether a source published its own release again, at another URL and with changes.

    On another site, small differences come from the syndicator. On the same site they are a correction without a
    notice, which must be reported.
    """
    before = target.release
    is_same_source = release.source == before.source and not differ_in_language(before, release)
    return is_same_source and bool(changes(before, release)) and not only_noise(before, release)


def _may_be_outdated_copy(release: Release, target: KnownRelease, story: Iterable[KnownRelease]) -> bool:
    """Return whether another site may show the text from before the story was corrected or edited in place."""
    is_corrected = any(is_notice(known.release) or known.release.revision > 1 for known in story)
    return is_corrected and release.source != target.release.source


def _find(release_id: str | None, candidates: Iterable[KnownRelease]) -> KnownRelease | None:
    return next((known for known in candidates if release_id and known.release.id == release_id), None)


# A page that was stored before


def _decide_known_page(
    release: Release,
    own: KnownRelease,
    audience: Audience,
    noise: frozenset[str],
    candidates: Sequence[KnownRelease],
) -> Decision | None:
    """Return the decision on a known page: restored, edited silently, or corrected in place; None: unchanged."""
    before = own.release
    if before.published_from == "listing" and before.published_at:  # a later read of the page knows no listing
        release = replace(release, published_at=before.published_at, published_from="listing")
    revision = compare(before, release, noise)
    new_watches = audience.newly_matching(release, own)
    if revision.kind == "same" and new_watches and (gained := _tags_gained(before, release)):
        revision = Revision(kind="revised", changes=gained, why="the page has tags that it had not")
    if revision.kind == "same":
        return restore(own, audience.settings, audience.now) if own.verdict == "withdrawn" else None
    release = replace(
        release,
        id=before.id,
        revision=before.revision + 1,
        first_seen_at=before.first_seen_at,
        published_at=release.published_at or before.published_at,  # only the listing may have printed the time
        published_from=release.published_from if release.published_at else before.published_from,
    )
    has_new_notice = revision.kind == "notice" and release.notice is not None
    notification = _page_notification(release, own, revision, audience, candidates, has_new_notice=has_new_notice)
    notifications = [notification]
    if not has_new_notice and (new := _new_to_watches(new_watches, release, own, audience)):
        notifications = [new, replace(notification, channels=notification.channels - new.channels)]
    was_plain = before.notice is None or before.notice.kind == "repeat"
    return Decision.of(
        release,
        story=own.story,
        verdict=revision.kind,
        why=revision.why,
        notifications=notifications,
        revises=True,
        # The notice replaces the page's earlier text, so a copy of that text is never its "late original".
        replaces=before.id if has_new_notice and was_plain else own.replaces,
        revisit=next_revisit(release, audience.settings.polling.ladder, audience.now),
    )


def _page_notification(
    release: Release,
    own: KnownRelease,
    revision: Revision,
    audience: Audience,
    candidates: Iterable[KnownRelease],
    *,
    has_new_notice: bool,
) -> Notification:
    """Return the event of a page that changed."""
    before = own.release
    kind = EVENT_OF[release.notice.kind] if has_new_notice and release.notice else "release.revised"
    is_withdrawn = kind == "release.withdrawn"
    was_gone = own.verdict == "withdrawn"
    matched = audience.matching(release, before)
    # A notice is as recent as this page read, whatever publication date the page prints.
    subscribed = audience.subscribed_channels(matched, kind, None if has_new_notice else release)
    # A restored page revokes its withdrawal, so it alerts every channel that got the withdrawal.
    alerted = own.channels & audience.settings.channels.keys() if was_gone else audience.alerted_channels(kind, own)
    return audience.notification(
        kind,
        release,
        StoryRef(id=own.story, releases=own.releases),
        watches=audience.event_watches(matched, kind, own),
        channels=subscribed | alerted,
        due=audience.due_at(release, own),
        replaces=before,
        changes=() if is_withdrawn else revision.changes,
        outdated=outdated_copies(
            release,
            [known for known in candidates if known.story == own.story],
            revision.changes,
            withdrawn=is_withdrawn,
            original=before.id,
        ),
        detail=restoration_detail(own) if was_gone else None,
    )


def _tags_gained(before: Release, after: Release) -> tuple[Change, ...]:
    """Return the tags that a page shows and did not show before.

    They are reported only if they make a watch match: many pages print their tags late.
    """
    had = {tag.casefold() for tag in before.tags}
    return tuple(Change(field="tags", after=tag) for tag in after.tags if tag.casefold() not in had)


def _new_to_watches(
    new_watches: Sequence[str], release: Release, own: KnownRelease, audience: Audience
) -> Notification | None:
    """Return the release as new for watches that match it only since it was edited, and got no alert of its story."""
    channels = audience.subscribed_channels(new_watches, "release.new", release) - own.channels
    if not channels:
        return None
    return audience.notification(
        "release.new",
        release,
        StoryRef(id=own.story, releases=own.releases),
        watches=audience.event_watches(new_watches, "release.new"),
        channels=channels,
        due=audience.due_at(release, own),
    )


# A page that was not stored before


def _decide_new(release: Release, verdict: Verdict, audience: Audience) -> Decision:
    story = story_id(id_of(release))
    matched = audience.matching(release)
    notification = audience.notification(
        "release.new",
        release,
        StoryRef(id=story, releases=1),
        watches=audience.event_watches(matched, "release.new"),
        channels=audience.subscribed_channels(matched, "release.new", release),
        due=audience.due_at(release),
    )
    return _decision(release, story, verdict, [notification], audience)


def _decide_copy(
    release: Release, target: KnownRelease, story: Sequence[KnownRelease], verdict: Verdict, audience: Audience
) -> Decision:
    """Return the decision on a copy: no alert, except for watches that ask for copies and for watches new to the story.

    A watch whose sources or words matched no earlier release of the story got no alert of it. It gets the copy as a
    new release, or as the notice that it repeats. If the text was corrected meanwhile, it gets the correction too.
    """
    matched = audience.matching(release)
    earlier = {name for known in story for name in audience.matching(known.release)}
    new_watches = [name for name in matched if name not in earlier]
    first_kind = EVENT_OF[release.notice.kind] if release.notice and is_notice(release) else "release.new"
    new_channels = audience.subscribed_channels(new_watches, first_kind, release) - target.channels
    copy_channels = audience.subscribed_channels(matched, "release.syndicated", release) - new_channels
    about = _find(target.replaces, story) if first_kind != "release.new" else None
    story_ref = StoryRef(id=target.story, releases=target.releases + 1)
    due = audience.due_at(release, target)
    notifications = []
    if new_channels:
        notifications.append(
            audience.notification(
                first_kind,
                release,
                story_ref,
                watches=audience.event_watches(new_watches, first_kind),
                channels=new_channels,
                due=due,
                replaces=about.release if about else None,
                changes=_differences(first_kind, about.release, release) if about else (),
            )
        )
        notifications += _notice_against_copy(release, target, story, new_watches, new_channels, audience)
    if copy_channels or not new_channels:
        notifications.append(
            audience.notification(
                "release.syndicated",
                release,
                story_ref,
                watches=audience.event_watches(matched, "release.syndicated"),
                channels=copy_channels,
                due=due,
                relation=_relation(release, target.release),
            )
        )
    # A copy of a notice is about the same release as the notice. Without this it would wait for its original.
    replaces = target.replaces if is_notice(release) else None
    return _decision(release, target.story, verdict, notifications, audience, replaces=replaces)


def _relation(release: Release, original: Release) -> Relation:
    """Return how a copy is related to the release whose text it has."""
    if differ_in_language(original, release):
        return "translation"
    return "repeat" if release.notice is not None and release.notice.kind == "repeat" else "copy"


def _notice_against_copy(
    release: Release,
    target: KnownRelease,
    story: Sequence[KnownRelease],
    watches: Sequence[str],
    channels: frozenset[str],
    audience: Audience,
) -> list[Notification]:
    """Return the newest notice of the story for channels that get the story's outdated text now, if there is one."""
    notice = max(
        (known for known in story if is_notice(known.release)),
        key=lambda known: known.release.first_seen_at or "",
        default=None,
    )
    if notice is None or is_notice(target.release) or is_notice(release):
        return []
    kind = _notice_event(notice)
    differences = _differences(kind, release, notice.release)
    if not differences and kind != "release.withdrawn":
        return []
    return [
        audience.notification(
            kind,
            notice.release,
            StoryRef(id=notice.story, releases=notice.releases + 1),
            id_parts=("replaces", id_of(release)),
            watches=audience.event_watches(watches, kind),
            channels=channels,
            due=audience.due_at(release, target),
            replaces=release,
            changes=differences,
        )
    ]


def _decide_notice(
    release: Release,
    target: KnownRelease | None,
    story_member: KnownRelease | None,
    members: Sequence[KnownRelease],
    verdict: Verdict,
    audience: Audience,
) -> Decision:
    """Return the decision on a correction, update or withdrawal, or on a re-issue with changes and without a notice.

    Args:
        release: the notice.
        target: the release that it replaces, if that is known.
        story_member: a release of the story that the notice joins; known in some cases where ``target`` is not.
        members: the known releases of that story.
        verdict: what identity found.
        audience: the watches and channels that receive alerts.
    """
    kind: EventType = "release.revised"
    if release.notice is not None and verdict.kind == "notice":
        kind = EVENT_OF[release.notice.kind]
        if target is not None and not release.notice.headline and not is_marker_only(target.release):
            # "/DISREGARD RELEASE: Company/" is a marker only. The headline is that of the release that it replaces.
            release = replace(release, headline=target.release.headline)
    story = story_member.story if story_member else story_id(id_of(release))
    matched = audience.matching(release)
    differences = _differences(kind, target.release, release) if target else ()
    notification = audience.notification(
        kind,
        release,
        StoryRef(id=story, releases=story_member.releases + 1 if story_member else 1),
        watches=audience.event_watches(matched, kind, story_member),
        channels=audience.subscribed_channels(matched, kind, release) | audience.alerted_channels(kind, story_member),
        due=audience.due_at(release, story_member),
        replaces=target.release if target else None,
        changes=differences,
        outdated=outdated_copies(
            release,
            members,
            differences,
            withdrawn=kind == "release.withdrawn",
            original=target.release.id if target else None,
        ),
        detail=_copy_detail(release, target) if kind == "release.revised" else None,
    )
    replaces = target.release.id if target else None
    return _decision(release, story, verdict, [notification], audience, replaces=replaces)


def _copy_detail(release: Release, target: KnownRelease | None) -> str | None:
    """Return the sentence that the original page did not change: a copy on another site states other facts."""
    if target is None or release.source == target.release.source:
        return None
    return f"a copy on {release.source} states other facts; no change was seen on the page of {target.release.source}"


def _decide_late_original(
    release: Release, target: KnownRelease, story: Sequence[KnownRelease], verdict: Verdict, audience: Audience
) -> Decision:
    """Return the decision on the original of a notice that was read first: no new release, but a follow-up.

    The follow-up names what the notice is about. It reaches every channel that got the notice, and the watches that
    match only the original. Each waiting notice has one; copies of one notice on several sites share it.
    """
    waiting = [known for known in story if is_notice(known.release) and known.replaces is None]
    notices: list[KnownRelease] = []
    for known in sorted(waiting or [target], key=lambda known: known.release.first_seen_at or ""):
        if not any(is_same_notice(known.release, earlier.release) for earlier in notices):
            notices.append(known)
    notifications = [_follow_up(notice, release, target, audience) for notice in notices]
    links = {id_of(known.release): id_of(release) for known in waiting}
    return replace(_decision(release, target.story, verdict, notifications, audience), links=links)


def _follow_up(notice: KnownRelease, original: Release, target: KnownRelease, audience: Audience) -> Notification:
    """Return the event that names what an earlier notice is about."""
    kind = _notice_event(notice)
    notice_watches = audience.matching(notice.release)
    new_watches = [name for name in audience.matching(original) if name not in notice_watches]
    return audience.notification(
        "release.linked",
        notice.release,
        StoryRef(id=notice.story, releases=notice.releases + 1),
        id_parts=(id_of(original),),
        watches=audience.event_watches(audience.matching(notice.release, original), kind, notice),
        channels=audience.subscribed_channels(new_watches, kind, original) | audience.alerted_channels(kind, target),
        due=audience.due_at(original, target),
        replaces=original,
        changes=_differences(kind, original, notice.release),
        follows=event_id(kind, id_of(notice.release), notice.release.revision),
    )


def _notice_event(notice: KnownRelease) -> EventType:
    return EVENT_OF[notice.release.notice.kind] if notice.release.notice else "release.revised"


def _differences(kind: EventType, before: Release, after: Release) -> tuple[Change, ...]:
    # A withdrawal takes back the whole release: its own text is no newer state of it. Nor is a translation.
    return () if kind == "release.withdrawn" or differ_in_language(before, after) else changes(before, after)


def _decision(
    release: Release,
    story: str,
    verdict: Verdict,
    notifications: Iterable[Notification],
    audience: Audience,
    replaces: str | None = None,
) -> Decision:
    return Decision.of(
        release,
        story=story,
        verdict=verdict.kind,
        why=verdict.why,
        notifications=notifications,
        replaces=replaces,
        revisit=next_revisit(release, audience.settings.polling.ladder, audience.now),
    )
