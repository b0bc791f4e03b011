"""The same release comes out of every layout, in every language: nothing leaks in, nothing is lost."""

from __future__ import annotations

import html
import json

import pytest

from crawler.extraction import extract_release

URL = "https://ledger.example/business/2041-story"


def test_every_layout_gives_the_release_and_nothing_else(story, layout):
    release = extract_release(layout(story), URL)

    assert release.headline == story.headline
    assert release.subheadline == story.subheadline
    assert release.dateline is not None
    assert (release.dateline.place, release.dateline.date) == (story.place, story.date)
    assert release.body == story.body
    assert release.about == story.about
    assert release.tags == story.tags
    assert release.disclaimer == story.disclaimer
    assert release.language == story.language
    assert release.text == story.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_bytes_are_read_as_the_text_is(story, layout, encoding):
    page = layout(story)

    assert extract_release(page.encode(encoding), URL) == extract_release(page, URL)


def test_a_text_that_only_the_linked_data_holds_is_read_from_there(english):
    linked = {
        "@type": "NewsArticle",
        "headline": english.headline,
        "articleBody": "\n".join((english.dateline + english.body[0], *english.body[1:])),
    }
    page = (
        f"<html><head><title>{english.headline}</title><script type='application/ld+json'>{json.dumps(linked)}</script></head>"  # noqa: E501
        f"<body><h1>{english.headline}</h1><div id='story'></div><p>Subscribe to read on, and support the desk.</p></body></html>"  # noqa: E501
    )

    release = extract_release(page, URL)

    assert release.body == english.body
    assert release.dateline is not None
    assert release.dateline.place == "HONG KONG SAR"


def test_a_text_that_is_streamed_into_the_page_is_read_and_what_is_hidden_is_not(english):
    text = "".join(f"<p>{html.escape(line)}</p>" for line in english.body)
    page = (
        f"<html><body><h1>{english.headline}</h1><template id='B:0'></template><div hidden id='S:0'><div>{text}</div></div>"  # noqa: E501
        "<div hidden><p>This sentence waits for a click that no reader of ours will ever make, so it is not read.</p></div>"  # noqa: E501
        "</body></html>"
    )

    assert extract_release(page, URL).body == english.body


def test_a_paragraph_that_begins_with_the_name_under_a_logo_is_no_caption(english):
    name = "Harbourlight Park of Port Ambrose"
    about = (f"About {name}", f"{name} {english.about[1].removeprefix('Harbourlight Park ')}")
    text = "".join(f"<p>{html.escape(line)}</p>" for line in (*english.body, *about))
    page = f"<body><h1>{english.headline}</h1><div><img src='/images/park.jpg' alt='{name}'>{text}</div></body>"

    assert extract_release(page, URL).about == about
