"""Recognises pages that alternate between states, so that the alternation is reported once; pure.

Different cache nodes, a part for logged-in readers, or a random language show a page in one of two states at each
visit. A new state is reported as an edit. The first return to an earlier state is reported as well, because an editor
may undo an edit. From then on the page is unstable: known states are not reported until one of them is read
``STABLE_VISITS`` times in a row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from stories.crawl_state.page_observations import PageStates
from stories.model.event import Event
from stories.model.release import Release
from stories.text.word_diff import plain

STATES_KEPT = 16  # latest states of a page; a page with more is learnt as noise by line (pipelines.volatile_lines)
STABLE_VISITS = 6  # visits in a row: with two states at random, the probability is 1 in 64


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAssessment:
    """The states to store for a page after a visit, and whether the visit is reported."""

    states: PageStates
    is_reported: bool
    is_return: bool = False
    """Whether the page went back to an earlier state for the first time."""


def state_digest(release: Release) -> str:
    """Return a digest of a page's content; it ignores typography and times, as ``pipelines.release_diff`` does."""
    place = (release.dateline.place, release.dateline.date) if release.dateline else ()
    fields = (
        release.headline,
        release.subheadline,
        *place,
        release.embargoed_until,
        release.issuer,
        release.disclaimer,
    )
    texts = (*release.body, *release.about, *release.contacts, *(image.caption for image in release.images))
    # A line that is noise was replaced with an empty line; the page may also omit it.
    parts = (*fields, *filter(None, texts), *release.text_tags, *release.tickers)
    said = "\n".join(plain(part or "") for part in parts)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def assess(states: PageStates, before: str, now: str) -> StateAssessment:
    """Return whether the change of a page from ``before`` to ``now`` is reported, and the states to store.

    Args:
        states: the stored states of the page.
        before: the digest of the stored release.
        now: the digest of the state that was read; it differs from ``before``.
    """
    seen = tuple(dict.fromkeys((*states.seen, before)))
    if now not in seen or now == before:
        return StateAssessment(states=_kept(states, tuple(dict.fromkeys((*seen, now)))), is_reported=True)
    if not states.is_unstable:
        return StateAssessment(states=replace(_kept(states, seen), is_unstable=True), is_reported=True, is_return=True)
    visits = states.visits + 1 if states.latest == now else 1
    if visits >= STABLE_VISITS:
        return StateAssessment(states=_kept(states, seen), is_reported=True)
    return StateAssessment(states=replace(states, latest=now, visits=visits), is_reported=False)


RETURNED = "the page returned to an earlier text; it is unstable from now on, and only new text is reported"


def with_return_detail(event: Event) -> Event:
    """Return the event with a detail text on the page's return to an earlier state, if it reports an edit."""
    return replace(event, detail=RETURNED) if event.type == "release.revised" else event


def _kept(states: PageStates, seen: tuple[str, ...]) -> PageStates:
    return replace(states, seen=seen[-STATES_KEPT:], latest=None, visits=0)
