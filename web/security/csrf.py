"""Forms of the pages: the mark that says a form came from a page of this server, and reading what was sent."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from fastapi import HTTPException, Request

from config.settings import WebSettings

FIELD = "csrf_token"
MAX_FIELDS = 10  # of a form, at most


class CsrfToken:
    """A value that only a page of this server knows: a page elsewhere can send a form here, but not read one.

    Made from the token where there is one, so that a page left open over a restart goes on; else new at each start.
    """

    def __init__(self, settings: WebSettings) -> None:
        key = settings.token.get_secret_value().encode() if settings.token else secrets.token_bytes(32)
        self.value = hmac.new(key, b"wirewatch form 1", hashlib.sha256).hexdigest()

    def matches(self, given: str) -> bool:
        """Return whether a form carries it; compared in a time that tells nothing."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.value.encode())


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form (``application/x-www-form-urlencoded``), each once. 422 for one that is none."""
    try:
        found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(422, f"a form has at most {MAX_FIELDS} fields") from error
    return {name: values[0] for name, values in found.items()}


async def verified_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that a page of this server sent; 403 for any other."""
    fields = fields_of(await request.body())
    csrf_token: CsrfToken = request.app.state.csrf_token
    if not csrf_token.matches(fields.get(FIELD, "")):
        raise HTTPException(403, "this form is of a page from before wirewatch was started; go back, reload, try again")
    return fields
