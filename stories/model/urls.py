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

URL_MAX = 4096
"""Characters of a URL; servers and browsers agree on 2 to 8 kB. A longer one is no release."""
NO_HOST = re.compile(r"[\\\s<>\"{}|^`\x00-\x1f\x7f]")
"""What no authority holds (RFC 3986, 3.2); a browser may read a backslash as the end of the host."""


class UrlTooLongError(ValueError):
    """A URL has more than ``URL_MAX`` characters."""


_USERINFO = re.compile(r"(//)[^/?#]*@")
"""From the beginning of the authority to its last ``@``; a password may hold one that nobody encoded."""


def canonical_url(url: str, base: str | None = None) -> str:
    """Return the absolute URL with sorted query, without fragment and tracking parameters.

    ``ValueError`` for what is no http(s) URL, and for one with a user name or password: a page that needs them is not
    public, and the URL goes into alerts and logs. ``UrlTooLongError``, which is one, for a URL over ``URL_MAX``.
    """
    if len(url) > URL_MAX:
        raise UrlTooLongError(f"URL longer than {URL_MAX >> 10} kB: {without_userinfo(url[:200])[:60]!r}…")
    absolute = urljoin(base, url.strip()) if base else url.strip()
    parts = urlsplit(absolute)
    if "@" in parts.netloc:
        raise ValueError(f"a web address with a user name or password: {without_userinfo(url)[:200]!r}")
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
             if not TRACKING.fullmatch(name)]  # fmt: skip
    netloc = parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
    canonical = canonicalize_url(urlunsplit((parts.scheme, netloc, parts.path or "/", urlencode(query), "")))
    # Looked at last: a name in another script may turn into what is no name.
    if len(canonical) > URL_MAX:  # a letter of another script becomes nine characters
        raise UrlTooLongError(f"URL longer than {URL_MAX >> 10} kB: {canonical[:60]!r}…")
    final = urlsplit(canonical)
    if final.scheme not in ("http", "https") or not final.hostname or NO_HOST.search(parts.netloc + final.netloc):
        raise ValueError(f"no web address: {without_userinfo(url)[:200]!r}")
    return str(canonical)


def has_userinfo(url: str) -> bool:
    """Return whether a URL holds a user name or password (RFC 3986, 3.2.1)."""
    return _USERINFO.search(url) is not None


def without_userinfo(url: str) -> str:
    """Return text of a URL, sound or not, with user name and password replaced, for messages."""
    return _USERINFO.sub(r"\g<1>[hidden]@", url)


def url_digest(url: str) -> str:
    """Return the key of a canonical URL; http and https, with and without a final slash, are one page."""
    plain = url.removeprefix("https://").removeprefix("http://").rstrip("/")
    return hashlib.sha256(plain.encode()).hexdigest()[:32]
