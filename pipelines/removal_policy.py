"""Decides whether a page that disappeared means a withdrawal, an outage of its site, or another read later; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.revisit_schedule import Ladder, within_steps
from stories.model.page_result import Gone

REMOVAL_CONFIRMATION = timedelta(
    minutes=5
)  # between two reads of a removed page: a deployment may remove it for a while
INDIRECT_CONFIRMATION = timedelta(minutes=30)  # the same without a removal status: the site may be under maintenance
UNSUPPORTED_CONFIRMATION = timedelta(hours=1)  # the same while no other page of the site was read: the site may be down
OUTAGE_PAGES = 4  # pages of a site that disappear in the same way while none is read well are an outage
REMOVAL_STATUSES: tuple[Gone, ...] = ("not found", "gone")
"""The site's own statement, by HTTP 404 or 410 (RFC 9110, 15.5.5 and 15.5.11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalHistory:
    """What is known of a page that was just read as removed, and of its site."""

    reason: Gone
    since: datetime
    """When the page was first read as removed."""
    removed_alike: int = 1
    """Pages of the site that were removed in the same way and not reported, this one included."""
    is_site_up: bool = True
    """Another page of the site was read well after ``since``."""
    other_pages: tuple[str, ...] = ()
    """Release ids of other pages of the site that were read well before, the latest first."""
    ladder: Ladder = ()
    """The revisit schedule of the configuration; its first step bounds all waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not confirmed yet."""

    until: datetime
    """When to read the page again."""
    probes: tuple[str, ...] = ()
    """Release ids of pages to read immediately, to see whether the site is up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Confirmed: report the release as withdrawn."""

    reason: str
    """The evidence, in words for users."""
    retry_after: timedelta
    """When to read the page again if the decision cannot be stored."""
    probes: tuple[str, ...] = ()
    """As for ``Wait``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The site is down: report nothing, and read the page again on its schedule."""


def confirm_removal(history: RemovalHistory, now: datetime) -> Wait | Withdraw | Outage:
    """Return what a removed page means.

    A removal is reported after two reads with time between them. The time is longer if the site does not state the
    removal in its status, and longer again while no other page shows that the site is up. If many pages of a site
    disappear in the same way and none is read well, the site is down.
    """
    if history.reason in REMOVAL_STATUSES:
        wait = within_steps(REMOVAL_CONFIRMATION, history.ladder)
    else:
        wait = within_steps(INDIRECT_CONFIRMATION, history.ladder, steps=2)
    reread_after = wait
    probes: tuple[str, ...] = ()
    if not history.is_site_up:
        if history.removed_alike >= OUTAGE_PAGES:
            return Outage()
        wait = within_steps(UNSUPPORTED_CONFIRMATION, history.ladder, steps=4)
        probes = history.other_pages[: OUTAGE_PAGES - history.removed_alike]
    elapsed = now - history.since
    if elapsed < wait:
        return Wait(until=min(history.since + wait, now + reread_after), probes=probes)
    reason = f"{history.reason}, seen twice, {round(elapsed.total_seconds())} s apart"
    return Withdraw(reason=reason, retry_after=wait, probes=probes)
