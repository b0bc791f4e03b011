"""Releases made up sentence by sentence: in every layout and language each sentence is read once, and no other is."""

from __future__ import annotations

import pytest
from press_copy import LANGUAGES, Copy, write
from press_layouts import LAYOUTS, Layout

from crawler.extraction import extract_release
from crawler.extraction.text import key

URL = "https://ledger.example/business/2041-lantern"
NUMBERS = (3, 11, 26)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_sentence_of_a_release_is_read_once_and_none_of_another(layout: Layout, language, number):
    copy = write(language, number)

    release = extract_release(layout(copy), URL)

    assert lost(copy, release.text) == []
    assert leaked(copy, release.text) == []
    assert release.text.split("\n")[1:] == list(copy.paragraphs[1:])
    assert release.headline == copy.headline
    assert release.about == copy.about
    assert release.dateline is not None
    assert release.dateline.place == copy.place


def lost(copy: Copy, text: str) -> list[str]:
    """Return the paragraphs of a release that a text has not, or more than once."""
    return [paragraph for paragraph in copy.paragraphs if key(text).count(key(paragraph)) != 1]


def leaked(copy: Copy, text: str) -> list[str]:
    """Return what of the site and of other stories stands in a text."""
    titles, teasers = zip(*copy.teasers, strict=True)
    return [other for other in (*titles, *teasers, *copy.sidebar, copy.related) if key(other) in key(text)]
