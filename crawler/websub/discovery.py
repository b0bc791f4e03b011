"""WebSub discovery: the hubs and the topic of a listing, from Link headers and its content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

MAX_HUBS = 4  # of one listing that are tried in turn
MAX_URL = 2048  # characters of an address
MAX_HEADER = 16_384  # characters of all Link headers of a response that are read; a page's preload links take 2,000
_PARAMETER = re.compile(r'\s*;\s*([^\s=;,"<>]*)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')


@dataclass(frozen=True, slots=True, kw_only=True)
class HubLinks:
    """What a listing says of its hubs."""

    hubs: tuple[str, ...] = ()
    """Best first; empty for a listing that names none."""
    topic: str | None = None
    """By which the hubs know the listing."""


def hub_links(headers: Iterable[str], hubs: Iterable[str], topic: str | None, url: str) -> HubLinks:
    """Return the hubs of a listing at ``url``: those of its Link headers, then those that it names itself.

    Its topic is what either calls ``self``, the headers first (https://www.w3.org/TR/websub/#discovery), else the
    address that it was read from.
    """
    linked = web_links(", ".join(headers), url)  # several headers mean the same as one (RFC 9110, 5.3)
    found = tuple(dict.fromkeys([*(address for rel, address in linked if rel == "hub"), *hubs]))[:MAX_HUBS]
    if not found:
        return HubLinks()
    own = next((address for rel, address in linked if rel == "self"), None)
    return HubLinks(hubs=found, topic=own or topic or url)


def web_links(header: str, base: str) -> list[tuple[str, str]]:
    """Return what a Link header links to (RFC 8288, section 3): pairs of relation, in small letters, and address.

    Links of another page (``anchor``) are left out, and what is no address of the web.
    """
    header, at = header[:MAX_HEADER], 0
    found: list[tuple[str, str]] = []
    while (begin := header.find("<", at)) >= 0 and (end := header.find(">", begin)) >= 0:
        parameters: dict[str, str] = {}
        at = end + 1
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            quoted = parameter[2]
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else parameter[3] or ""
            parameters.setdefault(parameter[1].lower(), value)  # of several, the first counts
        address = web_address(header[begin + 1 : end], base)
        if address is not None and "anchor" not in parameters:
            found += [(rel, address) for rel in parameters.get("rel", "").lower().split()]
    return found


def web_address(link: str, base: str) -> str | None:
    """Return a link as an absolute address of the web, its letters as they are: a hub compares topics by them."""
    try:
        found = urljoin(base, link.strip())
        parts = urlsplit(found)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    clean = len(found) <= MAX_URL and found.isascii() and found.isprintable() and " " not in found
    return found.partition("#")[0] if link.strip() and sound and clean and parts.username is None else None
