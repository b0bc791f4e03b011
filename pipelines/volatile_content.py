"""Tracks the volatile content of a page from read to read; the I/O around the pure rules.

The rules: ``pipelines.volatile_lines`` (lines with changing numbers, learnt per site), ``pipelines.volatile_places``
(sentences and blocks that change at most visits, learnt per page) and ``pipelines.page_states`` (pages that alternate
between known states).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from config.settings import Settings
from pipelines.page_states import assess, state_digest
from pipelines.revisit_schedule import visits_before
from pipelines.volatile_lines import is_stable, noise_marks, noise_shown, volatile_candidates, without_noise
from pipelines.volatile_places import VISITS_COUNTED, Visit, record_visit
from stories.crawl_state.page_observations import PageStates, SiteStatus, VolatileLine, VolatilePlace
from stories.model.page_result import Gone, Validators
from stories.model.release import Release
from stories.store.releases import Decision, KnownRelease


class Observations(Protocol):
    """What is stored between two reads of a page (``stories.crawl_state.page_observations``)."""

    @property
    def is_enabled(self) -> bool: ...
    async def put_validators(self, release_id: str, validators: Validators | None) -> None: ...
    async def page_states(self, release_id: str) -> PageStates: ...
    async def put_page_states(self, release_id: str, states: PageStates) -> None: ...
    async def volatile_lines(self, host: str) -> tuple[VolatileLine, ...]: ...
    async def record_volatile(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None: ...
    async def mark_reported(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None: ...
    async def record_gone(self, host: str, release_id: str, how: Gone, since: datetime) -> SiteStatus: ...
    async def forget_gone(self, host: str, release_id: str) -> None: ...
    async def record_seen(self, host: str, release_id: str, known_since: datetime, now: datetime) -> None: ...


class NoObservations:
    """Null object of ``Observations``: every page is read whole each time, and nothing volatile is learnt."""

    is_enabled = False

    async def put_validators(self, release_id: str, validators: Validators | None) -> None:
        """Store nothing."""

    async def page_states(self, release_id: str) -> PageStates:
        """Return no states."""
        return PageStates()

    async def put_page_states(self, release_id: str, states: PageStates) -> None:
        """Store nothing."""

    async def volatile_lines(self, host: str) -> tuple[VolatileLine, ...]:
        """Return no lines."""
        return ()

    async def record_volatile(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None:
        """Store nothing."""

    async def mark_reported(self, host: str, moves: Iterable[VolatileLine], now: datetime) -> None:
        """Store nothing."""

    async def record_gone(self, host: str, release_id: str, how: Gone, since: datetime) -> SiteStatus:
        """Return that the site is up."""
        return SiteStatus(alike=1, stood=True)

    async def forget_gone(self, host: str, release_id: str) -> None:
        """Store nothing."""

    async def record_seen(self, host: str, release_id: str, known_since: datetime, now: datetime) -> None:
        """Store nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One read of a page, compared with earlier reads."""

    own: KnownRelease | None
    """The stored release of the page."""
    release: Release
    """The release that was read."""
    noise: frozenset[str] = frozenset()
    """Marks of the volatile content, known and read, that is not compared."""
    site_lines: tuple[VolatileLine, ...] = ()
    """Volatile lines that were seen on the site."""
    candidates: tuple[VolatileLine, ...] = ()
    """Lines of the page that may be volatile, if nothing else differs."""
    stored_states: PageStates = field(default_factory=PageStates)
    """As stored before this read."""
    states: PageStates = field(default_factory=PageStates)
    """After this read."""
    visit: Visit = field(default_factory=Visit)
    is_reported: bool = True
    """Whether a change is an event; False for a state that was read before on an unstable page."""
    is_return: bool = False
    """Whether the page went back to an earlier state for the first time."""

    @property
    def needs_recheck(self) -> bool:
        """Whether the difference may be volatile and was not the same at the last read."""
        return bool(self.candidates) and not is_stable(self.candidates, self.site_lines)

    @property
    def site(self) -> str:
        return site_of(self.release.url)


class VolatileContent:
    """Learns which content of a page changes at most visits, and stores it. ``RedisError`` is the caller's."""

    def __init__(self, observations: Observations, settings: Settings) -> None:
        self._observations = observations
        self._settings = settings

    async def observe(self, own: KnownRelease | None, release: Release, now: datetime) -> Observation:
        """Return what a read of a page shows in comparison with earlier reads."""
        if own is None:
            return Observation(own=None, release=release)
        own_id = release.id or ""
        site_lines = await self._observations.volatile_lines(site_of(own.release.url))
        noise = noise_marks(site_lines, own_id)
        before, after = without_noise(own.release, noise), without_noise(release, noise)
        states = await self._observations.page_states(own_id)
        if self._is_read_again(own):
            candidates = volatile_candidates(before, after)
            earlier = visits_before(own.release, self._settings.polling.ladder, now, VISITS_COUNTED)
            visit = record_visit(states.places, before, after, earlier)
        else:
            candidates = ()
            visit = Visit(places=states.places, parts=((),) * len(states.places))
        return Observation(
            own=own,
            release=release,
            noise=noise | visit.marks,
            site_lines=site_lines,
            candidates=candidates,
            stored_states=states,
            states=states,
            visit=visit,
        )

    def assess(self, observation: Observation, decision: Decision | None) -> Observation:
        """Return the observation with what the page's earlier states say about an edit without a notice."""
        own, states = observation.own, observation.states
        if own is None or own.verdict == "withdrawn":
            return observation
        if decision is None:  # the stored state: the others are no longer read in a row
            return replace(observation, states=replace(states, latest=None, visits=0), is_reported=False)
        if decision.verdict != "revised":
            return observation
        before, after = (
            state_digest(without_noise(state, observation.noise)) for state in (own.release, observation.release)
        )
        assessment = assess(states, before, after)
        return replace(
            observation,
            states=assessment.states,
            is_reported=assessment.is_reported,
            is_return=assessment.is_return,
        )

    async def refresh(self, observation: Observation, now: datetime) -> None:
        """Extend the lifetime of volatile lines that the page still shows."""
        shown = noise_shown(observation.release, observation.noise) if observation.noise else frozenset()
        if shown:
            lines = (line for line in observation.site_lines if line.mark in shown)
            await self._observations.record_volatile(observation.site, lines, now)

    async def store_unreported(self, observation: Observation) -> None:
        """Store what was learnt from a read that changed nothing, or nothing that is reported."""
        await self._put(observation, observation.visit.places)

    async def store_candidates(self, observation: Observation, url: str, now: datetime) -> None:
        """Store what was learnt, and the lines that may be volatile."""
        await self._put(observation, observation.visit.places)
        await self._observations.record_volatile(site_of(url), observation.candidates, now)

    async def store_reported(self, observation: Observation, now: datetime) -> None:
        """Store what was learnt once the state that was read is the stored one."""
        if observation.candidates:
            await self._observations.mark_reported(observation.site, observation.candidates, now)
        await self._put(observation, observation.visit.reported())

    async def _put(self, observation: Observation, places: tuple[VolatilePlace, ...]) -> None:
        states = replace(observation.states, places=places)
        if states != observation.stored_states:
            await self._observations.put_page_states(observation.release.id or "", states)

    def _is_read_again(self, own: KnownRelease) -> bool:
        """Return whether the page is read often enough to learn what is volatile on it."""
        return self._observations.is_enabled and own.verdict != "withdrawn" and bool(self._settings.polling.ladder)


def site_of(url: str | None) -> str:
    """Return the host of a URL without ``www.``; empty if there is none."""
    return (urlsplit(url or "").hostname or "").removeprefix("www.")
