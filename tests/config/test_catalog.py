"""The bundled sources, one by one: what a user finds in the catalog holds together.

To add a source, write ``config/sources/NAME.toml`` and ``tests/sources/NAME/urls.json``:
``{"releases": {URL: the wire's own id in it, or null}, "others": [URLs of the same site that are no release]}``.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import tomllib
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from config.catalog import bundled_sources, merge_sources
from config.loader import load
from config.source_settings import SourceSettings

BUNDLED = bundled_sources()
PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "config" / "sources"
SAMPLES = PROJECT / "tests" / "sources"
REPAIR = (
    "mend config/sources/{0}.toml or tests/sources/{0}/urls.json; `wirewatch sources test {0}` reads the source live"
)


@pytest.fixture(params=sorted(BUNDLED))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(name: str) -> SourceSettings:
    return SourceSettings.model_validate(BUNDLED[name])


@pytest.fixture
def samples(name: str) -> dict[str, Any]:
    file = SAMPLES / name / "urls.json"
    assert file.is_file(), f"{name} has no sample URLs: write tests/sources/{name}/urls.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_catalog_has_the_wires_the_documentation_names() -> None:
    assert {"media-outreach", "business-daily-media", "prnewswire", "businesswire", "globenewswire"} <= set(BUNDLED)


def test_every_bundled_source_loads_in_a_configuration_that_says_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "wirewatch.toml"
    empty.touch()
    assert set(load(empty, {}, {}).settings.sources) == set(BUNDLED)


def test_a_source_says_who_it_is_and_from_what_it_is_known(name: str, source: SourceSettings) -> None:
    assert source.title, REPAIR.format(name)
    assert source.known_from, f"{name}: say from what it is known (known_from)"
    assert source.known_since or "undated" in source.known_from, f"{name}: give known_since, or say that it is undated"
    assert source.robots, f"{name}: say what is known of its robots.txt, or unknown"
    assert source.terms, f"{name}: say what is known of its terms, or unknown"


def test_no_source_claims_to_have_been_checked_live(name: str, source: SourceSettings) -> None:
    assert not source.verified, f"{name}: nobody checked it live; verified = false"


def test_a_source_is_off_only_with_a_reason_and_on_only_without(name: str, source: SourceSettings) -> None:
    assert bool(source.reason) is not source.enabled, f"{name}: enabled = false and reason belong together"


def test_a_source_whose_terms_forbid_is_off(name: str, source: SourceSettings) -> None:
    assert not (source.enabled and "forbid" in (source.terms or "")), f"{name}: its terms forbid it; enabled = false"


def test_only_a_source_that_is_off_may_have_no_listing(name: str, source: SourceSettings) -> None:
    assert source.listings or (source.reason or "").startswith("no listing of it is known"), REPAIR.format(name)


def test_its_releases_are_told_by_their_url(name: str, source: SourceSettings, samples: dict[str, Any]) -> None:
    pattern = re.compile(source.release.url or "")
    assert samples["releases"], f"{name}: give at least one URL of a release"
    for url, wire_id in samples["releases"].items():
        found = pattern.search(url)
        assert found, f"{name}: {url} is not told for a release; {REPAIR.format(name)}"
        assert found.groupdict().get("id") == wire_id, f"{name}: wrong id in {url}; {REPAIR.format(name)}"


def test_other_pages_and_listings_are_not_taken_for_releases(
    name: str, source: SourceSettings, samples: dict[str, Any]
) -> None:
    assert samples["others"], f"{name}: give at least one URL of another page"
    listings = [listing.url.replace("{tag}", "HKSTP") for listing in source.listings]
    taken = [url for url in (*samples["others"], *listings) if re.search(source.release.url or "", url)]
    assert not taken, f"{name}: {taken} are taken for releases; {REPAIR.format(name)}"


@pytest.mark.parametrize("unit", ["a-", "a", "1", "/", "/news/", "-1", "/a-1", "/press-release/a/"])
def test_a_long_url_costs_no_time(name: str, source: SourceSettings, unit: str) -> None:
    url = "https://wire.example/" + unit * (8_000 // len(unit))
    start = perf_counter()
    re.search(source.release.url or "", url)
    assert perf_counter() - start < 1, f"{name}: the pattern takes seconds on a hostile URL"


@pytest.mark.parametrize("name", ["business-daily-media", "manila-times", "yahoo-finance", "zawya", "ai-industry-news"])
def test_a_syndicators_own_number_is_not_taken_for_the_wires_id(name: str) -> None:
    source = SourceSettings.model_validate(BUNDLED[name])
    assert source.wire is None, f"{name}: the wire is read from each release"
    assert "id" not in re.compile(source.release.url or "").groupindex, f"{name}: its number is not the wire's"


def test_media_outreach_claims_no_hashtag_listing() -> None:
    source = SourceSettings.model_validate(BUNDLED["media-outreach"])
    assert source.enabled
    assert source.hints.wire == "Media OutReach Newswire"
    assert source.hints.timezone == "Asia/Hong_Kong"
    assert any("/hong-kong-sar/" in listing.url for listing in source.listings)
    assert not any(listing.per_tag for listing in source.listings)


@pytest.mark.parametrize("name", ["prnewswire", "prnewswire-apac", "businesswire", "access-newswire"])
def test_what_forbids_or_blocks_programs_is_off_until_its_user_turns_it_on(name: str, tmp_path: Path) -> None:
    file = tmp_path / "wirewatch.toml"
    file.write_text(f"[sources.{name}]\nenabled = true\n")
    assert not SourceSettings.model_validate(BUNDLED[name]).enabled
    assert load(file, {}, {}).settings.sources[name].enabled


def test_no_listing_is_one_that_robots_txt_is_known_to_disallow() -> None:
    urls = [listing["url"] for source in BUNDLED.values() for listing in source["listings"]]
    assert not [url for url in urls if "feed.businesswire.com/rss/" in url or "globenewswire.com/newsroom/rss/" in url]


def test_every_file_is_read_and_every_folder_of_samples_has_its_source() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(BUNDLED)
    assert {folder.name for folder in SAMPLES.iterdir() if folder.is_dir() and folder.name != "__pycache__"} == set(
        BUNDLED
    )


def test_the_documentation_lists_every_source_with_its_state() -> None:
    page = (PROJECT / "docs" / "sources.md").read_text(encoding="utf-8")
    table = page.partition("## The catalog")[2].partition("\n## ")[0]
    rows = {row.split("|")[1].strip(" `"): row for row in table.splitlines() if row.startswith("| `")}
    assert set(rows) == set(BUNDLED), "docs/sources.md: its table and config/sources/ differ"
    for name, table in BUNDLED.items():
        assert ("| yes |" in rows[name]) is table.get("enabled", True), f"docs/sources.md: {name}: on or off?"
        assert table["title"] in rows[name], f"docs/sources.md: {name}: its title is {table['title']}"


def test_the_samples_of_the_documentation_load(tmp_path: Path) -> None:
    samples = re.findall(r"```toml\n(.*?)```", (PROJECT / "docs" / "sources.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(samples) == 3
    for sample in samples:
        file = tmp_path / "wirewatch.toml"
        file.write_text(sample, encoding="utf-8")
        assert load(file, {}, {}).settings.sources


ARCHIVED = {  # a wire of the archive: its source, and the least share of its URLs that must be told
    "mediaoutreach": ("media-outreach", 1.0),
    "newsdirect": ("news-direct", 0.999),
    "newmediawire": ("newmediawire", 0.99),
    "247PressRelease": ("24-7-press-release", 0.999),
    "blockchainwire": ("blockchain-wire", 0.999),
    "citybiz": ("citybiz", 0.98),
    "ibn": ("ibn", 0.99),
    "newsworthy": ("newsworthy-ai", 0.999),
    "noticiasnewswire": ("noticias-newswire", 1.0),
    "pressservices": ("press-services", 0.99),
    "reportable": ("reportable", 1.0),
    "keycrew": ("keycrew", 1.0),
    "prkarma": ("prkarma", 1.0),
    "evertiseaipr": ("evertise", 1.0),
}


def test_the_urls_of_real_releases_are_told() -> None:
    data = Path(os.environ.get("WIREWATCH_DATA", PROJECT.parent / "shared" / "data"))
    archive = data / "releases" / "releases.jsonl.xz"
    if not archive.is_file():
        pytest.skip(f"needs real releases: {archive} is not there (WIREWATCH_DATA names the folder)")
    urls: dict[str, set[str]] = defaultdict(set)
    with lzma.open(archive, "rt", encoding="utf-8") as lines:
        for release in map(json.loads, lines):
            if str(release["source_url"]).startswith("http"):
                urls[release["wire"]].add(release["source_url"])
    for wire, (name, least) in ARCHIVED.items():
        pattern = re.compile(BUNDLED[name]["release"]["url"])
        found = {url: pattern.search(url) for url in urls[wire]}
        told = sum(match is not None for match in found.values()) / len(found)
        assert told >= least, f"{name}: only {told:.4f} of {len(found)} URLs; {REPAIR.format(name)}"


class TestMerging:
    """A declared source with the name of a bundled one changes the keys that it gives."""

    bundled = tomllib.loads(
        """
        [wire]
        title = "Wire"
        listings = [{ url = "https://wire.example/rss" }]
        [wire.release]
        url = "news/(?P<id>[0-9]+)"
        drop = ["aside"]
        """
    )

    def test_the_keys_that_are_not_given_stay(self) -> None:
        merged = merge_sources({"wire": {"interval": "2m"}}, self.bundled)
        assert merged["wire"] == {**self.bundled["wire"], "interval": "2m"}

    def test_a_list_is_replaced_as_a_whole(self) -> None:
        mine = [{"url": "https://wire.example/tag/{tag}"}]
        assert merge_sources({"wire": {"listings": mine}}, self.bundled)["wire"]["listings"] == mine

    def test_of_the_release_hints_only_the_given_ones_change(self) -> None:
        merged = merge_sources({"wire": {"release": {"body": "div.text"}}}, self.bundled)
        assert merged["wire"]["release"] == {**self.bundled["wire"]["release"], "body": "div.text"}

    def test_a_new_source_stands_beside_the_bundled_ones(self) -> None:
        assert set(merge_sources({"mine": {"listings": []}}, self.bundled)) == {"wire", "mine"}

    def test_the_catalog_itself_is_left_as_it_was(self) -> None:
        before = json.dumps(self.bundled)
        merge_sources({"wire": {"title": "X", "release": {"drop": []}}}, self.bundled)
        assert json.dumps(self.bundled) == before
