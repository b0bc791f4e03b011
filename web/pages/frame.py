"""Renders a page in its frame: the navigation bar, and the CSRF token of its forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from web.dependencies import csrf_token, dependencies_of
from web.security.access_control import FORM_HEADERS
from web.templating import page


def show(
    request: Request, template: str, here: str, *, status: int = 200, headers: Mapping[str, str] = {}, **values: Any
) -> HTMLResponse:
    """Return a page in its frame; ``here`` is its name in the bar."""
    return page(
        template, status=status, headers={**FORM_HEADERS, **headers}, here=here,
        signed_in=dependencies_of(request).settings.web.token is not None,
        csrf_token=csrf_token(request).value, **values,
    )  # fmt: skip
