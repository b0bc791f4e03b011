"""Measures how well ``find_notice`` separates notices from look-alikes, and how long a call takes.

    WIREWATCH_DATA=../shared/data python -m benchmarks.notices

Prints the results of the project's own tables, the errors on ``headlines/headlines.tsv``, precision and recall on the
two halves of ``notices/notices.tsv`` by form and language, and every release of ``releases/releases.jsonl.xz`` that is
taken for a notice, for manual review. ``--misses A`` also prints the errors on a half.

Half A is for development; half B is used only when the rules are finished. Most rows of the file name no issuer, so the
halves are split by headline: by the first byte of the SHA-256 of its letters, without case, figures and punctuation.
Headlines that differ only in a figure ("Amendment to Appendix 3B (1/3/2001)") are therefore in one half.
"""

from __future__ import annotations

import csv
import hashlib
import json
import lzma
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pipelines.notices import find_notice

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).resolve().parents[1] / "../shared/data"))
TABLES = Path(__file__).resolve().parents[1] / "tests/pipelines/notices"
TIMED = 3_000  # enough calls for a steady mean, few enough for a busy machine


def tables() -> None:
    """Print precision and recall on the forms and look-alikes that the tests hold, headlines and bodies apart."""
    for marked, unmarked, what in (
        ("forms.txt", "lookalikes.txt", "headlines"),
        ("further.txt", "further_lookalikes.txt", "further headlines"),
        ("bodies.txt", "ordinary.txt", "bodies"),
    ):
        right = sum(_kind(line.split(" | ", 1)[1], what) == line.split(" | ", 1)[0] for line in _lines(marked))
        false = sum(_kind(line, what) is not None for line in _lines(unmarked))
        forms, others = len(_lines(marked)), len(_lines(unmarked))
        print(f"{what}: {right} of {forms} forms recognised, {false} of {others} look-alikes taken for notices")


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


FORMS = (
    ("correction to, for, of", r"correction(?:s)? (?:to|for|of|in)\b"),
    ("correction re", r"correction(?:s)? (?:- )?(?:re|regarding)\b"),
    ("amendment to", r"amendments? (?:to|of)\b"),
    ("amended X", r"amended\b"),
    ("replacement X", r"replacement\b"),
    ("X corrects, clarifies", r"\b(?:corrects|clarifies)\b"),
    ("clarification", r"clarification\b"),
    ("marker and separator", r"^\W*(?:correct\w*|updated?|amend\w*)\W*[:/]"),
)


def half(headline: str) -> str:
    letters = "".join(filter(str.isalpha, headline.casefold()))
    return "AB"[hashlib.sha256(letters.encode()).digest()[0] % 2]


def halves(shown: str) -> None:
    with (DATA / "notices/notices.tsv").open(encoding="utf-8", newline="") as file:
        rows = [
            row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row["label"] != "ambiguous"
        ]
    for name in "AB":
        said = [
            (row, find_notice(row["headline"], [text for text in (row["body"] or "").split(" ¶ ") if text]))
            for row in rows
            if half(row["headline"]) == name
        ]
        counts = Counter(_outcome(row["label"], notice and notice.kind) for row, notice in said)
        hit, other_kind = counts["hit"] + counts["other kind"], counts["other kind"]
        notices, false = hit + counts["missed"], counts["false"]
        precision, recall = hit / max(1, hit + counts["false"]), hit / max(1, hit + counts["missed"])
        print(f"half {name}: {len(said)} headlines, {hit} of {notices} notices found, {false} false")
        print(f"  precision {precision:.3f}, recall {recall:.3f}, {other_kind} of another kind")
        _print_shares(
            "by form", [(_form(row["headline"]), notice is not None) for row, notice in said if row["label"] != "none"]
        )
        _print_shares(
            "by language", [(row["lang"] or "?", notice is not None) for row, notice in said if row["label"] != "none"]
        )
        for row, notice in said:
            outcome = _outcome(row["label"], notice and notice.kind)
            if name == shown and outcome not in ("hit", "none"):
                print(f"  {outcome}: {row['label']}, said {notice and notice.kind}: {row['headline'][:120]}")
    print()


def _outcome(label: str, kind: str | None) -> str:
    if label == "none":
        return "none" if kind is None else "false"
    if kind is None:
        return "missed"
    return "hit" if kind in label.split("|") else "other kind"


def _form(headline: str) -> str:
    return next((form for form, pattern in FORMS if re.search(pattern, headline.casefold())), "other")


def _print_shares(what: str, found: Sequence[tuple[str, bool]]) -> None:
    totals, hits = Counter(name for name, _ in found), Counter(name for name, hit in found if hit)
    print(f"  {what}: " + ", ".join(f"{name} {hits[name]}/{total}" for name, total in totals.most_common()))


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
    halves(shown=sys.argv[2] if sys.argv[1:2] == ["--misses"] else "")
    releases()
