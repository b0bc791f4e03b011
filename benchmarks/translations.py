"""Measures how well translations are found among generated announcements of the same issuers.

    python benchmarks/translations.py [SEED]    precision and recall by half of the topics, with the errors

Data: ``tests/support/translated_press.py``. Releases are processed in the order of their times. A pair counts as one
story if the lookup offers one as a candidate for the other (blocking keys) and the verdict joins them.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

from identity import offer  # noqa: E402
from translated_press import DEVELOPED_ON, MEASURED_ON, Translated, pairs, triples  # noqa: E402

from pipelines.identity import blocking_keys_of, identify  # noqa: E402
from pipelines.identity.features import features_of  # noqa: E402
from pipelines.identity.relation import relate  # noqa: E402
from stories.model.release import Release  # noqa: E402
from stories.store.releases import KnownRelease  # noqa: E402

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TRIPLES, PAIRS = 200, 100


@dataclass(slots=True)
class Score:
    """Pairs that were joined rightly, wrongly, and missed."""

    right: int = 0
    false: list[tuple[Release, Release]] = field(default_factory=list)
    missed: list[tuple[Release, Release]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + len(self.false))

    @property
    def recall(self) -> float:
        return self.right / max(1, self.right + len(self.missed))


def measure(announcements: Iterable[Translated], seed: int) -> Score:
    """Replay the releases in the order of their times and return the score over all pairs of them."""
    truth = {release.id: number for number, variants in enumerate(announcements) for release in variants.releases}
    releases = [release for announcement in announcements for release in announcement.releases]
    random.Random(seed).shuffle(releases)
    releases.sort(key=lambda release: release.first_seen_at or "")
    index: dict[object, list[str]] = defaultdict(list)
    kept: dict[str, KnownRelease] = {}
    for release in releases:
        keys = blocking_keys_of(release)
        verdict = identify(release, [kept[id_] for id_ in offer(index, keys)], NOW)
        assert release.id is not None
        joins = verdict.kind == "copy"
        story = verdict.story if joins and verdict.story else f"sty_{release.id}"
        kept[release.id] = KnownRelease(release=release, story=story, replaces=None, first=not joins)
        for key in keys:
            index[key].append(release.id)
    score = Score()
    for release, other in combinations(releases, 2):
        same = kept[release.id or ""].story == kept[other.id or ""].story
        if truth[release.id] == truth[other.id]:
            if same:
                score.right += 1
            else:
                score.missed.append((release, other))
        elif same:
            score.false.append((release, other))
    return score


def show(name: str, announcements: Sequence[Translated], seed: int) -> None:
    """Print the score and some of what came out wrong."""
    score = measure(announcements, seed)
    print(f"{name:28} precision {score.precision:.4f}  recall {score.recall:.4f}  "
          f"({score.right} right, {len(score.false)} false, {len(score.missed)} missed)")  # fmt: skip
    for what, found in (("false", score.false), ("missed", score.missed)):
        for release, other in found[:12]:
            shared = {trait.kind for trait in {*blocking_keys_of(release)} & {*blocking_keys_of(other)}}
            pair = " | ".join(f"{side.language} {side.headline[:50]}" for side in (release, other))
            print(f"    {what}: {pair}; {shared}")
            print(f"        {relate(release, other, features_of(release), features_of(other)).why}")


if __name__ == "__main__":
    chosen = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    halves = (("developed on", DEVELOPED_ON), ("measured on", MEASURED_ON))
    for half, topics in halves[: 1 if "--develop" in sys.argv else 2]:
        show(f"triples, {half}", triples(topics, TRIPLES, chosen), chosen)
        show(f"pairs, {half}", pairs(topics, PAIRS, chosen), chosen)
