"""What other pages of a site tell: its own lines at the edges go, and nothing of a release ever does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from config.source_settings import ReleaseHints
from crawler.extraction import Seen, extract_release
from crawler.extraction.body.site_boilerplate import digest, edges, voice

URL = "https://ledger.example/business/7-story"
BODY = tuple(
    f"Barge number {number} of the Gull Line carried salt, rope and two hundred letters up the river last night, as it does all year."  # noqa: E501
    for number in range(1, 6)
)
BOX = "Get the harbour's letter every morning"
TEASER = "Heron Works Launches Its Fourth Barge at Noon"
LINKED = f'<p>{BOX}: <a href="/letter">sign on</a></p>'


def page(*tail: str, lead: str = "", headline: str = "Gull Line sails at night") -> str:
    text = "".join(f"<p>{line}</p>" for line in BODY)
    return (
        f"<html><head><title>{headline}</title></head><body><h1>{headline}</h1><div>{lead}{text}{''.join(tail)}</div>"
        "</body></html>"
    )


def repeated(*lines: str) -> Seen:
    return Seen(repeated=frozenset(map(digest, lines)))


def known(*headlines: str) -> Seen:
    return Seen(headlines=frozenset(map(digest, headlines)))


def test_a_line_that_a_site_hangs_on_all_of_its_pages_goes():
    line = f"{BOX}: sign on"
    assert extract_release(page(LINKED), URL).body[-1] == line  # or the test shows nothing

    assert extract_release(page(LINKED), URL, seen=repeated(line)).body == BODY


def test_a_link_that_is_the_headline_of_another_release_goes():
    tail = f'<p><a href="/4">{TEASER}</a></p>'
    hints = ReleaseHints(body="div")  # which takes all that is in it
    assert TEASER in extract_release(page(tail), URL, hints).text

    assert extract_release(page(tail), URL, hints, seen=known(TEASER)).body == BODY
    assert extract_release(page(tail, headline=TEASER), URL, hints, seen=known(TEASER)).headline == TEASER


@pytest.mark.parametrize("tail", [(), (LINKED,)], ids=["plain", "with a site's line"])
def test_no_paragraph_of_a_correction_goes_though_its_original_has_them_all(tail):
    original = extract_release(page(*tail), URL)
    lines = original.text.split("\n")
    everything = Seen(repeated=frozenset(map(digest, lines)), headlines=frozenset({digest(original.headline)}))
    corrected = page(*tail, headline="CORRECTING and REPLACING Gull Line sails at night").replace("salt", "grain")

    release = extract_release(corrected, URL, seen=everything)

    assert release.body[:5] == tuple(text.replace("salt", "grain") for text in BODY)
    assert extract_release(page(), URL, seen=everything).body == BODY


@pytest.mark.parametrize(
    "tail",
    [
        "<p>Not for distribution to news services of the northern islands.</p>",
        '<p>#GullLine <a href="/tag/ropes">#ropes</a></p>',
        '<p>Media contact: <a href="mailto:ada@gull.example">ada@gull.example</a></p>',
        '<p>SOURCE <a href="/gull">Gull Line</a></p>',
        "<h3>About Gull Line</h3><p>Gull Line has carried letters by night since 1899.</p>",
    ],
    ids=["no link", "hashtags", "contact", "source", "about"],
)
def test_what_many_issuers_have_in_common_is_theirs(tail):
    plain = extract_release(page(tail), URL)
    lines = [line for line in tail.replace("</", "<").replace("<", "\n").split("\n") if ">" not in line]
    everything = repeated(*plain.text.split("\n"), *plain.contacts, *lines, "#GullLine #ropes", "SOURCE Gull Line")

    assert extract_release(page(tail), URL, seen=everything) == plain


def test_a_line_that_the_page_had_when_it_was_read_before_stays():
    line = f"{BOX}: sign on"
    seen = replace(repeated(line), kept=frozenset({digest(line)}))

    assert extract_release(page(LINKED), URL, seen=seen).body == (*BODY, line)


def test_inside_the_text_nothing_goes():
    inside = page().replace("<p>Barge number 3", f"{LINKED}<p>Barge number 3")
    plain = extract_release(inside, URL)
    assert f"{BOX}: sign on" in plain.body

    assert extract_release(inside, URL, seen=repeated(f"{BOX}: sign on")) == plain


def test_a_serials_releases_speak_with_one_voice_and_its_edges_are_short():
    days = [extract_release(page(LINKED, headline=f"Gull Line counts its barges, {n} March 2026"), URL) for n in (3, 4)]
    other = extract_release(page(LINKED, headline="Heron Works counts its barges, 3 March 2026"), URL)

    assert voice(days[0]) == voice(days[1]) != voice(other)
    assert edges(days[0]) == (digest(f"{BOX}: sign on"),)
