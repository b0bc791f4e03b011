"""Releases as bytes in Redis: JSON, compressed with zstandard; and a kept one with its part in its story before it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

import msgspec
import zstandard

from stories.model.release import Release

LARGEST = 64 << 20  # a release is read from at most 8 MB of page; more than this was not written by us
LEVEL = 3  # level 6 saves another 5 % and takes three times as long
TRAINED = 256 << 10  # bytes of a dictionary; half as much costs a release 5 %, twice as much saves nothing
PHRASES = 0  # the number of our own, which needs no training
_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Release)


@cache
def _phrases() -> zstandard.ZstdCompressionDict:
    """Return what releases say again and again, words of our own: it takes a seventh off a release.

    The file stays as it is for ever: what was packed with it cannot be read with another.
    """
    told = (files("stories.db") / "phrases.txt").read_bytes().replace(b"\n", b" ")
    dictionary = zstandard.ZstdCompressionDict(told, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    dictionary.precompute_compress(level=LEVEL)
    return dictionary


def phrases_digest() -> str:
    """Return what changes with the phrases: data packed with other ones cannot be read."""
    return hashlib.sha256((files("stories.db") / "phrases.txt").read_bytes()).hexdigest()[:16]


@cache
def _compressor(dictionary: int = PHRASES) -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(dict_data=_trained[dictionary] if dictionary else _phrases(), level=LEVEL)


@cache
def _decompressor(dictionary: int = PHRASES) -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor(dict_data=_trained[dictionary] if dictionary else _phrases())


_trained: dict[int, zstandard.ZstdCompressionDict] = {}


def train(releases: Sequence[Release]) -> bytes:
    """Return a dictionary of what these releases have in common; ``zstandard.ZstdError`` when that is too little.

    Some 0.3 s for 500 releases, in which other threads run.
    """
    return zstandard.train_dictionary(TRAINED, [_encoder.encode(one) for one in releases]).as_bytes()


def learn(dictionary: bytes) -> int:
    """Make a trained dictionary known to this process, and return its number."""
    found = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT)
    number = found.dict_id()
    if number not in _trained:
        found.precompute_compress(level=LEVEL)
        _trained[number] = found
    return number


def knows(dictionary: int) -> bool:
    """Return whether what was packed with this dictionary can be unpacked."""
    return dictionary == PHRASES or dictionary in _trained


def dictionary_of(packed: bytes) -> int:
    """Return the number of the dictionary that something was packed with (RFC 8878, 3.1.1.1.3)."""
    return zstandard.get_frame_parameters(packed).dict_id


def compress(data: bytes) -> bytes:
    """Return data compressed."""
    return _compressor().compress(data)


def decompress(data: bytes) -> bytes:
    """Return what ``compress`` was given, and what was not compressed as it is."""
    return _decompressor().decompress(data, max_output_size=LARGEST) if data.startswith(_MAGIC) else data


def pack(release: Release, dictionary: int = PHRASES) -> bytes:
    """Return the release as compressed JSON."""
    return _compressor(dictionary).compress(_encoder.encode(release))


def unpack(packed: bytes) -> Release:
    """Return the release that ``pack`` wrote; ``KeyError`` while its dictionary is not known."""
    return _decoder.decode(_decompressor(dictionary_of(packed)).decompress(packed, max_output_size=LARGEST))


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
