"""Every bundled source whose markup is known, read as the crawler reads it.

``tests/sources/NAME/`` holds pages written by us in the markup of that site, the words our own:

- ``STEM.html`` with ``STEM.json``: ``{"url": …, "release": {field: what must be read, as in the contract}}``;
- ``STEM.listing.html`` or ``.xml`` with ``STEM.listing.json``: ``{"listing": which one of the source, from 0,
  "sightings": [{"url": …, "headline": …, "published_at": …}]}``.

When one fails: if the site changed, save what `wirewatch extract URL --source NAME` reads now and bring the page and
config/sources/NAME.toml up to it; if the site did not change, reading broke.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from config.catalog import bundled_sources
from config.source_settings import SourceSettings
from crawler.extraction import extract_release
from crawler.extraction.fields.wires import wire_of
from crawler.listings import read_listing
from stories.model.release import release_payload

HERE = Path(__file__).parent
BUNDLED = {name: SourceSettings.model_validate(table) for name, table in bundled_sources().items()}
LISTINGS = sorted(HERE.glob("*/*.listing.json"))
PAGES = sorted(file for file in HERE.glob("*/*.json") if file not in LISTINGS and file.name != "urls.json")
REPAIR = "see config/sources/{0}.toml, tests/sources/{0}/ and the head of tests/sources/test_sources.py"


def _id(file: Path) -> str:
    return f"{file.parent.name}/{file.name.removesuffix('.json')}"


def _same(read: Any, expected: Any) -> bool:
    """Whether two values say the same: moments by the moment, everything else by the letter."""
    if isinstance(read, str) and isinstance(expected, str) and re.match(r"\d{4}-\d\d-\d\dT", expected) and "T" in read:
        return datetime.fromisoformat(read) == datetime.fromisoformat(expected)
    return bool(read == expected)


FIELDS = [
    pytest.param(file, field, id=f"{_id(file)}: {field}")
    for file in PAGES
    for field in json.loads(file.read_text(encoding="utf-8"))["release"]
]


@pytest.mark.parametrize(("file", "field"), FIELDS)
def test_a_release_page_is_read(file: Path, field: str) -> None:
    name, wanted = file.parent.name, json.loads(file.read_text(encoding="utf-8"))
    release = extract_release(file.with_suffix(".html").read_bytes(), wanted["url"], BUNDLED[name].hints)
    read, expected = release_payload(release)[field], wanted["release"][field]
    assert _same(read, expected), f"{field}: read {read!r}, expected {expected!r}; {REPAIR.format(name)}"


@pytest.mark.parametrize("file", LISTINGS, ids=_id)
def test_a_listing_is_read(file: Path) -> None:
    name, wanted = file.parent.name, json.loads(file.read_text(encoding="utf-8"))
    source = BUNDLED[name]
    listing = source.listings[wanted["listing"]]
    (page,) = (other for other in file.parent.glob(f"{file.stem}.*") if other.suffix in (".html", ".xml"))
    sightings = read_listing(page.read_bytes(), listing.url, listing, source.hints).sightings
    assert [sighting.url for sighting in sightings] == [sighting["url"] for sighting in wanted["sightings"]], (
        REPAIR.format(name)
    )
    for sighting, seen_sighting in zip(sightings, wanted["sightings"], strict=True):
        assert sighting.headline == seen_sighting["headline"], REPAIR.format(name)
        assert _same(sighting.published_at, seen_sighting["published_at"]), REPAIR.format(name)


@pytest.mark.parametrize("name", sorted(BUNDLED))
def test_what_the_catalog_says_of_an_address_reading_says_too(name: str) -> None:
    """The wire and the id of a URL are known twice: per source, and for copies elsewhere that link to the original."""
    for url, wire_id in json.loads((HERE / name / "urls.json").read_text(encoding="utf-8"))["releases"].items():
        known = wire_of(url)
        assert known is None or known == (BUNDLED[name].wire, wire_id), f"{url}: {known}; {REPAIR.format(name)}"


def test_every_expectation_has_its_page_and_every_page_its_expectation() -> None:
    pages = {file.with_suffix(".json") for file in HERE.glob("*/*") if file.suffix in (".html", ".xml")}
    assert pages == {*PAGES, *LISTINGS}
