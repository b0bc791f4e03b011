"""CSRF protection: the token in the forms of the pages, and reading submitted forms."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from config.settings import WebSettings

FIELD = "csrf_token"
MAX_FIELDS = 10  # of a form


class CsrfToken:
    """The CSRF token, which only pages of this server contain. Another site can send a form here, but not read one.

    It is derived from ``[web] token`` if there is one, so open pages still work after a restart. Otherwise it is new at
    each start.
    """

    def __init__(self, settings: WebSettings) -> None:
        key = settings.token.get_secret_value().encode() if settings.token else secrets.token_bytes(32)
        self.value = hmac.new(key, b"wirewatch form 1", hashlib.sha256).hexdigest()

    def matches(self, given: str) -> bool:
        """Return whether a form contains this token (constant-time comparison)."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.value.encode())


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form (``application/x-www-form-urlencoded``), first value each. 422 if it is invalid."""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(422, f"a form has at most {MAX_FIELDS} fields") from error
    return {name: values[0] for name, values in fields.items()}


async def verified_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form with a valid CSRF token; 403 for any other form."""
    fields = fields_of(await request.body())
    csrf_token: CsrfToken = request.app.state.csrf_token
    if not csrf_token.matches(fields.get(FIELD, "")):
        raise HTTPException(
            403, "this form was loaded before wirewatch started; go back, reload the page and try again"
        )
    return fields
