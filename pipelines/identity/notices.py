"""Stop 9, relate: which earlier release a notice is about, and which notice a late original belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipelines.identity.index import quoted
from pipelines.identity.kinship import days_between, near_headline
from pipelines.identity.likeness import compare, headline_swaps, overlap
from pipelines.identity.nouns import Candidate, Verdict
from pipelines.identity.reading import Reading, read, short_key
from pipelines.identity.words import squeezed
from stories.release import Release

HEADLINE_WITHIN = 10  # days: a headline alone ties a notice to its original no longer
TEXT_WITHIN = 60  # days
CLOCKS_DIFFER = timedelta(hours=36)  # a bare date, two time zones: an "earlier" notice may look so much later
CLEAR = 0.1  # of Jaccard: how much better the best of two equal witnesses must be


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Why a notice is about a release: the stronger first."""

    rank: int
    """4 id, 3 quoted headline, 2 its own headline, 1 slug, 0 text alone."""
    jaccard: float
    why: str


def link(release: Release, candidates: Sequence[Candidate]) -> Verdict:
    """Return what a correction, update or withdrawal is about; ``of`` is None rather than wrong."""
    notice = read(release)
    again = _syndicated(release, notice, candidates)
    if again is not None:
        return again
    found: list[tuple[Witness, Candidate]] = []
    for candidate in candidates:
        other = read(candidate.release)
        if _came_after(notice, other):
            continue
        witness = fits(release, notice, candidate.release, other)
        if witness is not None:
            found.append((witness, candidate))
    if not found:
        return Verdict(kind="notice", of=None, story=None, why=f"{_marker(release)}; what it is about is not known yet")
    found.sort(key=lambda pair: (pair[0].rank, pair[0].jaccard), reverse=True)
    witness, best = found[0]
    rivals = [
        other for other, candidate in found[1:] if candidate.story != best.story and other.rank == witness.rank < 4
    ]
    if any(witness.jaccard - rival.jaccard < CLEAR for rival in rivals):
        return Verdict(
            kind="notice", of=None, story=None, why=f"{_marker(release)}; two earlier releases fit it equally"
        )
    target = newest_state(best, candidates, release)
    return Verdict(kind="notice", of=target.release.id, story=target.story, why=f"{_marker(release)}; {witness.why}")


def fits(release: Release, notice: Reading, original: Release, other: Reading) -> Witness | None:
    """Return the strongest witness that a notice is about a release, or None."""
    jaccard, containment = overlap(other, notice)
    days = days_between(notice, other)
    if notice.urls & other.urls:
        return Witness(rank=4, jaccard=jaccard, why="the same page")
    shared = notice.ids & other.ids
    if shared:
        return Witness(rank=4, jaccard=jaccard, why=f"wire id {min(shared)[1]}")
    if days is not None and days > TEXT_WITHIN:
        return None
    strangers = bool(notice.issuer_key and other.issuer_key and notice.issuer_key != other.issuer_key)
    if any(_one_headline(squeezed(headline), other.headline_key) for headline in quoted(release)):
        return (
            None if strangers and containment < 0.3 else Witness(rank=3, jaccard=jaccard, why="it quotes the headline")
        )
    same_issuer = bool(notice.issuer_key) and notice.issuer_key == other.issuer_key
    soon = days is None or days <= HEADLINE_WITHIN
    if len(notice.headline) >= 3 and notice.plain_headline_key == other.plain_headline_key:
        if containment >= 0.4 or (same_issuer and soon) or (_short(notice, other) and soon and not strangers):
            return Witness(rank=2, jaccard=jaccard, why=_headline_why(same_issuer, days))
        return None
    if near_headline(other, notice) and (containment >= 0.5 or (same_issuer and soon and _short(notice, other))):
        return Witness(rank=2, jaccard=jaccard, why=_headline_why(same_issuer, days))
    if notice.slug_key and notice.slug_key in (other.slug_key, short_key(other.headline)) and soon and not strangers:
        return Witness(rank=1, jaccard=jaccard, why="the words of its address")
    return _by_text(notice, other, containment, days)


def _by_text(notice: Reading, other: Reading, containment: float, days: int | None) -> Witness | None:
    """Let near text witness alone where nothing speaks for a sibling."""
    if containment < 0.8 or days is None or days > HEADLINE_WITHIN:
        return None
    like = compare(other, notice)
    lost, came = headline_swaps(other.headline, notice.headline)
    told = any(gone in lost and new in came for gone, new in like.swapped)
    if like.opening < 0.5 or told or like.swapped_share > 0.12:
        return None
    return Witness(rank=0, jaccard=like.jaccard, why=f"{like.jaccard:.0%} the same text, {days} days apart")


def _short(notice: Reading, other: Reading) -> bool:
    """Tell whether one of two has too little text to compare: an advisory, a teaser."""
    return min(len(notice.folded), len(other.folded)) < 60


def _headline_why(same_issuer: bool, days: int | None) -> str:
    apart = "" if days is None else ", the same day" if days == 0 else f", {days} days earlier"
    return "headline without its marker" + (", same issuer" if same_issuer else "") + apart


def _one_headline(quoted_key: str, key: str) -> bool:
    return bool(quoted_key) and (
        quoted_key == key or (len(quoted_key) >= 30 and (quoted_key in key or key[:60] == quoted_key[:60]))
    )


def _came_after(notice: Reading, other: Reading) -> bool:
    return notice.day is not None and other.day is not None and other.day - notice.day > CLOCKS_DIFFER


def newest_state(best: Candidate, candidates: Sequence[Candidate], release: Release) -> Candidate:
    """Return the state of the story that a notice replaces: its newest notice, else its first release."""
    story = [candidate for candidate in candidates if candidate.story == best.story]
    notices = [
        candidate for candidate in story if candidate.release.notice and candidate.release.notice.kind != "repeat"
    ]
    if notices:
        return max(notices, key=lambda candidate: candidate.release.first_seen_at or "")
    return next((candidate for candidate in story if candidate.first), best)


def _syndicated(release: Release, notice: Reading, candidates: Sequence[Candidate]) -> Verdict | None:
    """Return the verdict on another site's copy of a notice that is known."""
    for candidate in candidates:
        earlier = candidate.release.notice
        if earlier is None or earlier.kind == "repeat":
            continue
        other = read(candidate.release)
        if _one_notice(release, notice, candidate.release, other):
            return Verdict(kind="copy", of=candidate.release.id, story=candidate.story,
                           why=f"the same notice on {candidate.release.source or 'another site'}")  # fmt: skip
    return None


def _one_notice(release: Release, notice: Reading, earlier: Release, other: Reading) -> bool:
    """Tell whether two notices are the same one."""
    if notice.ids & other.ids and release.source != earlier.source:
        return True
    if not near_headline(other, notice) and not (notice.headline_key == other.headline_key == ""):
        return False
    if min(len(notice.folded), len(other.folded)) < 8:
        days = days_between(notice, other)
        return release.source != earlier.source and days is not None and days <= 2
    like = compare(other, notice)
    return like.containment >= 0.8 and like.opening >= 0.5 and not like.swapped and not like.mistyped


def _marker(release: Release) -> str:
    return release.notice.marker if release.notice else "a notice"
