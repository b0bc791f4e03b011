"""The caches of identity: features of a release are kept for the comparisons that follow.

They are bounded by their number of entries. A release of hundreds of thousands of characters needs megabytes in each
cache, so they are emptied after such a release; features of the next candidates are computed again.
"""

from __future__ import annotations

from pipelines.identity import facts, features, similarity
from stories.model.release import Release

LONG_TEXT = 60_000  # characters; the longest of 23,343 real releases has 55,719

_CACHED = tuple(
    found
    for module in (features, similarity, facts)
    for found in vars(module).values()
    if hasattr(found, "cache_clear") and getattr(found, "__module__", None) == module.__name__
)


def free_after(release: Release) -> None:
    """Empty the caches after a release with a long text."""
    if len(release.headline) + sum(map(len, release.body)) > LONG_TEXT:
        for cached in _CACHED:
            cached.cache_clear()
