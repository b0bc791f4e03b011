"""A site's generic title loses against the heading above the text; a plain heading below it is the sub-headline."""

from __future__ import annotations

import pytest

from crawler.extraction import extract_release

BODY = "".join(
    f"<p>The {number} ferry of the Harbour Kiln company left the yard and carries {number} hundred passengers "
    "between the island and the quarry in any weather.</p>"
    for number in ("first", "second", "third", "fourth")
)
HEADLINE = "Harbour Kiln Opens Second Quarry"


def read(head: str, above: str, tail: str = "", url: str | None = None):
    return extract_release(f"<html><head>{head}</head><body>{above}{BODY}{tail}</article></main></body></html>", url)


@pytest.mark.parametrize(
    ("head", "above"),
    [
        (
            "<title>News and press releases</title><meta property='og:title' content='News and press releases'>",
            f"<main><article><h1>{HEADLINE}</h1>",
        ),
        ("<title>Press room | Lab Wire</title>", f"<h1>Press room</h1><main><article><h2>{HEADLINE}</h2>"),
        ("<title>Welcome to our media pages</title>", f"<main><article><h1>{HEADLINE}</h1>"),
    ],
)
def test_a_generic_title_of_the_site_loses_against_the_heading_above_the_text(head, above):
    assert read(head, above).headline == HEADLINE


@pytest.mark.parametrize(
    ("line", "subheadline"),
    [
        ("First deliveries to islands from 19 March 2026", "First deliveries to islands from 19 March 2026"),
        ("58 new jobs in the old harbour", "58 new jobs in the old harbour"),
        ("October 26, 2025 23:57 ET | Source: Harbour Kiln", None),
        ("PORT MARLOW, 19 March 2026", None),
        ("19 March 2026", None),
    ],
)
def test_a_plain_heading_under_the_headline_is_the_subheadline_and_a_line_of_origin_is_none(line, subheadline):
    above = f"<main><article><h1>{HEADLINE}</h1><h2>{line}</h2><div>By the harbour office</div>"
    assert read(f"<title>{HEADLINE}</title>", above).subheadline == subheadline


@pytest.mark.parametrize("line", ["--News Direct--", "View source version on newsdirect.com: https://newsdirect.com/x"])
def test_a_wire_is_known_by_the_line_that_ends_its_releases(line):
    above = f"<main><article><h1>{HEADLINE}</h1>"
    assert read(f"<title>{HEADLINE}</title>", above, f"<p>{line}</p>").wire == "News Direct"


@pytest.mark.parametrize(
    ("url", "canonical", "own"),
    [
        ("/news/4711?pos=3&sid=a1", "/news/4711", "/news/4711"),
        ("/show?id=5&pos=3&sid=a1", "/show?id=5", "/show?id=5"),
        ("/harbour-kiln-opens?sid=a1", "/harbour-kiln-opens", "/harbour-kiln-opens"),
        ("/news?id=7", "/news", "/news?id=7"),
        ("/show?id=7", "/show?id=5", "/show?id=7"),
        ("/news/4711?page=2", "/news/4712", "/news/4711?page=2"),
    ],
)
def test_a_canonical_link_that_leaves_out_parameters_names_the_page(url, canonical, own):
    head = f"<title>{HEADLINE}</title><link rel='canonical' href='https://wire.example{canonical}'>"
    release = read(head, f"<main><article><h1>{HEADLINE}</h1>", url=f"https://wire.example{url}")
    assert release.url == f"https://wire.example{own}"
