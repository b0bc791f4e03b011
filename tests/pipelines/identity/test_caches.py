"""What identity keeps of a release is bounded in memory, however long its text."""

from __future__ import annotations

import press_office as office

from pipelines.identity import caches
from pipelines.identity.features import features_of


def kept() -> int:
    return sum(cached.cache_info().currsize for cached in caches._CACHED)


def test_the_caches_are_kept_after_an_ordinary_release_and_emptied_after_a_long_one():
    release = office.release()
    assert features_of(release) is features_of(release)
    caches.free_after(release)
    assert kept() > 0
    caches.free_after(office.release(body=("The ferry runs from today. " * 5_000,)))
    assert kept() == 0
