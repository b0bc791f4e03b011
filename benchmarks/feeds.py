"""Compares the title, link, id and date that feedparser's test cases expect with what a listing shows.

    python benchmarks/feeds.py

Data: ``$WIREWATCH_DATA/feeds``, feedparser's own cases; each states its expectation in a comment (``Expect: …``). Only
comparisons of the first entry's title, link, id or date with a literal count. Titles are compared by words, because a
headline is text without markup. URLs relative to a Content-Location are left out: RFC 7231 (appendix B) removed that
meaning.
"""

from __future__ import annotations

import ast
import os
import re
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings import ListingUnreadableError, read_listing
from crawler.listings.feed import _guid, _parse
from crawler.listings.html.link_text import plain_text
from stories.model.sighting import Sighting
from stories.model.timestamps import latest_instant
from stories.model.urls import canonical_url

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).parents[2] / "shared/data")) / "feeds"
URL = "http://127.0.0.1:8097/feed.xml"
EXPECTS = re.compile(rb"Expect:\s*(.*)")
COMPARED = re.compile(
    r"entries\[0\]\[u?'(title|link|id|guid|published_parsed|updated_parsed|created_parsed)'\]\s*==\s*(.+?)\s*$"
)
FIELDS = {"guid": "id", "published_parsed": "date", "updated_parsed": "date", "created_parsed": "date"}


def cases() -> Iterator[tuple[str, bytes]]:
    """Yield the feeds of the collection by name."""
    with tarfile.open(DATA / "feedparser-tests.tar.xz") as archived:
        for member in archived:
            if member.isfile() and (file := archived.extractfile(member)) is not None:
                yield member.name, file.read()


def expected(body: bytes) -> tuple[str, object] | None:
    """Return which field of the first entry a case compares with what; None where it is about something else."""
    said = EXPECTS.search(body)
    found = COMPARED.search(said[1].decode("utf-8", "replace")) if said else None
    if found is None or (b"Content-Location:" in body and found[1] in ("link", "id", "guid")):
        return None
    try:
        return FIELDS.get(found[1], found[1]), ast.literal_eval(found[2])
    except (ValueError, SyntaxError):
        return None


def shown(body: bytes, field: str) -> object:
    """Return what a listing of a feed shows of its first entry; of one that has no address, what is read of it."""
    page = read_listing(body, URL, ListingSettings(url=URL), ReleaseHints())
    entry = _parse(body, None, Counter()).entries[0]
    first = page.sightings[0] if page.sightings else Sighting(url="")
    if field == "title":
        return plain_text(entry.get("title") or "")
    if field == "link":
        return first.url
    if field == "id":
        return _guid(entry, URL)
    moment = latest_instant(first.published_at)
    if moment is None:
        parsed = next(
            (entry[name] for name in ("published_parsed", "updated_parsed", "created_parsed") if entry.get(name)), None
        )
        return tuple(parsed)[:6] if parsed else None
    return tuple(moment.astimezone(UTC).timetuple())[:6]


def holds(body: bytes, field: str, value: object) -> bool:
    """Return whether a case's expectation holds."""
    found = shown(body, field)
    if field == "title":
        return found == plain_text(str(value))
    if field == "link":
        try:
            return found in (value, canonical_url(str(value), URL))
        except ValueError:
            return not found
    if field == "date" and isinstance(value, tuple):
        return found == tuple(datetime(*value[:6]).timetuple())[:6]  # noqa: DTZ001
    return found == value


def main() -> None:
    """Print how many feeds are read, and how many expectations hold."""
    read, unreadable, right, wrong = 0, 0, Counter[str](), Counter[str]()
    failures: list[str] = []
    began = time.perf_counter()
    for name, body in cases():
        wanted = expected(body)
        try:
            read_listing(body, URL, ListingSettings(url=URL), ReleaseHints())
            read += 1
            if wanted is None:
                continue
            well = holds(body, *wanted)
        except (ListingUnreadableError, IndexError):
            unreadable += 1
            well = False
            if wanted is None:
                continue
        (right if well else wrong)[wanted[0]] += 1
        if not well:
            failures.append(f"  {name}: {wanted[0]} is to be {wanted[1]!r}")
    print(f"{read} feeds read, {unreadable} unreadable, no other exception, in {time.perf_counter() - began:.1f} s")
    for field in sorted(right | wrong):
        print(f"{field:6} {right[field]} of {right[field] + wrong[field]}")
    print(f"all    {right.total() / (right.total() + wrong.total()):.2%}")
    print("\n".join(failures))


if __name__ == "__main__":
    main()
