"""Redacts a channel's secrets in texts about it: reasons and details of receipts, log lines, error reports.

A receiver may repeat the request's address ("Cannot POST /hooks/TOKEN"), and a library may repeat the whole URL. Every
external text is redacted before it becomes the reason of an outcome (``alerts.channel_worker``).
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlsplit

from pydantic import BaseModel, SecretStr

from alerts.outcomes import Outcome, Sent

HIDDEN = "…"
MIN_PART_LENGTH = 6  # characters of a part of a path that may be a token
MIN_VALUE_LENGTH = 4  # characters of a query value, a user name or a password, which are secret by position
MIN_RANDOM_LENGTH = 16  # characters of a part that is redacted everywhere, not only in texts about its channel
_HOST = re.compile(r"\d+\.\d+\.\d+\.\d+|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]+|localhost")
_SEPARATORS = re.compile(r"[/:@?&=#,;]+")


def secret_parts(url: str, *, host_is_public: bool = True) -> frozenset[str]:
    """Return the parts of a channel's URL that must be redacted.

    Args:
        url: a webhook's address, or an Apprise URL.
        host_is_public: False for Apprise, whose URLs may have a token in place of the host.

    Returns:
        The URL, its path, each part of the path, query values, fragment, user name and password, each as written and
        percent-decoded, and the Basic authentication value of user name and password.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") if host_is_public else ""
    except ValueError:  # not a URL: the whole text is secret
        return frozenset({url})
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    found = {url, *_long([parts.path, parts.query, parts.fragment], MIN_PART_LENGTH)}
    found |= _long(_SEPARATORS.split(f"{parts.path}/{parts.fragment}"), MIN_PART_LENGTH)
    found |= _long((value for _, value in parse_qsl(parts.query)), MIN_VALUE_LENGTH)
    found |= _long((value for pair in parts.query.split("&") for value in pair.split("=")[1:]), MIN_VALUE_LENGTH)
    found |= _long([user, password], MIN_VALUE_LENGTH)
    if user or password:
        pair = f"{unquote(user)}:{unquote(password)}".encode()
        found |= {base64.b64encode(pair).decode(), base64.urlsafe_b64encode(pair).decode()}
    if not host_is_public:
        found |= _long(_SEPARATORS.split(parts.netloc), MIN_PART_LENGTH)
    return frozenset(part for part in found if part and part.casefold() not in host)


def secrets_of(settings: BaseModel) -> frozenset[str]:
    """Return every secret in a channel's settings, and the secret parts of URLs."""
    found: set[str] = set()
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            webhook = getattr(settings, "type", "") == "webhook"
            found |= secret_parts(secret, host_is_public=webhook) if "://" in secret else {secret}
            found.add(secret.removeprefix("whsec_"))
    return frozenset(secret for secret in found if len(secret) >= MIN_VALUE_LENGTH)


def looks_random(secret: str) -> bool:
    """Return whether a secret is random enough that redacting it in every log line hides no ordinary words."""
    if _HOST.fullmatch(secret):
        return False
    return len(secret) >= MIN_RANDOM_LENGTH or bool(len(secret) >= MIN_PART_LENGTH and re.search(r"\d", secret))


class Redactor:
    """Redacts secrets in texts, in every encoding that a receiver may use."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """``secrets``: as in the configuration; their encoded forms are added here."""
        ways = {way for secret in secrets for way in _ways(secret)}
        self._ways = sorted(ways, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(way) for way in self._ways), re.IGNORECASE) if ways else None

    def clean(self, text: str) -> str:
        """Return text without the secrets. The beginning of a secret at the end of a truncated text is removed too."""
        if self._pattern is None:
            return text
        cleaned = self._pattern.sub(HIDDEN, text)
        folded = cleaned.rstrip("…").casefold()
        cut = max((_overlap(folded, way.casefold()) for way in self._ways if "://" not in way), default=0)
        return f"{cleaned.rstrip('…')[:-cut]}{HIDDEN}" if cut else cleaned

    def outcome(self, outcome: Outcome) -> Outcome:
        """Return the outcome with secrets redacted in its reason or detail."""
        if isinstance(outcome, Sent):
            return replace(outcome, detail=self.clean(outcome.detail))
        return replace(outcome, reason=self.clean(outcome.reason))


def redactor_of(settings: Any) -> Redactor:
    """Return the redactor for a channel with these settings."""
    return Redactor(secrets_of(settings) if isinstance(settings, BaseModel) else ())


def _long(parts: Iterable[str], least: int) -> set[str]:
    return {way for part in parts for way in (part, unquote(part), unquote_plus(part)) if len(way) >= least}


def _ways(secret: str) -> set[str]:
    quoted = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    return {*quoted, html.escape(secret), json.dumps(secret)[1:-1], secret.replace("/", "\\/"), repr(secret)[1:-1]}


def _overlap(text: str, secret: str) -> int:
    """Return the length of the secret's prefix at the end of the text; 0 if shorter than ``MIN_VALUE_LENGTH``."""
    for length in range(min(len(secret) - 1, len(text)), MIN_VALUE_LENGTH - 1, -1):
        if text.endswith(secret[:length]):
            return length
    return 0
