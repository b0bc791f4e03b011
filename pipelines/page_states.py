"""Which states of a page were read before: a page that goes to and fro between two is told once of it; pure.

Cache nodes that differ, a half for people who are logged in, or a language by chance make a page that is in one of two
states at each visit. A new state is told as an edit. The first return to an earlier state is told as well, since an
editor may take an edit back. From then on the page is unstable: states that were read before are not told, until one of
them stays for ``STABLE_VISITS`` visits in a row.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from stories.crawl_state.page_observations import PageStates
from stories.model.event import Event
from stories.model.release import Release
from stories.text.diff import plain

STATES_KEPT = 16  # of a page, the latest; a page with more is learnt as noise line by line (pipelines.volatile_lines)
STABLE_VISITS = 6  # visits in a row: of two states by chance, one in 64 comes so


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAssessment:
    """What is remembered of a page's states after a visit, and whether the visit is told."""

    states: PageStates
    is_reported: bool
    is_return: bool = False
    """Whether the page went back to an earlier state for the first time."""


def state_digest(release: Release) -> str:
    """Return a digest of what a page says; typography and times are left out, as where changes are told."""
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
    # A line that is noise is empty, and may be there or not.
    parts = (*fields, *filter(None, texts), *release.tags, *release.tickers)
    said = "\n".join(plain(part or "") for part in parts)
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def assess(states: PageStates, before: str, now: str) -> StateAssessment:
    """Return whether a page that said ``before`` and says ``now`` is told of, and what is remembered.

    Args:
        states: what is remembered of the page.
        before: the digest of the state that is kept.
        now: the digest of the state that was read, which is another one.
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


RETURNED = "the page went back to what it said before; from now on it is called unstable, and only new text is told"


def with_return_detail(event: Event) -> Event:
    """Return the event of an edit with a word on the page's return to an earlier state."""
    return replace(event, detail=RETURNED) if event.type == "release.revised" else event


def _kept(states: PageStates, seen: tuple[str, ...]) -> PageStates:
    return replace(states, seen=seen[-STATES_KEPT:], latest=None, visits=0)
