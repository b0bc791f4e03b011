"""Stop 8, identify: the keys under which memory finds the releases that may be the same story."""

from __future__ import annotations

import hashlib
import struct
from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rensa import RMinHash

from pipelines.identity.facts import coined, contact_of, day_of, figures_of, has_language, neutral_url, rarest, uuids
from pipelines.identity.features import ReleaseFeatures, read, short_key
from pipelines.identity.normalized_words import folded, squeezed, words
from stories.model.release import Release
from stories.model.urls import url_digest

BANDS = 6
ROWS = 3
"""6 bands of 3 find a pair of Jaccard .7 with 92 %, of .5 with 55 %, of .2 with 5 %; headline and lead find others.

Half the keys of 12 bands of 4, which find the same of the labelled pairs and of 23,000 releases replayed.
"""
SEED = 20260211
FIGURES = 2  # a translation rounds one of them, or writes it in words
ALTERNATES = 4  # languages of one page
MOST = 30  # keys a release; each is an entry in Redis
SLUG = 40  # characters: some wires cut their slugs
SHORTEST = 24  # characters of a headline worth a key of its own beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingKey:
    """One key of the index: releases that share it are candidates for each other."""

    kind: str
    """``url``, ``wire``, ``uuid``, ``text``, ``headline``, ``slug``, ``lead``, ``band``, ``figure`` or ``contact``."""
    digest: str
    """Eight characters, of the kind and what is shared; stable between processes and versions. Among a hundred million
    keys three in a million are two at once: two releases that are compared for nothing."""


def traits(release: Release) -> tuple[BlockingKey, ...]:
    """Return the keys of a release, the strongest first, at most ``MOST``."""
    reading = read(release)
    found: dict[str, BlockingKey] = {}
    for trait in _named(release, reading):
        found.setdefault(trait.digest, trait)
    return tuple(found.values())[:MOST]


def _named(release: Release, reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    for url in sorted(reading.urls):
        yield _trait("url", url)
    if has_language(release.url):
        yield _trait("url", url_digest(f"https://{neutral_url(release.url)}"))
    for url in release.alternates[:ALTERNATES]:
        yield _trait("url", url_digest(url))
    for uuid in sorted(uuids(release.url))[:1]:
        yield _trait("uuid", uuid)
    for wire, wire_id in sorted(reading.ids):
        yield _trait("wire", f"{wire} {wire_id}")
    if reading.folded and len(reading.folded) < ROWS:  # of a longer text, equal bands say the same
        yield _trait("text", " ".join(reading.folded))
    for headline in (reading.headline_key, reading.plain_headline_key):
        if headline:
            yield _trait("headline", headline)
    for headline in reading.quotes:
        yield _trait("headline", squeezed(headline))
    for slug in _slugs(reading):
        yield _trait("slug", slug)
    for lead in reading.leads:
        yield _trait("lead", " ".join(lead))
    yield from _bands(reading)
    yield from _facts(release, reading)


def _facts(release: Release, reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    """Yield what a translation shares: the figures that tell most, else words that are not translated; with the day."""
    figures = rarest(figures_of(release), FIGURES)
    telling = (*figures, *coined(reading.spelled, FIGURES - len(figures)))
    day = day_of(release)
    for said in telling:
        yield _trait("figure", f"{day} {said}")
    contact = contact_of(release) if len(telling) < FIGURES else None
    if contact:
        yield _trait("contact", f"{day} {contact}")


def _slugs(reading: ReleaseFeatures) -> Iterable[str]:
    keys = [short_key(reading.headline), reading.slug_key]
    keys += [short_key(folded(words(headline))) for headline in reading.quotes]
    return [key[:SLUG] for key in keys if key and len(key) >= SHORTEST]


def _bands(reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    low = reading.folded
    if len(low) < ROWS:
        return
    signature = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    signature.update(list(map(" ".join, zip(low, low[1:], low[2:], strict=False))))
    digest = signature.digest()
    for band in range(BANDS):
        rows = struct.pack(f">{ROWS}I", *digest[band * ROWS : (band + 1) * ROWS])
        yield _trait("band", f"{RMinHash.ALGORITHM_VERSION} {band} {rows.hex()}")


def _trait(kind: str, what: str) -> BlockingKey:
    digest = hashlib.blake2b(f"{kind} {what}".encode(), digest_size=6).digest()
    return BlockingKey(kind=kind, digest=b2a_base64(digest, newline=False).decode())
