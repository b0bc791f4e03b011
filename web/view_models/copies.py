"""A story's copies in one line: on how many sites, where first, how much later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from stories.model.release import Release
from stories.search.filters import kind_of
from stories.store.archive import StoredStory
from web.view_models.rows import source_title

SITES_NAMED = 6  # in the line


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """A story's copies in one line."""

    words: str
    """``also on 4 sites, first here, last 12 min later``."""
    sites: Sequence[str]


def copies_of(story: StoredStory, shown: str | None, settings: Settings) -> Copies | None:
    """Return a story's copies in one line; None without any. ``shown``: the release that the line stands under."""
    copies = [one for one in story.releases if kind_of(one) == "copy"]
    first = story.releases[0].release
    here = next((one.release.source for one in story.releases if one.release.id == shown), first.source)
    sites = list(
        dict.fromkeys(one.release.source for one in (story.releases[0], *copies) if one.release.source != here)
    )
    if not copies or not sites:
        return None
    where = "first here" if first.source == here else f"first on {source_title(settings, first.source)}"
    last = delay(first, copies[-1].release)
    words = [f"also on {len(sites)} site{'s' if len(sites) != 1 else ''}", where, f"last {last}" if last else ""]
    return Copies(
        words=", ".join(filter(None, words)), sites=[source_title(settings, one) for one in sites[:SITES_NAMED]]
    )


def delay(first: Release, later: Release) -> str | None:
    """Return in words how long after the first release another was seen; None for the first itself."""
    if later.id == first.id or not first.first_seen_at or not later.first_seen_at:
        return None
    span = datetime.fromisoformat(later.first_seen_at) - datetime.fromisoformat(first.first_seen_at)
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} later"
    return f"{seconds} s later"
