"""Pages that name other pages are told from pages that have a text of their own, and from those that have several."""

from __future__ import annotations

import html

import pytest

from crawler.extraction import NotARelease, extract_release

URL = "https://ledger.example/business/barges"
TEASER = "The town woke up to find that barge number {n} had come in by night with salt and rope, and that the lo..."
SUMMARY = "Barge number {n} came in by night with salt and rope for the town, and was unloaded before the sun was up."
TITLE = "Barge number {n} of the Gull Line carries salt up the river"
LINKED = '<h3><a href="/business/{n}-story">' + TITLE + "</a></h3>"
NOTICE = "HONG KONG - Media OutReach Newswire - 9 March 2026 - This release was withdrawn by its issuer."


def page(inside: str, headline: str = "Gull Line buys nine barges") -> str:
    return f"<html><head><title>{headline}</title></head><body><h1>{headline}</h1>{inside}</body></html>"


def numbered(form: str, count: int) -> str:
    return "".join(form.format(n=n) for n in range(count))


def paragraphs(texts) -> str:
    return "".join(f"<p>{html.escape(text)}</p>" for text in texts)


LISTINGS = {
    "whole summaries under linked headlines": numbered(f"<div>{LINKED}<p>{SUMMARY}</p></div>", 6),
    "summaries below dates": numbered(f"<li>{LINKED}<span>9 March 2026</span><div>{SUMMARY}</div></li>", 6),
    "a lead story and teasers": f"<p>{'The Gull Line has nine barges more than a year ago. ' * 5}</p>"
    + numbered(f"<div>{LINKED}<p>{TEASER}</p></div>", 9),
    "rows of dates and headlines": "<table>"
    + numbered(f"<tr><td>{{n}} March 2026<br><a href='/{{n}}'>{TITLE}</a></td></tr>", 4)
    + "</table>",
}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_page_that_only_names_others_is_a_listing(name):
    with pytest.raises(NotARelease) as refusal:
        extract_release(page(LISTINGS[name], "Business"), URL)

    assert refusal.value.reason == "listing"


def test_a_release_is_read_though_more_teasers_than_paragraphs_stand_behind_it(english):
    text = paragraphs((english.dateline + english.body[0], *english.body[1:]))
    teasers = numbered(f"<h4>{TITLE}</h4><p>{TEASER}</p>", 5)

    release = extract_release(page(f"<div>{text}<h4>More from the river</h4>{teasers}</div>", english.headline), URL)

    assert release.body == english.body


def test_a_release_is_read_though_linked_headlines_stand_between_its_paragraphs(english):
    parts = (english.dateline + english.body[0], *english.body[1:])
    text = "".join(
        f"<p>{html.escape(part)}</p><ul><li>{LINKED.format(n=number)}</li></ul>" for number, part in enumerate(parts)
    )

    release = extract_release(page(f"<div>{text}</div>", english.headline), URL)

    assert set(english.body) <= set(release.body)


def test_a_long_text_without_a_full_stop_at_its_end_is_no_listing():
    verse = "Nine barges went up the river by night, and nine came down with the day. " * 8 + "So ends the song"
    links = numbered(f"<p><a href='/{{n}}'>{TITLE}</a></p>", 9)

    release = extract_release(page(f"<div><p>{verse}</p></div><div>{links}</div>"), URL)

    assert release.body == (verse,)


def test_a_notice_of_one_dated_sentence_is_a_release_among_many_links():
    release = extract_release(page(f"<div><p>{NOTICE}</p></div><ul>{numbered(f'<li>{LINKED}</li>', 9)}</ul>"), URL)

    assert release.body == ("This release was withdrawn by its issuer.",)


def test_of_several_articles_side_by_side_the_one_with_the_headline_is_read(english):
    others = numbered(f"<article><p>{SUMMARY * 3}</p></article>", 6)
    text = paragraphs((english.dateline + english.body[0], *english.body[1:]))
    inside = f"<article><h1>{english.headline}</h1>{text}</article><h3>You may be interested in</h3>{others}"

    release = extract_release(f"<html><title>{english.headline}</title><body>{inside}</body></html>", URL)

    assert release.body == english.body
