"""Decides which earlier release a notice is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pipelines.identity.blocking_keys import MIN_HEADLINE_LENGTH
from pipelines.identity.features import ReleaseFeatures, features_of, short_key, without_preamble
from pipelines.identity.normalized_words import compact_key, folded, words
from pipelines.identity.notice_evidence import CLEAR_LEAD, Evidence, weigh
from pipelines.identity.relation import (
    MAX_SWAPPED_SHARE,
    MAX_SWAPS,
    MIN_SHARED_OPENING,
    came_before,
    days_between,
    differ_in_language,
    has_near_headline,
    has_same_publisher,
)
from pipelines.identity.similarity import compare, headline_difference, headline_swaps, overlap
from pipelines.identity.translations import weigh_translation
from pipelines.identity.types import Verdict
from pipelines.notices import named_dates
from stories.model.release import Release
from stories.store.releases import KnownRelease

MAX_HEADLINE_DAYS = 10  # days: later, a headline alone does not link a notice to its original
MAX_TEXT_DAYS = 60  # days
SAME_HEADLINE_DAYS = 3  # days: a source does not use one long headline twice within them
MAX_CLOCK_DIFFERENCE = timedelta(
    hours=36
)  # a bare date and two time zones: an earlier release may seem later by so much
MIN_HEADLINE_WORDS = 5  # words of a headline; a shorter one may have lost its subject to the marker
MAX_CORRECTED_SHARE = 0.25  # share of the facts: the next issue of a series changes more, a correction less
CLEAR_JACCARD_LEAD = 0.1  # Jaccard similarity: of two candidates with equal evidence, one must be better by so much
SWAP_WEIGHT = 0.05  # Jaccard similarity: a swapped fact weighs more than the one word that it is

BY_ID, BY_QUOTE, BY_HEADLINE, BY_SLUG, BY_TEXT, BY_EVIDENCE = range(6, 0, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateEvidence:
    """The evidence for a notice being about a release."""

    rank: int
    """``BY_ID`` … ``BY_EVIDENCE``"""
    dated: bool
    """Whether the notice names the day of that release."""
    jaccard: float
    swaps: int
    """Facts that replace each other: a notice about one release of a series shares most facts with that one."""
    why: str
    points: int = 0
    """The weighed evidence, if it was needed."""

    @property
    def weight(self) -> tuple[int, bool, float]:
        """Sort key: stronger evidence is greater."""
        if self.rank == BY_EVIDENCE:
            return self.rank, False, self.points
        return self.rank, self.dated, self.jaccard - SWAP_WEIGHT * self.swaps

    def clearly_beats(self, rival: CandidateEvidence) -> bool:
        """Return whether the evidence decides clearly between two releases that the notice could be about."""
        if self.rank == rival.rank == BY_EVIDENCE:
            return self.points - rival.points >= CLEAR_LEAD
        better = self.weight[:2] > rival.weight[:2]
        return self.rank == BY_ID or better or self.weight[2] - rival.weight[2] >= CLEAR_JACCARD_LEAD


def link_notice(release: Release, candidates: Sequence[KnownRelease]) -> Verdict:
    """Return the release that a correction, update or withdrawal is about; ``of`` is None if that is uncertain."""
    notice = features_of(release)
    again = _known_notice(release, candidates)
    if again is not None:
        return again
    found: list[tuple[CandidateEvidence, KnownRelease]] = []
    for candidate in candidates:
        other = features_of(candidate.release)
        if came_before(notice, other, MAX_CLOCK_DIFFERENCE):
            continue
        witness = find_evidence(release, notice, candidate.release, other)
        if witness is not None:
            found.append((witness, candidate))
    marker = release.notice.marker if release.notice else "a notice"
    if not found:
        nearest = _nearest_release(release, notice, candidates)
        why = f"{marker}: what it is about is not known yet{nearest}"
        return Verdict(kind="notice", of=None, story=None, why=why)
    found.sort(key=lambda pair: pair[0].weight, reverse=True)
    witness, best = found[0]
    rivals = (rival for rival, candidate in found[1:] if candidate.story != best.story)
    if not all(witness.clearly_beats(rival) for rival in rivals):
        return Verdict(kind="notice", of=None, story=None, why=f"{marker}: two earlier releases fit it equally")
    target = _newest_state(best, candidates, release, notice)
    of = target.release.id if target else None
    return Verdict(kind="notice", of=of, story=best.story, why=f"{marker}: {witness.why}")


def find_evidence(
    release: Release, notice: ReleaseFeatures, original: Release, other: ReleaseFeatures
) -> CandidateEvidence | None:
    """Return the strongest evidence that a notice is about a release, or None."""
    witness = _single_evidence(release, notice, original, other) or _combined_evidence(release, notice, original, other)
    return replace(witness, dated=_names_its_day(release, original)) if witness else None


def _combined_evidence(
    release: Release, notice: ReleaseFeatures, original: Release, other: ReleaseFeatures
) -> CandidateEvidence | None:
    """Return the evidence of many small signs, for a notice that no single sign links."""
    evidence = _weigh(release, notice, original, other)
    if not evidence.is_enough:
        return None
    return replace(_evidence(BY_EVIDENCE, notice, other, str(evidence)), points=evidence.points)


def _weigh(release: Release, notice: ReleaseFeatures, original: Release, other: ReleaseFeatures) -> Evidence:
    if differ_in_language(original, release):
        return weigh_translation(original, release, other, notice)
    days = days_between(notice, other)
    return weigh(release, notice, original, other, days=days, names_its_day=_names_its_day(release, original))


def _nearest_release(release: Release, notice: ReleaseFeatures, candidates: Sequence[KnownRelease]) -> str:
    """Return the release that a notice may be about, in words: a user decides."""
    weighed = [
        (_weigh(release, notice, candidate.release, features_of(candidate.release)), candidate)
        for candidate in candidates
        if not came_before(notice, features_of(candidate.release), MAX_CLOCK_DIFFERENCE)
    ]
    if not weighed:
        return ""
    evidence, candidate = max(weighed, key=lambda pair: pair[0].points)
    return f"; perhaps {candidate.release.id} ({evidence})" if evidence.points > 0 else ""


def _single_evidence(
    release: Release, notice: ReleaseFeatures, original: Release, other: ReleaseFeatures
) -> CandidateEvidence | None:
    if notice.urls & other.urls:
        return _evidence(BY_ID, notice, other, "the same page")
    shared = notice.ids & other.ids
    if shared:
        return _evidence(BY_ID, notice, other, f"wire id {min(shared)[1]}")
    days = days_between(notice, other)
    containment = overlap(other, notice)[1]
    strangers = bool(notice.issuer_key and other.issuer_key) and notice.issuer_key != other.issuer_key
    quoted = _quotation(notice, other)
    if days is not None and days > MAX_TEXT_DAYS:
        # After so long, a notice is linked only if it names both the headline and the day.
        named = quoted and not strangers and _names_its_day(release, original)
        return _evidence(BY_QUOTE, notice, other, f"it quotes the headline, {days} days earlier") if named else None
    if quoted:
        return None if strangers and containment < 0.3 else _evidence(BY_QUOTE, notice, other, quoted)
    if has_near_headline(other, notice):
        return _headline_evidence(release, notice, original, other, containment)
    soon = days is None or days <= MAX_HEADLINE_DAYS
    if len(notice.headline) < MIN_HEADLINE_WORDS and soon and not strangers and _matches_slug(notice, other):
        return _evidence(BY_SLUG, notice, other, "the words of its address")
    return _text_evidence(notice, other, containment) if soon and days is not None else None


def _quotation(notice: ReleaseFeatures, other: ReleaseFeatures) -> str | None:
    """Return how a notice quotes a release: its headline, a headline that it quotes itself, or the words of its URL."""
    keys = [compact_key(headline) for headline in notice.quotes]
    if any(_is_same_headline(key, other.headline_key) for key in keys):
        return "it quotes the headline"
    if other.headline_key:
        return None
    # A notice with the title "/C O R R E C T I O N -- Company/" has the old headline in a quotation or in its URL.
    if {*keys} & {compact_key(headline) for headline in other.quotes}:
        return "both quote the headline"
    slug = other.slug_key
    short = (short_key(folded(words(headline))) for headline in notice.quotes)
    if slug and any(
        len(key) >= MIN_HEADLINE_LENGTH and (slug.startswith(key) or key.startswith(slug)) for key in short
    ):
        return "it quotes the headline of the URL"
    return None


def _names_its_day(release: Release, original: Release) -> bool:
    """Return whether a notice's statement names the publication day of a release, as that release's page prints it."""
    if release.notice is None or not original.published_at:
        return False
    # Only the statement and the preamble: a daily announcement names the previous day in its own text.
    preamble = release.body[: len(release.body) - len(without_preamble(release.body))]
    statement = " ".join((release.notice.statement or "", *preamble))
    return original.published_at[:10] in named_dates(statement)


def _evidence(rank: int, notice: ReleaseFeatures, other: ReleaseFeatures, why: str) -> CandidateEvidence:
    like = compare(other, notice)
    return CandidateEvidence(rank=rank, dated=False, jaccard=like.jaccard, swaps=len(like.swapped), why=why)


def _headline_evidence(
    release: Release, notice: ReleaseFeatures, original: Release, other: ReleaseFeatures, containment: float
) -> CandidateEvidence | None:
    """Return evidence from an equal headline without its marker, together with the issuer, the text or the time."""
    days = days_between(notice, other)
    soon = days is None or days <= MAX_HEADLINE_DAYS
    exact = notice.plain_headline_key == other.plain_headline_key
    same_issuer = bool(notice.issuer_key) and notice.issuer_key == other.issuer_key
    strangers = bool(notice.issuer_key and other.issuer_key) and not same_issuer
    if strangers and containment < OTHER_ISSUER_CONTAINMENT:
        return None
    at_once = (
        exact
        and has_same_publisher(release, original)
        and len(notice.headline) >= MIN_HEADLINE_WORDS
        and (days or 0) <= SAME_HEADLINE_DAYS
    )
    untold = exact and soon and min(len(notice.folded), len(other.folded)) < MIN_COMPARABLE_WORDS
    if not (containment >= (0.4 if exact else 0.5) or (same_issuer and soon) or at_once or untold):
        return None
    like = compare(other, notice)
    if len(like.swapped) > MAX_SWAPS and like.swapped_share > MAX_CORRECTED_SHARE:
        return None
    apart = "" if days is None else ", the same day" if days == 0 else f", {days} day{'s' * (days > 1)} earlier"
    why = "headline without its marker" + (", same issuer" if same_issuer else "") + apart
    return CandidateEvidence(rank=BY_HEADLINE, dated=False, jaccard=like.jaccard, swaps=len(like.swapped), why=why)


MIN_COMPARABLE_WORDS = 60  # words: a shorter text is not compared
OTHER_ISSUER_CONTAINMENT = (
    0.6  # containment: so much text under one headline, and the issuers' names were read differently
)


def _text_evidence(notice: ReleaseFeatures, other: ReleaseFeatures, containment: float) -> CandidateEvidence | None:
    """Return evidence from a near-duplicate text alone, unless it may be a sibling of the series."""
    if containment < 0.8:
        return None
    like = compare(other, notice)
    lost, came = headline_swaps(other.headline, notice.headline)
    difference = headline_difference(like, lost, came)
    if like.opening < MIN_SHARED_OPENING or difference or like.swapped_share > MAX_SWAPPED_SHARE:
        return None
    why = f"{like.jaccard:.0%} the same text"
    return CandidateEvidence(rank=BY_TEXT, dated=False, jaccard=like.jaccard, swaps=len(like.swapped), why=why)


def _matches_slug(notice: ReleaseFeatures, other: ReleaseFeatures) -> bool:
    """Return whether a notice's URL has the words of a release's headline or URL, perhaps cut short."""
    slug = notice.slug_key
    if not slug:
        return False
    keys = [key for key in (other.slug_key, short_key(other.headline)) if key and len(key) >= MIN_HEADLINE_LENGTH]
    return any(slug.startswith(key) or key.startswith(slug) for key in keys)


QUOTED_CHARACTERS = 60  # letters and digits: a quotation of this length identifies a headline, however it ends


def _is_same_headline(quoted: str, key: str) -> bool:
    if not quoted:
        return False
    return quoted == key or (
        len(quoted) >= MIN_HEADLINE_LENGTH and (quoted in key or key[:QUOTED_CHARACTERS] == quoted[:QUOTED_CHARACTERS])
    )


def _newest_state(
    best: KnownRelease, candidates: Sequence[KnownRelease], release: Release, notice: ReleaseFeatures
) -> KnownRelease | None:
    """Return the state of the story that a notice replaces: its newest notice, else its first release.

    A state in the notice's own language is preferred. A notice that was published later is never replaced: an earlier
    correction that is read late replaces the release, or nothing if only later notices are known.
    """
    story = [candidate for candidate in candidates if candidate.story == best.story]
    before = [
        candidate
        for candidate in story
        if not is_notice(candidate.release) or not came_before(notice, features_of(candidate.release))
    ]
    readable = [candidate for candidate in before if not differ_in_language(candidate.release, release)] or before
    notices = [candidate for candidate in readable if is_notice(candidate.release)]
    if notices:
        return max(notices, key=lambda candidate: candidate.release.first_seen_at or "")
    first = next((candidate for candidate in readable if candidate.first), None)
    return first or (best if best in readable else next(iter(readable), None))


def is_notice(release: Release) -> bool:
    """Return whether a release corrects, updates or withdraws an earlier one; a repeat does not."""
    return release.notice is not None and release.notice.kind != "repeat"


def _known_notice(release: Release, candidates: Sequence[KnownRelease]) -> Verdict | None:
    """Return the verdict on another site's copy of a known notice."""
    for candidate in candidates:
        if is_notice(candidate.release) and is_same_notice(release, candidate.release):
            where = candidate.release.source or "another site"
            return Verdict(
                kind="copy", of=candidate.release.id, story=candidate.story, why=f"the same notice on {where}"
            )
    return None


def is_same_notice(release: Release, earlier: Release) -> bool:
    """Return whether two notices are the same notice: a second correction has another text."""
    notice, other = features_of(release), features_of(earlier)
    if differ_in_language(release, earlier):
        return bool(notice.ids & other.ids) or weigh_translation(earlier, release, other, notice).is_enough
    if notice.ids & other.ids and release.source != earlier.source:
        return not compare(other, notice).swapped
    if notice.headline_key and other.headline_key and not has_near_headline(other, notice):
        return False
    if (
        not (notice.headline_key and other.headline_key)
        and min(len(notice.folded), len(other.folded)) < MIN_COMPARABLE_WORDS
    ):
        return notice.folded == other.folded and len(notice.folded) >= SHINGLED
    if min(len(notice.folded), len(other.folded)) < SHINGLED:
        days = days_between(notice, other)
        return release.source != earlier.source and days is not None and days <= SAME_HEADLINE_DAYS
    like = compare(other, notice)
    return like.containment >= 0.8 and like.opening >= MIN_SHARED_OPENING and not like.swapped and not like.mistyped


SHINGLED = 8  # words; a shorter text is not compared
