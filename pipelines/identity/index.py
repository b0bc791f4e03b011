"""Stop 8, identify: the keys under which memory finds the releases that may be the same story."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from rensa import RMinHash

from pipelines.identity.reading import Reading, read, short_key
from pipelines.identity.words import folded, squeezed, words
from stories.release import Release

BANDS = 12
ROWS = 4
"""12 bands of 4 find a pair of Jaccard .7 with 96 %, of .5 with 54 %, of .2 with 2 %; headline and lead find others."""
SEED = 20260211
MOST = 30  # keys a release; each is an entry in Redis
SLUG = 40  # characters: some wires cut their slugs
SHORTEST = 24  # characters of a headline worth a key of its own beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """One key of the index: releases that share it are candidates for each other."""

    kind: str
    """``url``, ``wire``, ``text``, ``headline``, ``slug``, ``lead`` or ``band``."""
    digest: str
    """Stable between processes and versions; a band's also names the signature's algorithm."""


def traits(release: Release) -> tuple[Trait, ...]:
    """Return the keys of a release, the strongest first, at most ``MOST``."""
    reading = read(release)
    found: dict[Trait, None] = {}
    for url in sorted(reading.urls):
        found[Trait(kind="url", digest=url[:20])] = None
    for wire, wire_id in sorted(reading.ids):
        found[_trait("wire", f"{wire} {wire_id}")] = None
    if reading.folded:
        found[_trait("text", " ".join(reading.folded))] = None
    for headline in (reading.headline_key, reading.plain_headline_key):
        if headline:
            found[_trait("headline", headline)] = None
    for headline in reading.quotes:
        found[_trait("headline", squeezed(headline))] = None
    for slug in _slugs(reading):
        found[_trait("slug", slug)] = None
    for lead in reading.leads:
        found[_trait("lead", " ".join(lead))] = None
    for trait in _bands(reading):
        found[trait] = None
    return tuple(found)[:MOST]


def _slugs(reading: Reading) -> Iterable[str]:
    keys = [short_key(reading.headline), reading.slug_key]
    keys += [short_key(folded(words(headline))) for headline in reading.quotes]
    return [key[:SLUG] for key in keys if key and len(key) >= SHORTEST]


def _bands(reading: Reading) -> Iterable[Trait]:
    low = reading.folded
    if len(low) < ROWS:
        return
    signature = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    signature.update([f"{a} {b} {c}" for a, b, c in zip(low, low[1:], low[2:], strict=False)])
    digest = signature.digest()
    for band in range(BANDS):
        rows = struct.pack(f">{ROWS}I", *digest[band * ROWS : (band + 1) * ROWS])
        yield _trait("band", f"{RMinHash.ALGORITHM_VERSION} {band} {rows.hex()}")


def _trait(kind: str, what: str) -> Trait:
    return Trait(kind=kind, digest=hashlib.blake2b(what.encode(), digest_size=10).hexdigest())
