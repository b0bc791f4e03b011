"""Computes the blocking keys under which the release store finds candidates for the same story."""

from __future__ import annotations

import hashlib
import struct
from binascii import b2a_base64
from collections.abc import Iterable, Iterator

from rensa import RMinHash

from pipelines.identity.facts import coined, contact_of, day_of, figures_of, has_language, neutral_url, rarest, uuids
from pipelines.identity.features import ReleaseFeatures, features_of, short_key
from pipelines.identity.normalized_words import compact_key, folded, words
from stories.model.release import Release
from stories.model.urls import url_digest
from stories.store.releases import BlockingKey

BANDS = 6
ROWS = 3
"""6 bands of 3 rows find a pair with Jaccard similarity .7 with 92 %, .5 with 55 %, .2 with 5 %.

Keys of headline and lead find others. 12 bands of 4 need twice the keys and find the same pairs, of the labelled ones
and of 23,000 replayed releases.
"""
SEED = 20260211
FIGURE_KEYS = 2  # a translation rounds a figure or writes it in words
MAX_ALTERNATES = 4  # languages of one page
MAX_KEYS = 30  # keys per release; each is an entry in Redis
SLUG_LENGTH = 40  # characters: some wires cut their slugs
MIN_HEADLINE_LENGTH = 24  # characters; a shorter headline gets no key of its beginning


def blocking_keys_of(release: Release) -> tuple[BlockingKey, ...]:
    """Return the keys of a release, the strongest first, at most ``MAX_KEYS``."""
    reading = features_of(release)
    found: dict[str, BlockingKey] = {}
    for trait in _keys(release, reading):
        found.setdefault(trait.digest, trait)
    return tuple(found.values())[:MAX_KEYS]


def _keys(release: Release, reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    for url in sorted(reading.urls):
        yield _key("url", url)
    if has_language(release.url):
        yield _key("url", url_digest(f"https://{neutral_url(release.url)}"))
    for url in release.alternates[:MAX_ALTERNATES]:
        yield _key("url", url_digest(url))
    for uuid in sorted(uuids(release.url))[:1]:
        yield _key("uuid", uuid)
    for wire, wire_id in sorted(reading.ids):
        yield _key("wire", f"{wire} {wire_id}")
    if reading.folded and len(reading.folded) < ROWS:  # of a longer text, equal bands say the same
        yield _key("text", " ".join(reading.folded))
    for headline in (reading.headline_key, reading.plain_headline_key):
        if headline:
            yield _key("headline", headline)
    for headline in reading.quotes:
        yield _key("headline", compact_key(headline))
    for slug in _slug_keys(reading):
        yield _key("slug", slug)
    for lead in reading.leads:
        yield _key("lead", " ".join(lead))
    yield from _band_keys(reading)
    yield from _translation_keys(release, reading)


def _translation_keys(release: Release, reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    """Yield keys of what a translation shares: the most distinctive figures, else untranslated words; with the day."""
    figures = rarest(figures_of(release), FIGURE_KEYS)
    telling = (*figures, *coined(reading.spelled, FIGURE_KEYS - len(figures)))
    day = day_of(release)
    for said in telling:
        yield _key("figure", f"{day} {said}")
    contact = contact_of(release) if len(telling) < FIGURE_KEYS else None
    if contact:
        yield _key("contact", f"{day} {contact}")


def _slug_keys(reading: ReleaseFeatures) -> Iterable[str]:
    keys = [short_key(reading.headline), reading.slug_key]
    keys += [short_key(folded(words(headline))) for headline in reading.quotes]
    return [key[:SLUG_LENGTH] for key in keys if key and len(key) >= MIN_HEADLINE_LENGTH]


def _band_keys(reading: ReleaseFeatures) -> Iterator[BlockingKey]:
    low = reading.folded
    if len(low) < ROWS:
        return
    signature = RMinHash(num_perm=BANDS * ROWS, seed=SEED)
    signature.update(list(map(" ".join, zip(low, low[1:], low[2:], strict=False))))
    digest = signature.digest()
    for band in range(BANDS):
        rows = struct.pack(f">{ROWS}I", *digest[band * ROWS : (band + 1) * ROWS])
        yield _key("band", f"{RMinHash.ALGORITHM_VERSION} {band} {rows.hex()}")


def _key(kind: str, what: str) -> BlockingKey:
    digest = hashlib.blake2b(f"{kind} {what}".encode(), digest_size=6).digest()
    return BlockingKey(kind=kind, digest=b2a_base64(digest, newline=False).decode())
