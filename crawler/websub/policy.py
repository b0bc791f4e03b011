"""The WebSub policy: when to subscribe at a hub, and how much polling its pushes replace; pure.

A hub never delays a listing. The more often its pushes come before polls find the releases, the slower the polls;
after a release without a push, polls have their full rate again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from crawler.polling.interval import FASTEST
from crawler.websub.discovery import HubLinks
from stories.crawl_state.websub_subscriptions import (
    INITIAL_TRUST,
    MAX_PUSH_DELAY,
    MOST_TRUST,
    POLLS_PER_PUSH,
    Changes,
    Subscription,
)
from stories.model.sighting import Cursor, Poll
from stories.model.timestamps import parse_timestamp, timestamp

REQUESTED_LEASE = timedelta(days=10)  # the requested lease; the hub decides
RENEW_SHARE = 1 / 3  # of a lease that is left when it is renewed
RETRY_DELAYS = (
    timedelta(minutes=10),  # for a verification that does not come, too
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=7),  # given up, but for this
)
MIN_RESUBSCRIBE_DELAY = timedelta(
    hours=1
)  # between two subscriptions of a listing that keeps naming other hubs, or now none


@dataclass(frozen=True, slots=True)
class Leave:
    """The listing names no hub any more: let the lease run out."""


def new_secret() -> str:
    """Return a random secret: 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def next_step(
    known: Subscription | None,
    named: HubLinks,
    poll: Poll,
    callback: str,
    now: datetime,
    secret: Callable[[], str] = new_secret,
) -> Subscription | Leave | None:
    """Return the subscription to ask for now, ``Leave``, or None while there is nothing to do.

    ``callback`` is where this server is reached; ``secret`` makes token and secret of a subscription that is new.
    """
    requested_at = (parse_timestamp(known.asked_at) or now) if known else None
    restless = requested_at is not None and now - requested_at < MIN_RESUBSCRIBE_DELAY
    if not named.hubs or named.topic is None:
        return Leave() if known and not restless else None
    fresh = Subscription(
        source=poll.source,
        listing=poll.listing or "",
        hub=named.hubs[0],
        topic=named.topic,
        callback=callback,
        token=secret(),
        secret=secret(),
        asked_at=timestamp(now),
        retry_at=timestamp(now + RETRY_DELAYS[0]),
    )
    if known is None:
        return fresh
    if known.hub not in named.hubs or known.topic != named.topic or known.callback != callback:
        return None if restless else fresh
    retry = parse_timestamp(known.retry_at)
    if (known.verified(now) and now < renewal(known)) or (retry is not None and now < retry):
        return None
    tries = known.tries + 1
    after = timestamp(now + RETRY_DELAYS[min(tries, len(RETRY_DELAYS)) - 1])
    following = named.hubs[(named.hubs.index(known.hub) + 1) % len(named.hubs)]
    if known.tries and not known.verified(now) and following != known.hub:
        return replace(fresh, hub=following, tries=tries, retry_at=after)
    return replace(known, asked_at=timestamp(now), tries=tries, retry_at=after)


def renewal(known: Subscription) -> datetime:
    """Return when a verified subscription is to be renewed."""
    until, since = parse_timestamp(known.lease_until), parse_timestamp(known.verified_at)
    if until is None or since is None:
        raise ValueError("a subscription that was never verified is not renewed")
    return until - (until - since) * RENEW_SHARE


def subscription_failed(known: Subscription, why: str, patience: timedelta | None, now: datetime) -> Changes:
    """Return what changes when a request to a hub failed; ``patience`` is its Retry-After."""
    retry = parse_timestamp(known.retry_at) or now
    earliest = now + min(patience or timedelta(), RETRY_DELAYS[-1])
    return {"why": why, "retry_at": timestamp(max(retry, earliest))}


def update_trust(known: Subscription, poll: Poll, before: str | None, news: int, now: datetime) -> Changes:
    """Return what changes when a poll showed ``news`` new sightings; ``before`` is when the listing was last read."""
    if not news:
        return {}
    changes: dict[str, str | int | None] = {"found_at": timestamp(poll.asked_at)}
    last, pushed_at, missed = (
        parse_timestamp(before),
        parse_timestamp(known.pushed_at),
        parse_timestamp(known.missed_at),
    )
    since = parse_timestamp(known.verified_at)
    if last is None or since is None or since > last:  # some of them came before the subscription
        return changes
    if pushed_at is not None and pushed_at >= last - MAX_PUSH_DELAY and (missed is None or pushed_at > missed):
        return changes | {
            "trust": min(known.trust + 1, MOST_TRUST) if missed is None else INITIAL_TRUST,
            "missed_at": None,
        }
    return changes | ({"missed_at": timestamp(now)} if missed is None else {})


def slowdown(known: Subscription, now: datetime) -> int:
    """Return the factor by which polls of a listing are slower while its hub pushes: 1 to 16."""
    return 2**known.trust if known.verified(now) and known.missed_at is None else 1


def next_poll_for_push(known: Subscription, cursor: Cursor, now: datetime, interval: timedelta) -> datetime | None:
    """Return when a listing is polled because of a push; None when it need not be.

    Never sooner after another such poll than the listing's fastest pace, however often the hub pushes; not while the
    listing fails, for then it has a pace of its own; again while nothing new is found, for a cache may be behind.
    """
    wanted, found_at = parse_timestamp(known.wanted_at), parse_timestamp(known.found_at)
    if (
        wanted is None
        or cursor.failures
        or known.looks >= POLLS_PER_PUSH
        or (found_at is not None and found_at >= wanted)
    ):
        return None
    looked = parse_timestamp(known.looked_at)
    return wanted if looked is None else max(wanted, looked + interval / FASTEST)
