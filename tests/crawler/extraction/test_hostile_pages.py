"""Pages made to exhaust who reads them end in a release or a refusal, and nothing is read that a page does not say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from press_copy import LANGUAGES, write
from press_layouts import LAYOUTS

from crawler.extraction import NotARelease, Release, extract_release
from crawler.extraction.field_limits import PARAGRAPH_MAX
from crawler.extraction.refusals import REASONS
from crawler.extraction.text import key

URL = "https://ledger.example/business/2041-lantern"
SENTENCE = "The barge came in by night and was unloaded before the day began on the river. "
TEXT = "<h1>Gull Line buys a barge</h1>" + "".join(f"<p>{n} {SENTENCE * 2}</p>" for n in range(8))
LINK = "<li><a href='/x/y'>Barge number nine of the Gull Line carries salt</a></li>"
TEASER = (
    "<h3><a href='/x'>Barge number nine carries salt up the river</a></h3><p>The town woke up to find that anoth...</p>"
)
FIGURE = "<figure><img src=/a.jpg alt='The barge came in by night and'><figcaption>Night</figcaption></figure>"
BOMB = '<!DOCTYPE x [<!ENTITY a "salt"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
READ = {
    "100,000 links": f"{TEXT}<ul>{LINK * 100_000}</ul>",
    "20 MB of paragraphs": TEXT + f"<p>{SENTENCE * 2}</p>" * 120_000,
    "an attribute of a megabyte": f"{TEXT}<div class='{'ad ' * 300_000}' style='{'display:' * 100_000}'>",
    "entities": f"{TEXT}<p>{'&amp;' * 300_000}",
    "entities of characters that no text has": f"{TEXT}<p>{'&#1;&#x1F600;&#xFFFE;' * 50_000}",
    "an entity bomb": f"{BOMB}{TEXT}<p>&c;&c;&c;</p>",
    "5,000 captions": TEXT + FIGURE * 5_000,
    "10,000 teasers": TEXT + TEASER * 10_000,
    "rows without end": f"{TEXT}<table>{'<tr><td>salt</td><td>rope</td></tr>' * 10_000}</table>",
    "a row without end": f"{TEXT}<table><tr>{'<td>salt</td>' * 50_000}</table>",
    "5,000 articles": f"<article>{TEXT}</article>" + f"<article><p>{SENTENCE * 2}</p></article>" * 4_999,
    "linked data in linked data": f"{TEXT}<script type='application/ld+json'>{'[' * 100_000}</script>",
}  # fmt: skip
REFUSED = {
    "100,000 attributes": f"{TEXT}<div {' '.join(f'a{n}=b' for n in range(100_000))}>",
    "as many headlines": "<h1>Gull Line buys a barge</h1>" * 10_000,
    "a word of 20 MB": f"<h1>Gull Line buys a barge</h1><p>{'a' * 20_000_000}",
    "text in 20,000 elements": f"<div>{SENTENCE}" * 20_000,
}


@pytest.mark.parametrize("name", READ)
def test_a_release_is_read_whatever_stands_around_it(name):
    release = extract_release(READ[name].encode(), URL)

    assert release.body[0] == f"0 {SENTENCE * 2}".strip()
    assert len(release.body) < 1_000
    assert len(release.images) <= 50


@pytest.mark.parametrize("name", REFUSED)
def test_a_page_that_nobody_could_read_is_refused(name):
    with pytest.raises(NotARelease) as refusal:
        extract_release(REFUSED[name].encode(), URL)

    assert refusal.value.reason in REASONS


@pytest.mark.parametrize("times", [1_000, 20_000])
def test_a_line_without_an_end_is_one_paragraph_up_to_the_limit(times):
    line = SENTENCE * times

    assert extract_release(f"<h1>Gull Line buys a barge</h1><p>{line}", URL).body == (line[:PARAGRAPH_MAX].strip(),)


JUNK = st.sampled_from(
    ["<div>", "</div>", "</p>", "<table>", "<td>", "<!--", "-->", "<a href=x>", "<li>", "&#x0;", "<p", '"', "\x0b"]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A page of a release, cut short at any place, with pieces taken out of it and put into it."""
    page = draw(st.sampled_from(LAYOUTS))(write(draw(st.sampled_from(LANGUAGES)), draw(st.integers(0, 50))))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(page)))
        page = page[:at] + draw(JUNK) + page[at + draw(st.sampled_from([0, 0, 5, 80])) :]
    return page[: draw(st.integers(0, 2 * len(page)))]


@settings(max_examples=120, deadline=None)
@given(damaged())
def test_a_damaged_page_gives_nothing_that_it_does_not_say(page):
    outcome = read(page)

    if isinstance(outcome, Release):
        said = key(html.fromstring(f"<div>{page}</div>").text_content())
        found = (*outcome.body, *outcome.about, outcome.headline)
        # In a title markup is text, which this parser does not know; a headline leaves it out.
        without_tags = key(re.sub(r"<[^>]*>", " ", page))
        assert [text for text in found if key(text) not in said + without_tags and "<" not in text] == []
    else:
        assert outcome in REASONS


def read(page: str) -> Release | str:
    """Return the release, or the reason why there is none."""
    try:
        return extract_release(page, URL)
    except NotARelease as refusal:
        return refusal.reason
