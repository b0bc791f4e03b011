"""Canonical URLs: one page has one URL, whatever tracking parameters a listing adds."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|fbclid|gclid|dclid|msclkid|yclid|mc_[ce]id|igshid|_ga|_gl|cmpid|ref_src|tc|feedref|rss_?id|"
    r"spm|share_?from",
    re.IGNORECASE,
)
"""Query parameters that track the referrer and never select the page."""

URL_MAX = 4096
"""Characters of a URL; servers and browsers agree on 2 to 8 kB. A longer URL is rejected."""
NO_HOST = re.compile(r"[\\\s<>\"{}|^`\x00-\x1f\x7f]")
"""Characters that are invalid in an authority (RFC 3986, 3.2); a browser may end the host at a backslash."""


_UNSAFE = re.compile(r"[^!-~]|[\"<>\\^`{|}]")
"""Characters that a URL may not contain as such."""


class UrlTooLongError(ValueError):
    """A URL has more than ``URL_MAX`` characters."""


_USERINFO = re.compile(r"(//)[^/?#]*@")
"""From the start of the authority to its last ``@``; a password may contain an unencoded ``@``."""


def canonical_url(url: str, base: str | None = None) -> str:
    """Return the absolute URL with sorted query, without fragment and tracking parameters.

    Raises:
        ValueError: it is not an http(s) URL, or it has a user name or password. Such a page is not public, and the URL
            goes into alerts and logs.
        UrlTooLongError: a ``ValueError`` for a URL longer than ``URL_MAX``.
    """
    if len(url) > URL_MAX:
        raise UrlTooLongError(f"URL longer than {URL_MAX >> 10} kB: {without_userinfo(url[:200])[:60]!r}…")
    absolute = urljoin(base, url.strip()) if base else url.strip()
    parts = urlsplit(absolute)
    if "@" in parts.netloc:
        raise ValueError(f"a web address with a user name or password: {without_userinfo(url)[:200]!r}")
    is_plain = _is_plain(parts.query)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
             if is_plain and not TRACKING.fullmatch(name)]  # fmt: skip
    netloc = parts.netloc.removesuffix(":443" if parts.scheme == "https" else ":80")
    canonical = canonicalize_url(urlunsplit((parts.scheme, netloc, parts.path or "/", urlencode(query), "")))
    if not is_plain and (kept := _unchanged_query(parts.query)):
        canonical += f"?{kept}"
    # Checked last: canonicalisation may turn a host name in another script into an invalid one.
    if len(canonical) > URL_MAX:  # a letter of another script becomes nine characters
        raise UrlTooLongError(f"URL longer than {URL_MAX >> 10} kB: {canonical[:60]!r}…")
    final = urlsplit(canonical)
    if final.scheme not in ("http", "https") or not final.hostname or NO_HOST.search(parts.netloc + final.netloc):
        raise ValueError(f"no web address: {without_userinfo(url)[:200]!r}")
    return str(canonical)


def _is_plain(query: str) -> bool:
    """Return whether a query is ``name=value`` pairs in UTF-8, which mean the same in any order and spelling."""
    if ";" in query or any("=" not in part for part in query.split("&") if part):
        return False
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:  # in GBK or another charset
        return False
    return True


def _unchanged_query(query: str) -> str:
    """Return a query as it was linked, in its order, without tracking parameters."""
    parts = (part for part in query.split("&") if part and not TRACKING.fullmatch(part.partition("=")[0]))
    return _UNSAFE.sub(lambda match: quote(match[0]), "&".join(parts))


def has_userinfo(url: str) -> bool:
    """Return whether a URL holds a user name or password (RFC 3986, 3.2.1)."""
    return _USERINFO.search(url) is not None


def without_userinfo(url: str) -> str:
    """Return a URL, valid or not, with user name and password replaced, for messages."""
    return _USERINFO.sub(r"\g<1>[hidden]@", url)


def url_digest(url: str) -> str:
    """Return the digest of a canonical URL, the same for http and https, and with or without a final slash."""
    plain = url.removeprefix("https://").removeprefix("http://").rstrip("/")
    return hashlib.sha256(plain.encode()).hexdigest()[:32]
