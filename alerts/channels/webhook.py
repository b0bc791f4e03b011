"""Webhook channel (Standard Webhooks 1.0.0): posts the event's JSON, signed, with the same id on every try.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

import aiohttp
from pydantic import AfterValidator, SecretStr
from standardwebhooks import Webhook
from yarl import URL

from alerts.address_guard import guarded_connector, watching
from alerts.message import mend
from alerts.message_context import MessageContext
from alerts.outcomes import Later, Outcome, OutgoingAlert, Refused, Sent
from alerts.payload import Body, fit_payload
from alerts.redaction import Redactor, redactor_of
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from config.settings import USER_AGENT

TIMEOUT = timedelta(seconds=20)  # the standard recommends 15 to 30 s
MAX_ANSWER_BYTES = 4096  # of an answer, for the receipt
GONE = 410
TRY_AGAIN = frozenset({408, 425, 429})
"""Client errors that are retried: Request Timeout, Too Early, Too Many Requests."""


def _check_url(url: SecretStr) -> SecretStr:
    """Check the address. It often contains a token, so error texts do not repeat it."""
    try:
        parts = urlsplit(url.get_secret_value())
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError("is not a URL; allowed is https://host/path (or http://)") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ValueError("is not the address of a webhook; allowed is https://host/path (or http://)")
    return url


def _check_secret(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    allowed = 'allowed is "whsec_" and the base64 of 24 to 64 random bytes (Standard Webhooks)'
    if not text.startswith("whsec_"):
        raise ValueError(f"does not begin with whsec_; {allowed}")
    try:
        key = base64.b64decode(text.removeprefix("whsec_") + "==", validate=False)
        canonical = base64.b64encode(key).decode().rstrip("=") == text.removeprefix("whsec_").rstrip("=")
    except binascii.Error as error:
        raise ValueError(f"is not base64 after whsec_; {allowed}") from error
    if not canonical:
        raise ValueError(f"is not base64 after whsec_; {allowed}")
    if not 24 <= len(key) <= 64:
        raise ValueError(f"holds {len(key)} bytes; {allowed}")
    return secret


class _NoCookies(aiohttp.DummyCookieJar):
    """Neither parses nor keeps cookies, because a receiver may send cookies of any length."""

    def update_cookies_from_headers(self, headers: Sequence[str], response_url: URL) -> None:
        """Ignore them."""


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "webhook"``."""

    type: Literal["webhook"]
    url: Annotated[SecretStr, AfterValidator(_check_url)]
    secret: Annotated[SecretStr, AfterValidator(_check_secret)] | None = None
    """Signing secret; left out: requests are not signed."""
    body: Body = "full"
    """``"full"``: the release with its paragraphs, up to 20 kB; ``"link"``: without paragraphs.

    ``data.full`` in the body is the link to the whole release.
    """


class WebhookChannel:
    """POSTs each event to one address."""

    concurrency = 8
    timeout = TIMEOUT + timedelta(seconds=5)  # longer than the request's own timeout, which gives the better reason

    def __init__(
        self,
        name: str,
        settings: Settings,
        policy: AddressPolicy,
        api: str = "",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        """``api``: address of wirewatch's API without a slash at the end, for links to parts left out of a body."""
        self.name = name
        self.settings = settings
        self._url = settings.url.get_secret_value()
        self._host = urlsplit(self._url).netloc.rpartition("@")[2]
        self._signer = Webhook(settings.secret.get_secret_value()) if settings.secret else None
        self._redactor = redactor_of(settings)
        self._policy = policy
        self._api = api
        self._now = now or (lambda: datetime.now(UTC))
        self._session: aiohttp.ClientSession | None = None

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """POST the event. 2xx is success, 410 switches the channel off, redirects are not followed."""
        body = fit_payload(alert.event, self.settings.body, self._api)
        headers = self._headers(alert.event_id, body)
        with watching() as dialled:
            try:
                async with self._opened().post(
                    self._url, data=body, headers=headers, allow_redirects=False
                ) as response:
                    said = await response.content.read(MAX_ANSWER_BYTES) if response.status >= 300 else b""
                    retry_after = response.headers.get("Retry-After")
                    return read_answer(self._host, response.status, retry_after, said, redactor=self._redactor)
            except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
                return Refused(f"{self._host}: the address is not a valid URL")
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                if dialled.only_blocked:
                    blocked = ", ".join(dialled.blocked)
                    return Refused(
                        f"{self._host} resolves to {blocked}, which is not a public address; "
                        "allow it with [polling] private_addresses if it is intended"
                    )
                return Later(_failure(self._host, error))

    def _headers(self, event_id: str, body: bytes) -> dict[str, str]:
        moment = self._now()
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            "webhook-id": event_id,
            "webhook-timestamp": str(int(moment.timestamp())),
        }
        if self._signer is not None:
            headers["webhook-signature"] = self._signer.sign(event_id, moment, body.decode())
        return headers

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=guarded_connector(self._policy, self.concurrency),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT.total_seconds()),
                cookie_jar=_NoCookies(),
                trust_env=False,
                auto_decompress=False,
            )
        return self._session

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def read_answer(
    host: str,
    status: int,
    retry_after: str | None,
    said: bytes,
    now: datetime | None = None,
    redactor: Redactor | None = None,
) -> Outcome:
    """Return the outcome for a receiver's answer.

    Args:
        host: host of the receiver, for the reason.
        status: HTTP status.
        retry_after: value of ``Retry-After``, if any.
        said: beginning of the answer's body.
        now: current time.
        redactor: removes the channel's secrets from ``said``.
    """
    words = mend(said.decode("utf-8", "replace"), MAX_ANSWER_BYTES)
    words = mend(
        redactor.clean(words) if redactor else words, 200
    )  # redact before truncating, because a part of a secret is secret too
    reason = f"{status} from {host}" + (f": {words}" if words else "")
    if 200 <= status < 300:
        return Sent(f"{status} from {host}")
    if status == GONE:
        return Refused(reason, off=True)
    if status >= 500 or status in TRY_AGAIN:
        return Later(reason, after=parse_retry_after(retry_after, now or datetime.now(UTC)))
    if 300 <= status < 400:
        return Later(f"{status} from {host}: redirects are not followed; configure the target address")
    return Refused(reason)


def parse_retry_after(text: str | None, now: datetime) -> timedelta | None:
    """Return the wait of a ``Retry-After`` (RFC 9110 section 10.2.3); None if it is missing or invalid."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:12]), 10**9))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(timedelta(), aware - now)


def _failure(host: str, error: Exception) -> str:
    """Return the reason of a failed request without the URL, which may be secret."""
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return f"{host} did not answer within {TIMEOUT.total_seconds():g} s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"{host}: invalid certificate: {error.certificate_error}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{host} is unreachable: {error.os_error.strerror or error.os_error}"
    return f"{host}: the connection failed ({type(error).__name__})"


def open_channel(
    name: str, settings: Settings, policy: AddressPolicy, api: str, context: MessageContext
) -> WebhookChannel:
    """Return the channel."""
    return WebhookChannel(name, settings, policy, api)
