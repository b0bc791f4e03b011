"""The keys under which memory finds the releases that may be the same story."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from announcements import BODY, HEADLINE, release

from pipelines.identity import traits
from pipelines.identity.index import MOST
from stories.release import Release

ROOT = Path(__file__).parents[3]


def shared(one: Release, other: Release) -> set[str]:
    return {trait.kind for trait in set(traits(one)) & set(traits(other))}


def test_a_copy_with_other_typography_shares_the_text():
    copy = release(HEADLINE.upper(), tuple(p.replace('"', "“").replace(" ", "\u00a0") for p in BODY))
    assert {"text", "headline"} <= shared(release(), copy)


def test_a_copy_in_mojibake_shares_the_text():
    broken = release(HEADLINE, tuple(p.replace('"', "“").replace("'", "’").encode().decode("cp1252") for p in BODY))
    assert "text" in shared(release(), broken)


def test_a_copy_cut_short_under_another_headline_shares_the_opening():
    assert "lead" in shared(release(), release("Something else", BODY[:1], url="https://w.example/x"))


def test_near_texts_share_a_band():
    near = release("Something else", ("A new first line was put here by an editor of the site.", *BODY[:2], *BODY[3:]))
    assert "band" in shared(release(), near)


def test_releases_of_other_companies_share_nothing():
    other = release(
        "Corwen Ferries Orders Two Ships", ("Corwen Ferries has ordered two ships.",), url="https://w.example/x"
    )
    assert shared(release(), other) == set()


def test_a_notice_shares_the_headline_it_quotes():
    notice = release(
        "CORRECTION: Marlow Harbour",
        (f'This corrects and replaces the release titled "{HEADLINE}" issued earlier today.',),
        url="https://w.example/x",
    )
    assert "headline" in shared(release(), notice)


def test_the_words_of_an_address_are_those_of_the_headline():
    slug = "https://www.prnewswire.com/news-releases/marlow-harbour-opens-its-first-tidal-battery-plant-in-port-ellery-302847114.html"
    notice = release("/C O R R E C T I O N -- Marlow Harbour/", ("A figure was wrong.",), url=slug)
    assert "slug" in shared(release(), notice)


def test_a_link_to_the_first_page_shares_its_address_and_its_wires_id():
    url = "https://www.globenewswire.com/news-release/2026/03/10/3309064/0/en/Marlow-Harbour.html"
    copy = release("Other", ("Other text.",), url="https://mirror.example/1", original_url=url)
    assert {"url", "wire"} <= shared(release(url=url), copy)


def test_the_strongest_keys_come_first_and_there_are_never_too_many():
    full = replace(
        release(f"CORRECTION: {HEADLINE}", tuple(f'"{HEADLINE} {n}" {p}' for n, p in enumerate(BODY * 5))),
        url="https://www.businesswire.com/news/home/20260310005124/en/Marlow-Harbour-Opens-Its-First-Plant",
        original_url="https://www.globenewswire.com/news-release/2026/03/10/3309064/0/en/Marlow.html",
        wire="Business Wire", wire_id="20260310005124",
    )  # fmt: skip
    kinds = [trait.kind for trait in traits(full)]
    assert len(kinds) <= MOST
    assert kinds == sorted(kinds, key=["url", "wire", "text", "headline", "slug", "lead", "band"].index)


def test_the_keys_are_the_same_in_another_process():
    code = (
        "import sys; sys.path.insert(0, 'tests/support')\n"
        "from announcements import release\nfrom pipelines.identity import traits\n"
        "print(*(trait.digest for trait in traits(release())))"
    )
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert output.split() == [trait.digest for trait in traits(release())]


def test_an_empty_page_has_no_keys_but_its_address():
    assert [trait.kind for trait in traits(release("", ()))] == ["url"]
