"""What stands on the page of a release above any number of teasers: the release, a notice, an error, or nothing."""

from __future__ import annotations

import pytest
from replaced_pages import FORMS, LANGUAGES, LAYOUTS, TEASERS, URL, TeaserForm, Words, page, states
from scrapy.http import HtmlResponse

from crawler.extraction import NotARelease, extract_release
from crawler.pages.removed_pages import is_site_down, removed_by_content, removed_by_headline

STATES = ("withdrawal", "withdrawal under the headline", "correction")


def read(words: Words, state: str, layout: str, count: int, form: TeaserForm) -> tuple[str, ...] | str:
    """Return the paragraphs that are read, or how the page of a known release is seen to be gone."""
    html = page(words, *states(words)[state], layout, count, form).encode()
    response = HtmlResponse(URL, body=html, encoding="utf-8")
    try:
        release = extract_release(html, URL)
    except NotARelease as refusal:
        return removed_by_content(refusal, URL, response) or f"refused: {refusal}"
    if is_site_down(release.headline or "", response):
        return "away"
    return removed_by_headline(release.headline or "", response) or release.body


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_short_release_is_read_under_any_number_of_teasers(language: str, layout: str, form: TeaserForm) -> None:
    words = LANGUAGES[language]
    for count in TEASERS:
        body = read(words, "release", layout, count, form)

        assert not isinstance(body, str), body
        assert body[-1] == words.body[-1], f"{count} teasers"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_in_place_of_a_release_is_read_as_one_and_alone(language: str, layout: str, state: str) -> None:
    words = LANGUAGES[language]
    for count in TEASERS:
        for form in FORMS:
            assert read(words, state, layout, count, form) == states(words)[state][1], f"{count} teasers, {form}"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_page_with_status_200_is_gone_under_any_number_of_teasers(language: str, layout: str) -> None:
    for count in TEASERS:
        for form in FORMS:
            assert read(LANGUAGES[language], "soft 404", layout, count, form) == "not found", f"{count} teasers, {form}"


@pytest.mark.parametrize("state", ["emptied", "emptied, headline too"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_without_its_text_is_emptied_or_read_as_other_stories(language: str, layout: str, state: str) -> None:
    words = LANGUAGES[language]
    for count in TEASERS:
        for form in FORMS:
            found = read(words, state, layout, count, form)

            assert found == "emptied" or not isinstance(found, str), f"{count} teasers, {form}: {found}"
            assert not set(found) & set(words.body)


LISTINGS = {
    "a section": "<h1>Corrections and clarifications of the week</h1>",
    "a tag": "<h1>Everything about night ferries to Ostende</h1>",
}


@pytest.mark.parametrize("form", FORMS[:3])
@pytest.mark.parametrize("above", LISTINGS.values(), ids=list(LISTINGS))
def test_a_page_of_teasers_that_never_was_a_release_is_refused(above: str, form: TeaserForm) -> None:
    html = page(LANGUAGES["en"], "", (), "article", 16, form).replace("<h1></h1>", above)

    with pytest.raises(NotARelease, match="listing"):
        extract_release(html, URL)


def test_a_notice_under_a_log_in_form_and_a_consent_banner_is_read() -> None:
    words = LANGUAGES["en"]
    form = "<header><form><input name='user'><input type='password'></form></header>"
    banner = (
        "<div class='consent'><p>We use cookies. With your consent to cookies we measure what is read; see our cookie "
        "policy.</p></div>"
    )
    html = page(words, *states(words)["withdrawal"], "article", 12).replace("<body>", f"<body>{form}{banner}")

    assert extract_release(html, URL).body[0].endswith(words.withdrawal[1])
