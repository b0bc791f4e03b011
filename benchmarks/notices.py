"""How well ``find_notice`` tells notices from look-alikes, on real headlines and releases, and how long a call takes.

    WIREWATCH_DATA=../shared/data python -m benchmarks.notices

Prints how the project's own tables come out, the errors on ``headlines/headlines.tsv``, and every release of
``releases/releases.jsonl.xz`` that is taken for a notice, for a person to judge.
"""

from __future__ import annotations

import csv
import json
import lzma
import os
import sys
import time
from pathlib import Path

from pipelines.notices import find_notice

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).resolve().parents[1] / "../shared/data"))
TABLES = Path(__file__).resolve().parents[1] / "tests/pipelines/notices"
TIMED = 3_000  # enough calls for a steady mean, few enough for a busy machine


def tables() -> None:
    """Print precision and recall on the forms and look-alikes that the tests hold, headlines and bodies apart."""
    for marked, unmarked, what in (
        ("forms.txt", "lookalikes.txt", "headlines"),
        ("bodies.txt", "ordinary.txt", "bodies"),
    ):
        right = sum(_kind(line.split(" | ", 1)[1], what) == line.split(" | ", 1)[0] for line in _lines(marked))
        false = sum(_kind(line, what) is not None for line in _lines(unmarked))
        forms, others = len(_lines(marked)), len(_lines(unmarked))
        print(f"{what}: {right} of {forms} forms told right, {false} of {others} look-alikes taken for notices")


def _lines(name: str) -> list[str]:
    lines = (TABLES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _kind(printed: str, what: str) -> str | None:
    if what == "bodies":
        notice = find_notice("Lantern Foods Opens a Bakery", printed.split(" // "))
    else:
        notice = find_notice(printed.rsplit(" |", 1)[0])
    return notice.kind if notice else None


def labelled() -> None:
    with (DATA / "headlines/headlines.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    hit = missed = false = other_kind = 0
    for row in rows:
        notice = find_notice(row["headline"])
        said = notice.kind if notice else "none"
        if row["label"] == "none":
            false += notice is not None
        elif notice is None:
            missed += 1
        else:
            hit += 1
            other_kind += said != row["label"]
        if said != row["label"]:
            print(f"  labelled {row['label']}, said {said}: {row['headline'][:120]}")
    precision, recall = hit / max(1, hit + false), hit / max(1, hit + missed)
    print(f"{len(rows)} headlines: precision {precision:.3f}, recall {recall:.3f}, {other_kind} of another kind\n")


def releases() -> None:
    with lzma.open(DATA / "releases/releases.jsonl.xz", "rt", encoding="utf-8") as file:
        archive = [json.loads(line) for line in file]
    fired = 0
    for release in archive:
        body = [line for line in release["body"].split("\n") if line.strip()]
        by_headline, notice = find_notice(release["title"]), find_notice(release["title"], body)
        if notice is not None:
            fired += 1
            by = "headline" if by_headline else "body"
            print(f"  {release['id']} {notice.kind} by {by} [{notice.marker}] {release['title'][:110]}")
            if notice.statement:
                print(f"      {notice.statement[:200]}")
        elif by_headline is not None:
            print(
                f"  {release['id']} {by_headline.kind} by headline alone [{by_headline.marker}] {release['title'][:99]}"
            )
    print(f"{len(archive)} releases: {fired} taken for notices\n")

    some = [(r["title"], r["body"].split("\n")) for r in archive[:: max(1, len(archive) // TIMED)]]
    started = time.process_time()
    for title, _ in some:
        find_notice(title)
    headline_only = time.process_time() - started
    started = time.process_time()
    for title, body in some:
        find_notice(title, body)
    whole = time.process_time() - started
    print(f"{1e6 * headline_only / len(some):.1f} µs a headline, {1e6 * whole / len(some):.1f} µs with its body")


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit(f"no data at {DATA}: set WIREWATCH_DATA")
    tables()
    labelled()
    releases()
