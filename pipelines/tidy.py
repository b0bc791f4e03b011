"""A release as it was read → the same with its notice recognised and its headline without decorations."""

from __future__ import annotations

import unicodedata
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from pipelines.notices import find_notice, subject_company
from stories.model.release import Release

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
_UNPRINTED = ("Cc", "Cf", "Cs")  # controls, formats, halves of characters; what is newer than our tables may be printed


def tidy(release: Release, source: str, before: Release | None = None) -> Release:
    """Return the release with source, notice, plain headline and each tag once, fit to be written as UTF-8.

    ``before``: the page's last known state. A notice can take all of the headline ("/C O R R E C T I O N -- Company/");
    then the headline known before stays, or what the page prints if none is known. The company that such a marker names
    is the issuer where the page names none.
    """
    release = writable(release)
    printed = clean_line(release.headline)
    notice = find_notice(printed, release.body)
    headline, issuer = printed, release.issuer
    if notice is not None:
        issuer = issuer or subject_company(printed)
        headline = clean_line(notice.headline) or (before.headline if before else "") or printed
    tags: dict[str, str] = {}
    for tag in release.tags:
        if plain := tag.strip("#＃ "):
            tags.setdefault(plain.casefold(), plain)
    return replace(release, headline=headline, issuer=issuer, notice=notice, source=source, tags=tuple(tags.values()))


def clean_line(text: str) -> str:
    """Return one line without control and zero-width characters, composed (NFC)."""
    visible = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    return " ".join(
        "".join(" " if unicodedata.category(character) in _UNPRINTED else character for character in visible).split()
    )


def writable(release: Release) -> Release:
    """Return the release without lone surrogates: a page may name one ("&#xD83D;"), and nothing can write it."""
    try:
        msgspec.json.encode(release)
    except UnicodeEncodeError:
        mended: Release = _mended(release)
        return mended
    return release


def _mended(value: Any) -> Any:
    """Return a text or noun with pairs of surrogates joined, and lone ones replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, tuple):
        return tuple(_mended(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _mended(getattr(value, field.name)) for field in fields(value)})
    return value
