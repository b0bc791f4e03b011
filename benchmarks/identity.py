"""Measures accuracy and speed of identity on real releases: labelled pairs, and an archive replayed in order.

    python benchmarks/identity.py pairs            precision and recall by label, compared with plain Jaccard
    python benchmarks/identity.py replay [COUNT]   the stories with more than one release; releases per second
    python benchmarks/identity.py throughput [COUNT]    the same through Redis, from empty
    python benchmarks/identity.py million [--older N]   the same on top of N older releases (1,000,000: 3 GB)
    python benchmarks/identity.py stories FILE          the resulting stories; these three: benchmarks/memory.py

Data: ``$WIREWATCH_DATA/releases`` (see the data's own README). A pair counts as the same story if the two share a
blocking key, so that the lookup offers one as a candidate for the other, and the verdict joins them.
"""

from __future__ import annotations

import json
import lzma
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.identity import Verdict, blocking_keys_of, identify
from pipelines.notices import find_notice
from stories.model.release import Release
from stories.store.releases import KnownRelease

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).parents[2] / "shared/data")) / "releases"
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SAME, OTHER = ("dup", "correction", "update"), ("template", "followup")
CANDIDATES = 20  # as the lookup offers
BUSY = 400  # releases of one key remembered: more than any key's newest that are ever offered


def rows() -> list[dict[str, str]]:
    """Return the archive's rows in the order of their dates."""
    with lzma.open(DATA / "releases.jsonl.xz", "rt", encoding="utf-8") as lines:
        return sorted(map(json.loads, lines), key=lambda row: (row["date"], row["id"]))


def releases() -> Iterator[Release]:
    """Yield the archive's releases in the order of their dates."""
    yield from map(release_of, rows())


def release_of(row: dict[str, str]) -> Release:
    """Return a row of the archive as the crawler would hand it over: paragraphs, the notice's marker taken off."""
    body = tuple(line.strip() for line in row["body"].split("\n") if line.strip())
    notice = find_notice(row["title"], body)
    return Release(
        id="rel_" + row["id"],
        source=row["wire"],
        wire=row["wire"],
        url=row["source_url"],
        headline=notice.headline if notice else row["title"],
        notice=notice,
        body=body,
        published_at=row["date"],
        first_seen_at=f"{row['date']}T12:00:00.000Z",
    )


def judge(older: Release, newer: Release) -> tuple[bool, Verdict]:
    """Return whether two releases become one story, and the verdict."""
    candidate = KnownRelease(release=older, story="sty", replaces=None, first=True)
    verdict = identify(newer, [candidate], NOW)
    return verdict.story == "sty" and bool(set(blocking_keys_of(older)) & set(blocking_keys_of(newer))), verdict


def jaccard5(one: Release, other: Release) -> float:
    """Return the baseline: the Jaccard similarity of the whole texts' runs of five words."""
    a, b = (_fives(release) for release in (one, other))
    return len(a & b) / len(a | b) if a | b else 0.0


def _fives(release: Release) -> set[tuple[str, ...]]:
    text = " ".join(release.body).lower().split()
    return set(zip(*(text[n:] for n in range(5)), strict=False))


def pairs() -> None:
    """Print precision and recall on the labelled pairs by label, with every wrong pair."""
    known = {release.id: release for release in releases()}
    with (DATA / "pairs.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    joined: dict[str, list[bool]] = defaultdict(list)
    baseline: dict[str, list[float]] = defaultdict(list)
    wrong = []
    kinds: Counter[tuple[str, str]] = Counter()
    for row in rows:
        older, newer = known["rel_" + row["a"]], known["rel_" + row["b"]]
        if older.notice is not None and newer.notice is None and row["days"] == 0:
            older, newer = newer, older
        same, verdict = judge(older, newer)
        label = row["label"]
        kinds[label, verdict.kind] += 1
        joined[label].append(same)
        baseline[label].append(jaccard5(older, newer))
        if label in SAME + OTHER and same != (label in SAME):
            keyless = "" if set(blocking_keys_of(older)) & set(blocking_keys_of(newer)) else " (no key shared)"
            wrong.append(f"{label:10} {older.id} {newer.id} {row['days']:3}d {verdict.kind}: {verdict.why}{keyless}")
            wrong += [f"{'':11}{older.headline[:110]}", f"{'':11}{newer.headline[:110]}"]
    for label, outcomes in sorted(joined.items()):
        counts = ", ".join(f"{kind} {count}" for (of, kind), count in sorted(kinds.items()) if of == label)
        print(f"{label:10} {sum(outcomes):4} of {len(outcomes):4} joined   ({counts})")
    print("identity        " + _scores(joined))
    for threshold in (0.6, 0.7, 0.8, 0.9):
        print(f"Jaccard ≥ {threshold:.2f}  " + _scores(
            {label: [value >= threshold for value in values] for label, values in baseline.items()}))  # fmt: skip
    print("\n".join(wrong))


def _scores(joined: dict[str, list[bool]]) -> str:
    right = sum(sum(joined[label]) for label in SAME)
    false = sum(sum(joined[label]) for label in OTHER)
    recall = right / sum(len(joined[label]) for label in SAME)
    return f"precision {right / (right + false):.4f}  recall {recall:.4f}"


def replay(count: int | None) -> None:
    """Print what a replay of the archive in memory makes of it: stories with more than one release, and the speed."""
    index: dict[object, list[str]] = defaultdict(list)
    kept: dict[str, KnownRelease] = {}
    stories: dict[str, list[tuple[str, Verdict]]] = defaultdict(list)
    kinds: Counter[str] = Counter()
    clock = {"traits": 0.0, "identify": 0.0}
    offered = 0
    batch = list(releases())
    if count:
        batch = batch[: int(count)] if count > 0 else batch[count:]
    for release in batch:
        started = time.process_time()
        keys = blocking_keys_of(release)
        clock["traits"] += time.process_time() - started
        candidates = [kept[id_] for id_ in offer(index, keys)]
        offered += len(candidates)
        started = time.process_time()
        verdict = identify(release, candidates, NOW)
        clock["identify"] += time.process_time() - started
        kinds[verdict.kind] += 1
        assert release.id is not None
        story = verdict.story or f"sty_{release.id}"
        stories[story].append((release.id, verdict))
        kept[release.id] = KnownRelease(release=release, story=story, first=verdict.story is None,
                                     replaces=verdict.of if verdict.kind == "notice" else None)  # fmt: skip
        if verdict.kind == "late_original" and verdict.of:
            kept[verdict.of] = replace(kept[verdict.of], replaces=release.id)
        for key in keys:
            index[key].append(release.id)
    total = len(batch)
    several = {story: members for story, members in stories.items() if len(members) > 1}
    print(f"{total} releases, {len(stories)} stories, {len(several)} with more than one; {dict(kinds)}")
    print(f"{offered / total:.1f} candidates a release; {total / sum(clock.values()):.0f} releases/s of CPU")
    print(", ".join(f"{step} {seconds / total * 1000:.3f} ms a release" for step, seconds in clock.items()))
    chosen = random.Random(7).sample(sorted(several), min(40, len(several)))
    for story in chosen:
        print()
        for id_, verdict in several[story]:
            release = kept[id_].release
            print(f"{id_} {release.published_at} {release.source} {verdict.kind}: {verdict.why}")
            print(f"      {release.headline[:130]}")


def offer(index: dict[object, list[str]], keys: Iterable[object]) -> list[str]:
    """Return the candidates that memory would offer: those that share most keys, the newest first among equals."""
    shared: Counter[str] = Counter()
    for key in keys:
        shared.update(index[key][-BUSY:])
    return [id_ for id_, _ in sorted(shared.items(), key=lambda item: (item[1], item[0]), reverse=True)[:CANDIDATES]]


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit(f"no data at {DATA}: set WIREWATCH_DATA")
    what = sys.argv[1] if len(sys.argv) > 1 else "pairs"
    if what == "replay":
        replay(int(sys.argv[2]) if len(sys.argv) > 2 else None)
    elif what in ("throughput", "million", "stories"):
        import memory

        memory.main(what, sys.argv[2:])
    else:
        pairs()
