"""Summarizes a story's copies in one line: number of sites, first site, delay of the last copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import Settings
from stories.model.release import Release
from stories.search.filters import kind_of
from stories.store.archive import StoredStory
from web.view_models.rows import source_title

MAX_SITES_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """A story's copies in one line."""

    words: str
    """``also on 4 sites, first here, last 12 min later``."""
    sites: Sequence[str]


def copies_of(story: StoredStory, shown: str | None, settings: Settings) -> Copies | None:
    """Return the summary of a story's copies; None without copies. ``shown``: id of the release above the line."""
    copies = [stored for stored in story.releases if kind_of(stored) == "copy"]
    first = story.releases[0].release
    here = next((stored.release.source for stored in story.releases if stored.release.id == shown), first.source)
    sites = list(
        dict.fromkeys(stored.release.source for stored in (story.releases[0], *copies) if stored.release.source != here)
    )
    if not copies or not sites:
        return None
    where = "first here" if first.source == here else f"first on {source_title(settings, first.source)}"
    last = delay(first, copies[-1].release)
    words = [f"also on {len(sites)} site{'s' if len(sites) != 1 else ''}", where, f"last {last}" if last else ""]
    return Copies(
        words=", ".join(filter(None, words)), sites=[source_title(settings, site) for site in sites[:MAX_SITES_NAMED]]
    )


def delay(first: Release, later: Release) -> str | None:
    """Return the delay of a release after the first one as text; None for the first itself."""
    if later.id == first.id or not first.first_seen_at or not later.first_seen_at:
        return None
    span = datetime.fromisoformat(later.first_seen_at) - datetime.fromisoformat(first.first_seen_at)
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} later"
    return f"{seconds} s later"
