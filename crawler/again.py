"""Stop 5 for pages that are known: how to ask whether one is still the same, and what tells that it is gone; pure."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

from scrapy.http import Response

from crawler.answers import header, moment
from stories.reading import Gone, Validators
from stories.release import NotARelease

FAR_BEHIND = -100  # priority of pages that are read again: after all that may bring something new from their host
TRUSTED = 8  # "not modified" in a row; then a page is read whole, for some servers go by a clock that stands
STRONG = timedelta(minutes=1)  # between Last-Modified and Date: a younger one may stand for two states of a second

_GONE: dict[int, Gone] = {404: "not found", 410: "gone"}
_EMPTIED = ("no text", "empty")
_FRONT = re.compile(r"/(?:[a-z]{2}(?:[-_][a-z]{2,4})?/?)?(?:(?:index|default|home)(?:\.\w{1,5})?/?)?", re.IGNORECASE)
_SAYS_GONE = re.compile(
    r"\b(?:404|410)\b|not found|no longer (?:exists?|available)|does\s*n[o']t exist|has been (?:removed|deleted)"
    r"|nicht gefunden|introuvable|non trouvée|no encontrada|não (?:foi )?encontrada"
    r"|不存在|找不到|見つかりません|찾을 수",
    re.IGNORECASE,
)


def asking(known: Validators | None) -> dict[str, str]:
    """Return the headers that ask for a page only if it changed; none after it was long enough said not to have."""
    if known is None or known.trusted >= TRUSTED:
        return {}
    found = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in found.items() if value}


def validators(response: Response) -> Validators | None:
    """Return what an answer gives to ask by (RFC 9110, 8.8); None where it gives nothing that can be relied on."""
    etag, modified = header(response, "ETag"), header(response, "Last-Modified")
    if modified and not etag:
        changed, answered = moment(modified), moment(header(response, "Date") or "")
        if changed is None or answered is None or answered - changed < STRONG:
            modified = None
    if not etag and not modified:
        return None
    return Validators(url=response.url, etag=etag, last_modified=modified)


def gone(asked: str, response: Response) -> Gone | None:
    """Return how a page is seen to be gone by its status or by where its address leads."""
    if response.status in _GONE:
        return _GONE[response.status]
    before, after = urlsplit(asked), urlsplit(response.url)
    if response.status < 400 and not _FRONT.fullmatch(before.path) and _FRONT.fullmatch(after.path) and not after.query:
        return "moved to the front page"
    return None


def gone_by(refusal: NotARelease) -> Gone | None:
    """Return how a page is seen to be gone by what it shows instead; walls, shells and faults show nothing of that."""
    if refusal.reason in _EMPTIED:
        return "emptied"
    if refusal.reason == "error page" and _SAYS_GONE.search(refusal.detail):
        return "not found"
    return None
