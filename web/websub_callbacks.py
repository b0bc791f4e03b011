"""WebSub callbacks: verification of subscriptions, and content notifications of hubs.

These addresses need no token, no CSRF token and no known host name, because the address of a subscription is itself a
secret. The callbacks run before the rest of the app and answer by themselves, so a hub reaches nothing else. Of a
notification only the signature is checked, while the body streams by. A notification causes a poll, and nothing of its
body is used.

Source: https://www.w3.org/TR/websub/ (section numbers below).
"""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

import structlog
from redis.exceptions import RedisError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stories.crawl_state.websub_subscriptions import Changes, Subscription, WebSubStore, agreed, pushed, refused
from stories.db.keys import MAX_WEBSUB_LEASE
from web.security.access_control import HEADERS, constant_time_equal

log = structlog.get_logger(__name__)

WebSubOutcome = Literal["push", "forged", "verified", "denied", "unknown"]
"""What a hub sent: a signed push, a push without a valid signature, a verification, a denial, or an unknown request."""

CALLBACK = re.compile(r"/push/([0-9a-f]{24})/([A-Za-z0-9_-]{43})")
SIGNATURE = re.compile(r"(sha1|sha256|sha384|sha512)=([0-9a-f]{40,128})", re.IGNORECASE)
MAX_PUSH_BYTES = 8 << 20  # as for a polled listing
RECEIVE_TIMEOUT_SECONDS = 20.0  # for a whole push to arrive
MAX_CONCURRENT_PUSHES = 8  # further pushes get 503, and the hub retries them
MAX_CHALLENGE_CHARACTERS = 2_000  # of a challenge that is echoed


class WebSubCallbacks:
    """ASGI middleware that answers hubs and passes all other requests on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        pushes: WebSubStore,
        now: Callable[[], datetime],
        heard: Callable[[WebSubOutcome], None],
        polled: Callable[[str], bool],
    ) -> None:
        """``heard`` counts outcomes for the metrics; ``polled`` returns whether a source is enabled."""
        self._app = app
        self._pushes = pushes
        self._now = now
        self._heard = heard
        self._polled = polled
        self._receiving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of a hub."""
        address = CALLBACK.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if address is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, address[1], address[2])
        except RedisError as error:
            log.warning("hub_not_answered", reason=f"Redis: {error}", next="the hub retries")
            answer = _later()
        except ClientDisconnect:
            return
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, listing: str, token: str) -> Response:
        known = await self._pushes.get(listing)
        if known is None or not constant_time_equal(token, known.token):
            self._heard("unknown")
            # 410 ends the subscription at a hub that still sends notifications (section 7).
            return _said(410 if request.method == "POST" else 404, "no such subscription")
        if not self._polled(known.source):
            # The hub ends the subscription or lets it expire; a source that is enabled again subscribes again.
            await self._pushes.delete(listing)
            log.info("subscription_ended", source=known.source, listing=known.listing, reason="the source is off")
            self._heard("unknown")
            return _said(410 if request.method == "POST" else 404, "no such subscription")
        if request.method == "GET":
            return await self._intent(request, listing, known)
        if request.method == "POST":
            return await self._push(request, listing, known)
        return Response(status_code=405, headers={"Allow": "GET, POST"})

    async def _intent(self, request: Request, listing: str, known: Subscription) -> Response:
        """Handle a denial (section 5.2) or verify the hub's intent (section 5.3)."""
        said, now = request.query_params, self._now()
        mode, challenge = said.get("hub.mode"), said.get("hub.challenge", "")
        if said.get("hub.topic") == known.topic and mode == "denied":
            return await self._noted(listing, known, refused(known, said.get("hub.reason", ""), now), "denied")
        changes = None
        if (
            said.get("hub.topic") == known.topic
            and mode == "subscribe"
            and 0 < len(challenge) <= MAX_CHALLENGE_CHARACTERS
        ):
            changes = agreed(known, _lease(said.get("hub.lease_seconds", "")), now)
        if changes is None:  # also an unsubscription that was not requested
            self._heard("unknown")
            return _said(404, "this subscription was not requested")
        return await self._noted(listing, known, changes, "verified", challenge)

    async def _push(self, request: Request, listing: str, known: Subscription) -> Response:
        """Handle a notification (section 7). One without a valid signature is accepted and ignored (section 7.1)."""
        signature = SIGNATURE.fullmatch(request.headers.get("x-hub-signature", "").strip())
        if signature is None:
            self._heard("forged")
            return _said(202, "accepted")
        if self._receiving >= MAX_CONCURRENT_PUSHES:
            return _later()
        self._receiving += 1
        try:
            async with asyncio.timeout(RECEIVE_TIMEOUT_SECONDS):
                sound = await _signed(request, known.secret, signature[1].lower(), signature[2].lower())
        except TimeoutError:
            return _said(408, f"a push arrives within {RECEIVE_TIMEOUT_SECONDS:.0f} s")
        finally:
            self._receiving -= 1
        if sound is None:
            return _said(413, f"a push has at most {MAX_PUSH_BYTES} bytes")
        if not sound:
            log.warning("push_signature_invalid", source=known.source, listing=known.listing)
            self._heard("forged")
            return _said(202, "accepted")
        return await self._noted(listing, known, pushed(known, self._now()), "push", status=202)

    async def _noted(
        self,
        listing: str,
        known: Subscription,
        changes: Changes,
        heard: WebSubOutcome,
        answer: str = "",
        *,
        status: int = 200,
    ) -> Response:
        if not await self._pushes.change(listing, known.token, changes, self._now()):
            return _said(404, "this subscription has ended")
        self._heard(heard)
        log.info("hub_request", outcome=heard, source=known.source, listing=known.listing, hub=known.hub)
        return _said(status, answer)


async def _signed(request: Request, secret: str, method: str, wanted: str) -> bool | None:
    """Return whether a body is signed with the secret; None if it is too long. The body is not stored."""
    digest, taken = hmac.new(secret.encode(), digestmod=method), 0
    async for part in request.stream():
        taken += len(part)
        if taken > MAX_PUSH_BYTES:
            return None
        digest.update(part)
    return hmac.compare_digest(digest.hexdigest(), wanted)


def _lease(said: str) -> timedelta | None:
    if not (said.isascii() and said.isdigit()) or int(said[:12]) == 0:
        return None
    return min(timedelta(seconds=int(said[:12])), MAX_WEBSUB_LEASE)


def _said(status: int, words: str) -> Response:
    return Response(words, status_code=status, media_type="text/plain")


def _later() -> Response:
    return Response("later", status_code=503, media_type="text/plain", headers={"Retry-After": "5"})
