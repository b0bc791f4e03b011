"""Stop 9, relate: which earlier release a notice is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipelines.identity.index import SHORTEST
from pipelines.identity.kinship import (
    FEW_SHARE,
    FEW_SWAPS,
    OPENS_ALIKE,
    came_before,
    days_between,
    near_headline,
    same_hand,
)
from pipelines.identity.likeness import compare, headline_swaps, overlap, told_by_headline
from pipelines.identity.nouns import Candidate, Verdict
from pipelines.identity.reading import Reading, read, short_key
from pipelines.identity.words import squeezed
from stories.release import Release

HEADLINE_WITHIN = 10  # days: a headline alone ties a notice to its original no longer
TEXT_WITHIN = 60  # days
SOON = 3  # days: one source does not use one long headline twice
CLOCKS_DIFFER = timedelta(hours=36)  # a bare date, two time zones: what came before may look so much later
TELLING = 5  # words of a headline: a shorter one may have lost its subject to the marker
SERIAL_SHARE = 0.25  # of the facts: another issue of a serial changes more, a correction less
CLEAR = 0.1  # of Jaccard: by how much the better of two equal witnesses must be better
SWAP_WEIGHS = 0.05  # of Jaccard: a fact that differs tells more than the word it is

BY_ID, BY_QUOTE, BY_HEADLINE, BY_SLUG, BY_TEXT = range(5, 0, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Why a notice is about a release."""

    rank: int
    """``BY_ID`` … ``BY_TEXT``"""
    jaccard: float
    swaps: int
    """Facts that stand in each other's place: a notice about one of a serial shares most with that one."""
    why: str

    @property
    def weight(self) -> tuple[int, float]:
        """The better witness is the heavier."""
        return self.rank, self.jaccard - SWAP_WEIGHS * self.swaps

    def clearly_beats(self, rival: Witness) -> bool:
        """Tell whether no doubt is left between two releases that the notice could be about."""
        return self.rank == BY_ID or self.rank > rival.rank or self.weight[1] - rival.weight[1] >= CLEAR


def link(release: Release, candidates: Sequence[Candidate]) -> Verdict:
    """Return what a correction, update or withdrawal is about; ``of`` is None rather than wrong."""
    notice = read(release)
    again = _syndicated(release, notice, candidates)
    if again is not None:
        return again
    found: list[tuple[Witness, Candidate]] = []
    for candidate in candidates:
        other = read(candidate.release)
        if came_before(notice, other, CLOCKS_DIFFER):
            continue
        witness = fits(release, notice, candidate.release, other)
        if witness is not None:
            found.append((witness, candidate))
    marker = release.notice.marker if release.notice else "a notice"
    if not found:
        return Verdict(kind="notice", of=None, story=None, why=f"{marker}: what it is about is not known yet")
    found.sort(key=lambda pair: pair[0].weight, reverse=True)
    witness, best = found[0]
    rivals = (rival for rival, candidate in found[1:] if candidate.story != best.story)
    if not all(witness.clearly_beats(rival) for rival in rivals):
        return Verdict(kind="notice", of=None, story=None, why=f"{marker}: two earlier releases fit it equally")
    target = _newest_state(best, candidates)
    return Verdict(kind="notice", of=target.release.id, story=target.story, why=f"{marker}: {witness.why}")


def fits(release: Release, notice: Reading, original: Release, other: Reading) -> Witness | None:
    """Return the strongest witness that a notice is about a release, or None."""
    if notice.urls & other.urls:
        return _witness(BY_ID, notice, other, "the same page")
    shared = notice.ids & other.ids
    if shared:
        return _witness(BY_ID, notice, other, f"wire id {min(shared)[1]}")
    days = days_between(notice, other)
    if days is not None and days > TEXT_WITHIN:
        return None
    containment = overlap(other, notice)[1]
    strangers = bool(notice.issuer_key and other.issuer_key) and notice.issuer_key != other.issuer_key
    if any(_one_headline(squeezed(headline), other.headline_key) for headline in notice.quotes):
        return None if strangers and containment < 0.3 else _witness(BY_QUOTE, notice, other, "it quotes the headline")
    if near_headline(other, notice):
        return _by_headline(release, notice, original, other, containment)
    soon = days is None or days <= HEADLINE_WITHIN
    if len(notice.headline) < TELLING and soon and not strangers and _slug_of(notice, other):
        return _witness(BY_SLUG, notice, other, "the words of its address")
    return _by_text(notice, other, containment) if soon and days is not None else None


def _witness(rank: int, notice: Reading, other: Reading, why: str) -> Witness:
    like = compare(other, notice)
    return Witness(rank=rank, jaccard=like.jaccard, swaps=len(like.swapped), why=why)


def _by_headline(
    release: Release, notice: Reading, original: Release, other: Reading, containment: float
) -> Witness | None:
    """Let the headline without its marker witness, with the issuer, the text, or the hour beside it."""
    days = days_between(notice, other)
    soon = days is None or days <= HEADLINE_WITHIN
    exact = notice.plain_headline_key == other.plain_headline_key
    same_issuer = bool(notice.issuer_key) and notice.issuer_key == other.issuer_key
    strangers = bool(notice.issuer_key and other.issuer_key) and not same_issuer
    if strangers and containment < STRANGERS_SHARE:
        return None
    at_once = exact and same_hand(release, original) and len(notice.headline) >= TELLING and (days or 0) <= SOON
    untold = exact and soon and min(len(notice.folded), len(other.folded)) < ADVISORY
    if not (containment >= (0.4 if exact else 0.5) or (same_issuer and soon) or at_once or untold):
        return None
    like = compare(other, notice)
    if len(like.swapped) > FEW_SWAPS and like.swapped_share > SERIAL_SHARE:
        return None
    apart = "" if days is None else ", the same day" if days == 0 else f", {days} day{'s' * (days > 1)} earlier"
    why = "headline without its marker" + (", same issuer" if same_issuer else "") + apart
    return Witness(rank=BY_HEADLINE, jaccard=like.jaccard, swaps=len(like.swapped), why=why)


ADVISORY = 60  # words: a shorter text has nothing to compare
STRANGERS_SHARE = 0.6  # containment: so much text under one headline, and the issuers' names were read differently


def _by_text(notice: Reading, other: Reading, containment: float) -> Witness | None:
    """Let near text witness alone where nothing speaks for a sibling."""
    if containment < 0.8:
        return None
    like = compare(other, notice)
    lost, came = headline_swaps(other.headline, notice.headline)
    told = told_by_headline(like, lost, came)
    if like.opening < OPENS_ALIKE or told or like.swapped_share > FEW_SHARE:
        return None
    return Witness(rank=BY_TEXT, jaccard=like.jaccard, swaps=len(like.swapped), why=f"{like.jaccard:.0%} the same text")


def _slug_of(notice: Reading, other: Reading) -> bool:
    """Tell whether a notice's address has the words of a release's headline or address, cut short at most."""
    slug = notice.slug_key
    if not slug:
        return False
    keys = [key for key in (other.slug_key, short_key(other.headline)) if key and len(key) >= SHORTEST]
    return any(slug.startswith(key) or key.startswith(slug) for key in keys)


QUOTED_WHOLE = 60  # letters and digits: quoted so far, a headline is meant, however it ends


def _one_headline(quoted: str, key: str) -> bool:
    if not quoted:
        return False
    return quoted == key or (len(quoted) >= SHORTEST and (quoted in key or key[:QUOTED_WHOLE] == quoted[:QUOTED_WHOLE]))


def _newest_state(best: Candidate, candidates: Sequence[Candidate]) -> Candidate:
    """Return the state of the story that a notice replaces: its newest notice, else its first release."""
    story = [candidate for candidate in candidates if candidate.story == best.story]
    notices = [candidate for candidate in story if is_notice(candidate.release)]
    if notices:
        return max(notices, key=lambda candidate: candidate.release.first_seen_at or "")
    return next((candidate for candidate in story if candidate.first), best)


def is_notice(release: Release) -> bool:
    """Tell whether a release corrects, updates or withdraws an earlier one; a repeat does not."""
    return release.notice is not None and release.notice.kind != "repeat"


def _syndicated(release: Release, notice: Reading, candidates: Sequence[Candidate]) -> Verdict | None:
    """Return the verdict on another site's copy of a notice that is known."""
    for candidate in candidates:
        if is_notice(candidate.release) and _one_notice(release, notice, candidate.release, read(candidate.release)):
            where = candidate.release.source or "another site"
            return Verdict(
                kind="copy", of=candidate.release.id, story=candidate.story, why=f"the same notice on {where}"
            )
    return None


def _one_notice(release: Release, notice: Reading, earlier: Release, other: Reading) -> bool:
    """Tell whether two notices are the same one: a second correction has another text."""
    if notice.ids & other.ids and release.source != earlier.source:
        return not compare(other, notice).swapped
    if not near_headline(other, notice):
        return False
    if min(len(notice.folded), len(other.folded)) < SHINGLED:
        days = days_between(notice, other)
        return release.source != earlier.source and days is not None and days <= SOON
    like = compare(other, notice)
    return like.containment >= 0.8 and like.opening >= OPENS_ALIKE and not like.swapped and not like.mistyped


SHINGLED = 8  # words: below it there is no text to compare
