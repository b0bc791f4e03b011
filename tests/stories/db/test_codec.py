"""Packing: every release comes back as it was."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from stories.db.codec import MAX_UNPACKED_BYTES, pack, unpack
from stories.model.release import Dateline, Image, Notice, Release

texts = st.text(st.characters(exclude_categories=["Cs"]))
some = st.none() | texts
releases = st.builds(
    Release,
    url=some,
    headline=texts,
    dateline=st.none() | st.builds(Dateline, place=some, wire=some, date=some),
    tags=st.lists(texts, max_size=3).map(tuple),
    body=st.lists(texts, max_size=4).map(tuple),
    images=st.lists(st.builds(Image, url=texts, caption=some), max_size=2).map(tuple),
    revision=st.integers(1, 1_000),
    notice=st.none() | st.builds(Notice, kind=st.just("correction"), marker=texts, headline=texts, statement=some),
)


@given(releases)
def test_any_release_comes_back_as_it_was(release: Release) -> None:
    assert unpack(pack(release)) == release


def test_a_release_as_large_as_the_largest_page_comes_back() -> None:
    paragraph = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(8 << 10))
    release = Release(headline="Long", body=(paragraph,) * 320, text=paragraph * 320)
    assert unpack(pack(release)) == release


def test_what_unfolds_beyond_any_release_is_refused() -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=False).compress(
        b'{"headline":"' + b"x" * MAX_UNPACKED_BYTES + b'"}'
    )
    with pytest.raises(zstandard.ZstdError):
        unpack(bomb)


@pytest.mark.parametrize("written", [b'{"headline": 3}', b"{}", b"no JSON"])
def test_what_is_no_release_is_refused(written: bytes) -> None:
    with pytest.raises((msgspec.ValidationError, msgspec.DecodeError)):
        unpack(zstandard.ZstdCompressor().compress(written))


def test_what_an_older_version_wrote_without_new_fields_can_be_read() -> None:
    written = zstandard.ZstdCompressor().compress(b'{"headline":"Old","a_field_of_another_version":1}')
    assert unpack(written) == Release(headline="Old")


def test_the_words_that_releases_are_packed_with_never_change() -> None:
    # What was packed with other words is read as garbage: for better ones, a dictionary with a number of its own.
    words = (files("stories.db") / "phrases.txt").read_bytes()
    assert hashlib.sha256(words).hexdigest() == "caa75b484631437b1c935c73f68c83150744f3d83b8ccc4916861518906381d9"
