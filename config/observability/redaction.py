"""Removes secrets from logs, error reports and receipts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from pydantic import BaseModel, SecretBytes, SecretStr

HIDDEN = "[hidden]"
MIN_SECRET_CHARACTERS = 4  # hiding shorter ones would hide ordinary words

_known: set[str] = set()

_SECRET_NAME = re.compile(
    r"(?:^|[_.-])(?:secret|password|passwd|token|api_?key|authorization|cookie|dsn|redis_?url|apprise_?url)$", re.I
)
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ or a bare token@ of any URL
    (re.compile(r"(?<=://)[^\s/@?#\"'<>]+@"), f"{HIDDEN}@"),
    # The path of these hosts is the credential.
    (
        re.compile(
            r"(https?://(?:hooks\.[\w.-]+|[\w.-]+\.webhook\.office\.com|outlook\.office\.com|chat\.googleapis\.com"
            r"|[\w.-]+\.logic\.azure\.com|api\.telegram\.org|maker\.ifttt\.com|(?:[\w-]+\.)?discord(?:app)?\.com/api)"
            r"(?::\d+)?)/[^\s\"'<>\\]+",
            re.I,
        ),
        rf"\1/{HIDDEN}",
    ),
    (
        re.compile(r"(authorization[\"']?\s*[:=,]\s*[\"']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s\"',;}]+", re.I),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}", re.I), rf"\1{HIDDEN}"),
    # password=…, and "password": "…" in JSON or a dict's repr
    (
        re.compile(
            r"((?:password|passwd|secret|api[_-]?key|token|(?<![a-z])sig(?:nature)?)"
            r"(?:[\"']?\s*=\s*[\"']?|[\"']\s*:\s*[\"']))[^\s\"'&,;)}]+",
            re.I,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\bwhsec_[\w+/=-]+"), HIDDEN),
    (re.compile(r"\bxox[a-z]-[\w-]+"), HIDDEN),
)


def hide(*secrets: str | None) -> None:
    """Hide these values from now on, plain or percent-encoded; very short ones are ignored."""
    for secret in secrets:
        if secret is not None and len(secret) >= MIN_SECRET_CHARACTERS:
            _known.update((secret, quote(secret, safe=""), quote(secret), quote_plus(secret)))


def hide_secrets_of(settings: BaseModel) -> None:
    """Hide every ``SecretStr`` of a configuration, however deep."""
    _hide_within(settings)


def _hide_within(value: Any) -> None:
    if isinstance(value, (SecretStr, SecretBytes)):
        secret = value.get_secret_value()
        text = secret if isinstance(secret, str) else secret.decode("utf-8", "replace")
        hide(text, *_passwords_in(text))
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            _hide_within(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            _hide_within(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            _hide_within(item)


def _passwords_in(url: str) -> list[str]:
    """Return the passwords in a URL, as they are written and decoded: a library may tell them without the URL."""
    if "://" not in url:
        return []
    authority, query = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0], url.partition("?")[2]
    found = [authority.rpartition("@")[0].partition(":")[2]]
    found += [value for name, _, value in (pair.partition("=") for pair in query.split("&")) if "password" in name]
    return [way for password in found if password for way in (password, unquote(password))]


def scrub(text: str) -> str:
    """Return ``text`` without known secrets and without what has a secret's shape."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def scrub_all(value: Any) -> Any:
    """Return ``value`` with every string in it scrubbed, and the values of keys that name a secret hidden.

    Mappings and sequences are copied; moments become ISO 8601, paths and durations text, the rest its ``repr``.
    """
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {
            scrub(key) if isinstance(key, str) else key: (
                HIDDEN if isinstance(key, str) and item and _SECRET_NAME.search(key) else scrub_all(item)
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrub_all(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (PurePath, timedelta)):
        return scrub(str(value))
    if isinstance(value, bytes):
        return scrub(value.decode("utf-8", "backslashreplace"))
    return scrub(repr(value))
