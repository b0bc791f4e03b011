"""URLs as keys: one page has one canonical URL, whatever tracking a listing hangs on it."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|igshid|_ga|_gl|cmpid|ref_src|tc|feedref|rss_?id|"
    r"spm|share_?from",
    re.IGNORECASE,
)
"""Query parameters that say where a reader came from, never which page is meant."""


def canonical_url(url: str, base: str | None = None) -> str:
    """Return the absolute URL with sorted query, without fragment and tracking parameters.

    ``ValueError`` for what is no http(s) URL.
    """
    absolute = urljoin(base, url.strip()) if base else url.strip()
    parts = urlsplit(absolute)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"no web address: {url[:200]!r}")
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
             if not TRACKING.fullmatch(name)]  # fmt: skip
    netloc = parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
    return str(canonicalize_url(urlunsplit((parts.scheme, netloc, parts.path or "/", urlencode(query), ""))))


def url_digest(url: str) -> str:
    """Return the key of a canonical URL; http and https, with and without a final slash, are one page."""
    plain = url.removeprefix("https://").removeprefix("http://").rstrip("/")
    return hashlib.sha256(plain.encode()).hexdigest()[:32]
