"""Releases as ninjs 3.0, IPTC's JSON for news: a release is an item, its revision the item's version.

Field by field after the published schema (iptc.org/std/ninjs/ninjs-schema_3.0.json): names in camel case, nothing that
it does not name, dates with a time and an offset only, addresses that are URIs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from w3lib.url import safe_url_string

from stories.model.ids import urn
from stories.model.release import Release
from stories.model.timestamps import from_milliseconds, timestamp
from stories.search.filters import kind_of
from stories.store.archive import StoredRelease

STANDARD = {"name": "ninjs", "version": "3.0", "schema": "https://www.iptc.org/std/ninjs/ninjs-schema_3.0.json"}
PLAIN = "text/plain"
TIES = {"correction": "corrects", "update": "updates", "withdrawal": "withdraws", "repeat": "repeats"}


def item(stored: StoredRelease, *, withdrawn: bool, now: datetime) -> dict[str, Any]:
    """Return a stored release as a ninjs item; ``withdrawn``: its story was.

    ``pubStatus`` is ``canceled`` for what was withdrawn or is gone, ``withheld`` while an embargo lasts, else
    ``usable``. ``associations`` hold its pictures and the release that it is a notice about.
    """
    release = stored.release
    return _without_nothing(
        {
            "uri": urn(release.id or ""),
            "standard": STANDARD,
            "type": "text",
            "representationType": "full",
            "version": str(release.revision),
            "firstCreated": release.first_seen_at,
            "versionCreated": timestamp(from_milliseconds(stored.at)),
            "contentCreated": _moment(release.published_at),
            "embargoed": _moment(release.embargoed_until),
            "pubStatus": _status(stored, withdrawn=withdrawn, now=now),
            "language": release.language,
            "title": release.headline,
            "headlines": [
                {"role": role, "contentType": PLAIN, "value": text}
                for role, text in (("main", release.headline), ("subheadline", release.subheadline))
                if text
            ],
            "bodies": _bodies(release),
            "edNote": release.notice and ": ".join(filter(None, (release.notice.marker, release.notice.statement))),
            "located": release.dateline.place if release.dateline else None,
            "organisations": _organisations(release),
            "subjects": [{"name": tag, "rel": "hashtag", "literal": tag} for tag in release.tags],
            "infoSources": [
                {"name": name, "role": role}
                for name, role in ((release.wire, "wire"), (release.source, "source"))
                if name
            ],
            "renditions": _page(release.url),
            "associations": [*_pictures(release), *_about(stored)],
            "altIds": [
                {"role": role, "value": value}
                for role, value in (
                    ("release", release.id),
                    ("story", stored.story),
                    ("wire", release.wire_id),
                    ("kind", kind_of(stored)),
                )
                if value
            ],
        }
    )


def _status(stored: StoredRelease, *, withdrawn: bool, now: datetime) -> str:
    if withdrawn or kind_of(stored) == "withdrawal":
        return "canceled"
    until = _moment(stored.release.embargoed_until)
    return "withheld" if until is not None and datetime.fromisoformat(until) > now else "usable"


def _bodies(release: Release) -> list[dict[str, Any]]:
    parts = (
        ("main", "\n\n".join(release.body)),
        ("about", "\n\n".join(release.about)),
        ("disclaimer", release.disclaimer or ""),
        ("contacts", "\n".join(release.contacts)),
    )
    return [
        {
            "role": role,
            "contentType": PLAIN,
            "charCount": len(text),
            "wordCount": len(text.split()),
            "value": text,
        }
        for role, text in parts
        if text
    ]


def _organisations(release: Release) -> list[dict[str, Any]]:
    symbols = [
        {"ticker": symbol, "exchange": exchange, "symbol": ticker} if exchange else {"ticker": symbol, "symbol": ticker}
        for ticker in release.tickers
        for exchange, _, symbol in (ticker.rpartition(":"),)
    ]
    if release.issuer is None and not symbols:
        return []
    return [_without_nothing({"name": release.issuer, "rel": "issuer", "symbols": symbols})]


def _page(url: str | None) -> list[dict[str, Any]]:
    href = _uri(url)
    return [{"name": "web", "href": href, "contentType": "text/html"}] if href else []


def _pictures(release: Release) -> list[dict[str, Any]]:
    pictures = []
    for number, image in enumerate(release.images, 1):
        href = _uri(image.url)
        if href is not None:
            picture = {
                "name": f"picture {number}",
                "uri": href,
                "type": "picture",
                "renditions": [{"name": "original", "href": href}],
            }
            if image.caption:
                picture["descriptions"] = [{"role": "caption", "contentType": PLAIN, "value": image.caption}]
            pictures.append(picture)
    return pictures


def _about(stored: StoredRelease) -> list[dict[str, Any]]:
    notice = stored.release.notice
    # A page that was corrected in place is about itself: an earlier version of the same item.
    if notice is None or stored.replaces is None or stored.replaces == stored.release.id:
        return []
    return [{"name": TIES[notice.kind], "uri": urn(stored.replaces), "type": "text", "representationType": "partial"}]


def _moment(text: str | None) -> str | None:
    """Return a moment with a time and an offset; None for a bare date."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return text if "T" in text and moment.tzinfo is not None else None


def _uri(url: str | None) -> str | None:
    """Return an address of the web as a URI, with letters outside ASCII escaped; None if it is not an address."""
    try:
        parts = urlsplit(url or "")
        return safe_url_string(url or "") if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def _without_nothing(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
