"""Decides the verdict on one release, given the candidates of the release store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipelines.identity.features import features_of
from pipelines.identity.notice_linking import find_evidence, is_notice, link_notice
from pipelines.identity.relation import Relation, came_before, has_same_publisher, relate
from pipelines.identity.translations import CLEAR_LEAD
from pipelines.identity.types import Verdict
from stories.model.release import Release
from stories.model.timestamps import parse_timestamp
from stories.store.releases import KnownRelease


def identify(release: Release, candidates: Sequence[KnownRelease], now: datetime) -> Verdict:
    """Return the verdict on a release: new, a copy, a reissue, a notice about an earlier one, or a late original.

    ``release.notice`` is set, and ``release.headline`` has no marker. Candidates seen after ``now`` are ignored.
    """
    known = [
        candidate for candidate in candidates if not _is_itself(release, candidate) and _is_seen_before(candidate, now)
    ]
    if is_notice(release):
        return link_notice(release, known)
    late = _late_original(release, known)
    if late is not None:
        return late
    return _place(release, known)


def _is_itself(release: Release, candidate: KnownRelease) -> bool:
    return release.id is not None and release.id == candidate.release.id


def _is_seen_before(candidate: KnownRelease, now: datetime) -> bool:
    seen = parse_timestamp(candidate.release.first_seen_at)
    return seen is None or seen <= now


def _place(release: Release, candidates: Sequence[KnownRelease]) -> Verdict:
    """Return the verdict on a release without a notice (a repeat is handled like a copy)."""
    reading = features_of(release)
    best: tuple[Relation, KnownRelease] | None = None
    nearest: Relation | None = None
    translations: list[tuple[Relation, KnownRelease]] = []
    apart: set[str] = set()
    for candidate in candidates:
        kin = relate(candidate.release, release, features_of(candidate.release), reading)
        if kin.kind in ("same", "changed"):
            if kin.points:
                translations.append((kin, candidate))
            elif best is None or _weight(kin, candidate) > _weight(*best):
                best = (kin, candidate)
            continue
        if kin.kind == "sibling" and (nearest is None or kin.jaccard > nearest.jaccard):
            nearest = kin
        if _is_same_language_version(release, candidate):
            apart.add(candidate.story)
    best = best or _clear_translation([pair for pair in translations if pair[1].story not in apart])
    if best is None:
        why = f"like an earlier release, but {nearest.why}" if nearest else "nothing like it before"
        return Verdict(kind="new", of=None, story=None, why=why)
    kin, candidate = best
    earlier = came_before(reading, features_of(candidate.release))
    reissued = kin.kind == "changed" and candidate.release.notice is None and not earlier
    where = f"{candidate.release.id} on {candidate.release.source or 'another site'}"
    return Verdict(kind="reissue" if reissued else "copy", of=candidate.release.id, story=candidate.story,
                   why=f"{kin.why} as {where}" if kin.why == "same text" else f"{kin.why}: {where}")  # fmt: skip


def _is_same_language_version(release: Release, candidate: KnownRelease) -> bool:
    """Return whether a candidate with another text is the story's state in the release's language on its site."""
    other = candidate.release
    return other.language == release.language and other.source == release.source and not is_notice(other)


def _clear_translation(found: Sequence[tuple[Relation, KnownRelease]]) -> tuple[Relation, KnownRelease] | None:
    """Return the release with the most evidence for a translation; None if two stories are possible."""
    if not found:
        return None
    best = max(found, key=lambda pair: (pair[0].points, pair[1].first))
    rivals = (kin.points for kin, candidate in found if candidate.story != best[1].story)
    return None if any(best[0].points - points < CLEAR_LEAD for points in rivals) else best


def _weight(kin: Relation, candidate: KnownRelease) -> tuple[int, bool, float, bool]:
    return kin.strength, kin.kind == "same", kin.jaccard, candidate.first


def _late_original(release: Release, candidates: Sequence[KnownRelease]) -> Verdict | None:
    """Return the verdict on a release that an earlier notice without an original is about."""
    if release.notice is not None:
        return None
    reading = features_of(release)
    for candidate in candidates:
        notice = candidate.release.notice
        if notice is None or notice.kind == "repeat" or candidate.replaces is not None:
            continue
        other = features_of(candidate.release)
        if came_before(other, reading):
            continue
        syndicated = reading.folded == other.folded and not has_same_publisher(candidate.release, release)
        if syndicated and not came_before(reading, other):
            continue  # the corrected text on another site that omitted the marker
        witness = find_evidence(candidate.release, other, release, reading)
        if witness is not None:
            return Verdict(kind="late_original", of=candidate.release.id, story=candidate.story,
                           why=f"what {candidate.release.id} ({notice.marker}) is about: {witness.why}")  # fmt: skip
    return None
