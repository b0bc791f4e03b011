"""Releases as bytes in Redis: JSON compressed with zstandard, and a stored release with its story facts in front.

Plain JSON takes several times the memory. A dictionary of common phrases matters because each release is compressed
alone (docs/decisions/0013).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import msgspec
import zstandard

from stories.model.release import Release

MAX_UNPACKED_BYTES = 64 << 20  # a page has at most 8 MB, so wirewatch never writes more than this
LEVEL = 3  # level 6 saves another 5 % and takes three times as long
DICTIONARY_BYTES = 256 << 10  # bytes of a dictionary; half as much costs a release 5 %, twice as much saves nothing
PHRASES_DICTIONARY = 0  # the number of the built-in dictionary, which needs no training
_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Release)


@cache
def _phrases() -> zstandard.ZstdCompressionDict:
    """Return the built-in dictionary of common phrases, which makes a release a seventh smaller.

    Never change the file: data packed with it cannot be unpacked with another.
    """
    phrases = (files("stories.db") / "phrases.txt").read_bytes().replace(b"\n", b" ")
    dictionary = zstandard.ZstdCompressionDict(phrases, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=LEVEL)
    return dictionary


def phrases_digest() -> str:
    """Return the digest of the phrases: data packed with other phrases cannot be unpacked."""
    return hashlib.sha256((files("stories.db") / "phrases.txt").read_bytes()).hexdigest()[:16]


@cache
def _compressor(dictionary: int = PHRASES_DICTIONARY) -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(dict_data=_trained[dictionary] if dictionary else _phrases(), level=LEVEL)


@cache
def _decompressor(dictionary: int = PHRASES_DICTIONARY) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=_trained[dictionary] if dictionary else _phrases())


_trained: dict[int, zstandard.ZstdCompressionDict] = {}


def train_dictionary(releases: Sequence[Release]) -> bytes:
    """Return a dictionary trained on these releases; it takes some 0.3 s for 500 releases, and releases the GIL.

    Raises:
        zstandard.ZstdError: the releases have too little in common.
    """
    return zstandard.train_dictionary(DICTIONARY_BYTES, [_encoder.encode(release) for release in releases]).as_bytes()


def register_dictionary(dictionary: bytes) -> int:
    """Register a trained dictionary in this process, and return its number."""
    found = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT)
    number = found.dict_id()
    if number not in _trained:
        found.precompute_compress(level=LEVEL)
        _trained[number] = found
    return number


def has_dictionary(dictionary: int) -> bool:
    """Return whether this process can unpack data packed with this dictionary."""
    return dictionary == PHRASES_DICTIONARY or dictionary in _trained


def dictionary_of(packed: bytes) -> int:
    """Return the number of the dictionary that data were packed with (RFC 8878, 3.1.1.1.3)."""
    return zstandard.get_frame_parameters(packed).dict_id


def compress(data: bytes) -> bytes:
    """Return compressed data."""
    return _compressor().compress(data)


def decompress(data: bytes) -> bytes:
    """Return the data that ``compress`` was given; data that are not compressed are returned unchanged."""
    return _decompressor().decompress(data, max_output_size=MAX_UNPACKED_BYTES) if data.startswith(_MAGIC) else data


def pack(release: Release, dictionary: int = PHRASES_DICTIONARY) -> bytes:
    """Return the release as compressed JSON."""
    return _compressor(dictionary).compress(_encoder.encode(release))


def unpack(packed: bytes) -> Release:
    """Return the release that ``pack`` wrote.

    Raises:
        KeyError: its dictionary is not registered.
    """
    return _decoder.decode(_decompressor(dictionary_of(packed)).decompress(packed, max_output_size=MAX_UNPACKED_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedRelease:
    """A release as memory holds it, with its part in its story."""

    release: Release
    story: str
    verdict: str
    why: str
    replaces: str | None
    at: int
    """When this state was kept, ms since 1970."""


def revision_of(value: bytes) -> int:
    """Return the revision of a kept release."""
    return int(value[: value.index(b" ")])


def packed_of(value: bytes) -> bytes:
    """Return what ``pack`` wrote of a kept release."""
    return value[value.index(b"\n") + 1 :]


@lru_cache(maxsize=256)  # a serial's last issues are candidates again and again; some 3 MB
def unpack_kept(value: bytes) -> PackedRelease:
    """Return the release that ``keep.lua`` wrote: ``revision story replaces tokens verdict at why\\n`` and ``pack``."""
    head, _, packed = value.partition(b"\n")
    _, story, replaces, _, verdict, at, why = head.decode().split(" ", 6)
    return PackedRelease(
        release=unpack(packed),
        story=story,
        verdict=verdict,
        why=why,
        replaces=None if replaces == "-" else replaces,
        at=int(at),
    )
