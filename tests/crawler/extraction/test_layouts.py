"""The same release comes out of every layout, in every language: nothing leaks in, nothing is lost."""

from __future__ import annotations

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
