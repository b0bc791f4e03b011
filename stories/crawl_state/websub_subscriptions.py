"""Subscriptions of listings at WebSub hubs, and the polls that pushes trigger.

A push only ever triggers a poll. Pure functions here decide how a request of a hub changes a subscription, because both
the web app and the crawler need them. ``crawler.websub.policy`` decides when to send requests to a hub.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories.crawl_state.claims import listing_key
from stories.db import keys
from stories.db.replies import text, texts
from stories.db.scripts import load_script
from stories.db.unreadable_records import attempt
from stories.model.timestamps import milliseconds, parse_timestamp, timestamp

PushState = Literal["asked", "verified", "denied", "failed"]
Changes = Mapping[str, str | int | None]
"""Of a subscription, by field."""

VERIFICATION_TIMEOUT = timedelta(days=1)  # within which a hub may verify a request; some hubs verify late
LEASE_UNSAID = timedelta(days=1)  # hubs of PubSubHubbub, WebSub's elder, may leave it out
MAX_PUSH_DELAY = timedelta(minutes=10)  # by which a hub may tell later than a poll found it, or twice
POLLS_PER_PUSH = 3  # polls for one push while they show nothing new: a cache may still have the listing as it was
NO_MEANS_NO = timedelta(days=1)  # between a denial of a hub and the next request
MAX_REASON_LENGTH = 200  # characters of what a hub gives as its reason
INITIAL_TRUST = 1  # of a verified hub that has not pushed yet
MOST_TRUST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The subscription of a listing at its hub. Times are ISO 8601 in UTC."""

    source: str
    listing: str
    hub: str
    topic: str
    """By which the hub knows the listing."""
    callback: str
    """Where this server is reached; the hub's own address under it ends in ``token``."""
    token: str
    """Unguessable, as is ``secret``, with which the hub signs what it sends."""
    secret: str
    asked_at: str
    tries: int = 1
    """In a row that led to nothing yet."""
    retry_at: str | None = None
    """When the next request to the hub is allowed."""
    why: str | None = None
    """What went wrong last."""
    denied: int = 0
    """1 after the hub said no."""
    verified_at: str | None = None
    lease_until: str | None = None
    pushed_at: str | None = None
    """When the hub last pushed, with a valid signature."""
    pushes: int = 0
    wanted_at: str | None = None
    """Since when a poll is wanted."""
    looks: int = 0
    """Polls that were made for it."""
    looked_at: str | None = None
    found_at: str | None = None
    """When the last poll that found something new was requested."""
    trust: int = INITIAL_TRUST
    """Consecutive polls whose news the hub pushed, from 0 to 4."""
    missed_at: str | None = None
    """When a poll found news without a push; None after the trust is restored."""

    def verified(self, now: datetime) -> bool:
        """Return whether the hub has agreed, and its lease lasts."""
        until = parse_timestamp(self.lease_until)
        return until is not None and now < until

    def state(self, now: datetime) -> PushState:
        """Return the state of the subscription."""
        if self.verified(now):
            return "verified"
        return "denied" if self.denied else "failed" if self.why or self.tries > 1 else "asked"


def callback_path(listing: str, token: str) -> str:
    """Return where a hub reaches a subscription on this server; ``listing`` is the key of its listing."""
    return f"/push/{listing}/{token}"


def agreed(known: Subscription, lease: timedelta | None, now: datetime) -> Changes | None:
    """Return the changes when the hub verifies our request; None when there was no recent request.

    One poll is wanted: the hub did not push what was published before this moment.
    """
    requested_at = parse_timestamp(known.asked_at)
    if requested_at is None or not timedelta() <= now - requested_at <= VERIFICATION_TIMEOUT:
        return None
    until = now + min(lease or LEASE_UNSAID, keys.MAX_WEBSUB_LEASE)
    lasts = {"verified_at": timestamp(now), "lease_until": timestamp(until)}
    return {**lasts, "tries": 0, "retry_at": None, "why": None, "denied": 0, **_wanted(now, POLLS_PER_PUSH - 1)}


def refused(known: Subscription, reason: str, now: datetime) -> Changes:
    """Return what changes when the hub says no, or no longer; the listing is polled now, and at its own rhythm."""
    why = " ".join(reason.split())[:MAX_REASON_LENGTH] or "no reason given"
    again = {"lease_until": None, "retry_at": timestamp(now + NO_MEANS_NO)}
    return {"denied": 1, "why": why, **again, "tries": max(1, known.tries), **_wanted(now, POLLS_PER_PUSH - 1)}


def pushed(known: Subscription, now: datetime) -> Changes:
    """Return the changes when the hub pushes; a late push counts too."""
    found: dict[str, str | int | None] = {"pushed_at": timestamp(now), "pushes": known.pushes + 1}
    missed = parse_timestamp(known.missed_at)
    if missed is not None and now - missed <= MAX_PUSH_DELAY:
        found["missed_at"] = None
    return found | _wanted(now, 0)


def _wanted(now: datetime, looks: int) -> dict[str, str | int | None]:
    return {"wanted_at": timestamp(now), "looks": looks}


class WebSubStore:
    """The subscriptions, and which listings are to be polled because of a push."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @cached_property
    def _note(self) -> AsyncScript:
        return self._redis.register_script(load_script("push.lua"))

    @cached_property
    def _settle(self) -> AsyncScript:
        return self._redis.register_script(load_script("pushed.lua"))

    async def get(self, listing: str) -> Subscription | None:
        """Return the subscription of a listing, by its key; None without one."""
        return (await self.get_many([listing]))[0]

    async def get_many(self, listings: Sequence[str]) -> list[Subscription | None]:
        """Return the same of several listings, in their order, in one round trip."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for listing in listings:
                pipeline.hgetall(keys.websub_subscription(listing).name)
            answers = await pipeline.execute()
        return [
            attempt(partial(_subscription, found), "push", keys.websub_subscription(listing).name)
            for listing, found in zip(listings, answers, strict=True)
        ]

    async def put(self, listing: str, subscription: Subscription) -> None:
        """Remember a subscription in place of the one before."""
        key = keys.websub_subscription(listing)
        values = {field.name: getattr(subscription, field.name) for field in fields(subscription)}
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(key.name)
            pipeline.hset(key.name, mapping={name: value for name, value in values.items() if value is not None})
            pipeline.expire(key.name, key.seconds)
            await pipeline.execute()

    async def change(self, listing: str, token: str, changes: Changes, now: datetime) -> bool:
        """Change a subscription in one step, and return whether it still was the one with this token.

        A poll that the changes want is due immediately.
        """
        key = keys.websub_subscription(listing)
        said = [part for name, value in changes.items() for part in (name, "" if value is None else value)]
        due = milliseconds(now) if changes.get("wanted_at") else ""
        names = [key.name, keys.websub_due().name]
        return bool(await self._note(keys=names, args=[token, key.seconds, due, listing, *said]))

    async def delete(self, listing: str) -> None:
        """Forget a subscription: what its hub still sends is turned away, and its lease runs out."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(keys.websub_subscription(listing).name)
            pipeline.zrem(keys.websub_due().name, listing)
            await pipeline.execute()

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Return the keys of the listings that are to be polled, or looked at again, the longest due first."""
        return texts(
            await self._redis.zrangebyscore(keys.websub_due().name, "-inf", milliseconds(now), start=0, num=limit)
        )

    async def put_due(self, listing: str, at: datetime) -> None:
        """Look at a listing again at a moment."""
        await self._redis.zadd(keys.websub_due().name, {listing: milliseconds(at)}, xx=True)

    async def clear_due(self, listing: str, wanted_at: str | None) -> None:
        """Want no more polls of a listing, unless another was wanted since."""
        await self._settle(
            keys=[keys.websub_subscription(listing).name, keys.websub_due().name], args=[wanted_at or "", listing]
        )


def _subscription(found: Mapping[bytes, bytes]) -> Subscription | None:
    values: dict[str, Any] = {text(name): text(value) for name, value in found.items() if value}
    return msgspec.convert(values, Subscription, strict=False) if "token" in values else None


async def push_payloads(
    pushes: WebSubStore | None, listings: Sequence[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return how those of these listings, by source and URL, stand with their hubs that are subscribed to."""
    if pushes is None or not listings:
        return {}
    found = await pushes.get_many([listing_key(source, url) for source, url in listings])
    return {
        listing: push_payload(known, now) for listing, known in zip(listings, found, strict=True) if known is not None
    }


def push_payload(subscription: Subscription, now: datetime) -> dict[str, Any]:
    """Return the public fields of a subscription: without its secret and its token."""
    return {
        "state": subscription.state(now),
        "hub": subscription.hub,
        "detail": subscription.why,
        "lease_until": subscription.lease_until if subscription.verified(now) else None,
        "pushed_at": subscription.pushed_at,
        "pushes": subscription.pushes,
        "trusted": subscription.trust > 0 and subscription.missed_at is None,
    }
