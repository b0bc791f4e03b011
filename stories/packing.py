"""Releases as bytes in Redis: JSON, compressed with zstandard."""

from __future__ import annotations

import msgspec
import zstandard

from stories.release import Release

LARGEST = 64 << 20  # a release is read from at most 8 MB of page; more than this was not written by us

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Release)


def pack(release: Release) -> bytes:
    """Return the release as compressed JSON."""
    return zstandard.ZstdCompressor(level=3).compress(_encoder.encode(release))


def unpack(packed: bytes) -> Release:
    """Return the release that ``pack`` wrote."""
    return _decoder.decode(zstandard.ZstdDecompressor().decompress(packed, max_output_size=LARGEST))
