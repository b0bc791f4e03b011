"""What a release's body keeps in its order, each once, and where it ends."""

# ruff: noqa: E501 (tables of sentences)

# ruff: noqa: E501
from __future__ import annotations

import html

import pytest

from crawler.extraction import extract_release

URL = "https://ledger.example/business/2041-story"
SITE = (
    "Morning Ledger prints every story that the harbour has to tell, and asks its readers to write in with their own."
)
END_MARKS = ("###", "# # #", "-30-", "- 30 -", "ENDS", "-Ends-", "- END -", "/ENDS", "***", "ENDE", "Ende der Mitteilung", "– Ende –",
             "FIN", "- Fin -", "完", "（完）", "(完)", "【完】", "全文完", "完結", "完结", "（了）", "以上", "-以上-", "終わり", "結束",
             "끝", "(끝)", "HẾT", "Hashtag: #HLP #Harbour", "#HLP #Harbour", "SOURCE Harbourlight Park", "Source: Harbourlight Park")  # fmt: skip


def page(headline: str, inside: str) -> str:
    return f"<html><head><title>{headline}</title></head><body><h1>{headline}</h1><div id='text'>{inside}</div></body></html>"


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts)


@pytest.mark.parametrize("mark", END_MARKS)
def test_a_release_ends_at_its_end_mark(english, mark):
    text = (english.dateline + english.body[0], *english.body[1:])

    release = extract_release(
        page(english.headline, paragraphs(*text, mark) + f"<section><p>{SITE}</p></section>"), URL
    )

    assert release.body == english.body


@pytest.mark.parametrize("mark", ["###", "ENDE", "完", "以上"])
def test_the_company_is_told_about_behind_an_end_mark(english, mark):
    text = (english.dateline + english.body[0], *english.body[1:], mark, *english.about)

    release = extract_release(page(english.headline, paragraphs(*text)), URL)

    assert release.body == english.body
    assert release.about == english.about


def test_lists_tables_headings_and_quotes_stay_in_order_each_once(english):
    first, second, quote, last = english.body
    inside = (
        f"{paragraphs(english.dateline + first)}<h2>What travels to Lisbon</h2><ul><li>A sorting arm of four joints</li>"
        f"<li>A cart that climbs stairs</li></ul>{paragraphs(second)}<blockquote>{paragraphs(quote)}</blockquote>"
        "<table><tr><th>Team</th><th>Machines</th></tr><tr><td>Heron</td><td>3</td></tr><tr><td>Tern | Gull</td><td>5</td></tr>"
        f"</table>{paragraphs(last)}"
    )

    assert extract_release(page(english.headline, inside), URL).body == (
        first,
        "What travels to Lisbon",
        "A sorting arm of four joints",
        "A cart that climbs stairs",
        second,
        quote,
        "| Team | Machines |",
        "| Heron | 3 |",
        "| Tern \\| Gull | 5 |",
        last,
    )


def test_a_caption_that_is_said_again_in_the_text_is_left_out(english):
    text = (english.dateline + english.body[0], *english.body[1:])
    figure = f"<figure><img src='/crate.jpg'><figcaption>{english.caption}</figcaption></figure>"

    release = extract_release(
        page(english.headline, f"{paragraphs(text[0])}{figure}{paragraphs(english.caption, *text[1:])}"), URL
    )

    assert release.body == english.body
    assert [image.caption for image in release.images] == [english.caption]


def test_teasers_that_are_cut_short_go_though_nothing_parts_them_from_the_text(english):
    text = (english.dateline + english.body[0], *english.body[1:])
    teasers = [part for teaser in english.teasers for part in teaser]

    release = extract_release(page(english.headline, paragraphs(*text, *english.about, *teasers)), URL)

    assert release.text.split("\n") == [english.dateline + english.body[0], *english.body[1:], *english.about]
