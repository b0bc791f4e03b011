"""Renders templates to HTML. Everything is escaped, and text from a wire is never marked safe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

BAR = (("now", "/", "Now"), ("watches", "/watches", "Watches"), ("sources", "/sources", "Sources"),
       ("alerts", "/alerts", "Alerts"), ("docs", "/docs", "API"))  # fmt: skip
"""The pages: name, address, title."""

_environment = Environment(
    loader=PackageLoader("web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def weblink(url: str | None) -> str | None:
    """Return the address if it is safe as a link (http or https), else None."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


def written(moment: str) -> str:
    """Return a time as the server writes it: to the second, with offset. A script converts it to the reader's zone.

    A date without a time is returned unchanged.
    """
    day, separator, rest = moment.partition("T")
    if not separator:
        return moment
    clock = re.sub(r"\.\d+", "", rest)
    offset = re.search(r"(?:Z|[+-]\d\d:?\d\d)$", clock)
    if offset is None:
        return f"{day} {clock}"
    return f"{day} {clock[: offset.start()]} {offset[0].replace('Z', 'UTC')}"


_environment.filters["weblink"] = weblink
_environment.filters["written"] = written
_environment.globals["bar"] = BAR


def page(template: str, *, status: int = 200, headers: Mapping[str, str] = {}, **values: Any) -> HTMLResponse:
    """Return a rendered template as a response."""
    text = _environment.get_template(template).render(values)
    # A page's text may contain a lone surrogate, which UTF-8 cannot encode.
    return HTMLResponse(text.encode("utf-8", "replace"), status_code=status, headers=dict(headers))
