"""Measures accuracy and speed of extraction, compared with plain ``trafilatura.extract`` in the same run.

The scores are those of the article-extraction benchmark (4-gram shingles of words; precision is the mean over pages
with output, recall the mean over all pages, F1 of the two means); datelines by exact place and date; dates of
publication by day, compared with htmldate's; CPU time as a ratio.

    python benchmarks/reading.py                      every set
    python benchmarks/reading.py press agency --worst 5
    python benchmarks/reading.py news-world --every 4  a fourth of the pages
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import htmldate
import trafilatura

from crawler.extraction import NotARelease, extract_release
from crawler.extraction.fields.datelines import find_dateline

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = ("press", "agency", "news-2019", "news-2012", "news-world")
WARM_UP = (
    "<h1>A headline</h1>" + "".join(f"<p>Sentence {n} says nothing to anyone, at length.</p>" for n in range(20))
).encode()
SHINGLE = 4  # words: what the benchmark compares
_WORD = re.compile(r"\w+")


class Score(NamedTuple):
    """Shares of true and false positives and false negatives of one page."""

    hit: float
    extra: float
    lost: float

    @property
    def f1(self) -> float:
        """Of this page alone."""
        return 2 * self.hit / (2 * self.hit + self.extra + self.lost) if self.hit else 0.0


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the 4-grams of words of a text, counted."""
    words = _WORD.findall(text)
    if not words:
        return Counter()
    return Counter(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)))


def compare(wanted: str, got: str) -> Score:
    """Return how a text compares with the one that is right."""
    gold, found = shingles(wanted), shingles(got)
    hit, extra, lost = (counts.total() for counts in (gold & found, found - gold, gold - found))
    total = hit + extra + lost or 1
    return Score(hit / total, extra / total, lost / total)


def summary(scores: list[Score]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of a set."""
    precision = statistics.fmean(s.hit / (s.hit + s.extra) for s in scores if s.hit + s.extra > 0)
    recall = statistics.fmean(s.hit / (s.hit + s.lost) if s.hit + s.lost else 1.0 for s in scores)
    return precision, recall, 2 * precision * recall / (precision + recall)


def read(page: bytes, url: str | None) -> str:
    """Return what wirewatch reads; nothing where it finds no release."""
    try:
        return extract_release(page, url).text
    except NotARelease:
        return ""


def plain(page: bytes, url: str | None) -> str:
    """Return what plain Trafilatura reads."""
    return trafilatura.extract(page, url=url) or ""


def pages(name: str, every: int) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Yield (id, bytes, gold) of a set's pages."""
    folder = DATA / "pages" / name
    gold = json.loads((folder / "gold.json").read_text())
    for number, (key, entry) in enumerate(gold.items()):
        if number % every == 0:
            yield key, gzip.decompress((folder / entry["file"]).read_bytes()), entry


def timed(reader: Callable[[bytes, str | None], str], page: bytes, url: str | None) -> tuple[str, float]:
    """Return the text and the CPU seconds it took."""
    start = time.process_time()
    text = reader(page, url)
    return text, time.process_time() - start


def measure_pages(name: str, every: int, worst: int) -> None:
    """Print a set's scores, both ways."""
    scores: dict[str, list[Score]] = {"plain": [], "ours": []}
    cpu = {"plain": 0.0, "ours": 0.0}
    ranked: list[tuple[float, str]] = []
    for key, page, entry in pages(name, every):
        for label, reader in (("plain", plain), ("ours", read)):
            text, seconds = timed(reader, page, entry.get("url"))
            cpu[label] += seconds
            scores[label].append(compare(entry["articleBody"], text))
        ours, theirs = scores["ours"][-1], scores["plain"][-1]
        ranked.append(
            (ours.f1, f"{key}: {ours.f1:.3f} (plain {theirs.f1:.3f}), extra {ours.extra:.2f}, lost {ours.lost:.2f}")
        )
    for label, found in scores.items():
        precision, recall, f1 = summary(found)
        ratio = f", CPU x{cpu['ours'] / cpu['plain']:.2f}" if label == "ours" else ""
        print(
            f"{name:12} {label:6} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  ({len(found)} pages{ratio})",
            flush=True,
        )
    for _, line in sorted(ranked)[:worst]:
        print("   ", line)


def measure_german(worst: int) -> None:
    """Print how many wanted segments are in, and unwanted ones out, of German and Norwegian releases."""
    folder = DATA / "pages" / "press-german"
    gold = json.loads((folder / "evaldata_press.json").read_text())
    for label, reader in (("plain", plain), ("ours", read)):
        wanted = kept = unwanted = out = 0
        faults = []
        for url, entry in gold.items():
            text = reader(gzip.decompress((folder / entry["gz"]).read_bytes()), url)
            for segment in entry["with"]:
                wanted += 1
                kept += " ".join(segment.split()) in " ".join(text.split())
                if " ".join(segment.split()) not in " ".join(text.split()):
                    faults.append(f"lost {segment!r} of {url}")
            for segment in entry["without"]:
                unwanted += 1
                out += " ".join(segment.split()) not in " ".join(text.split())
                if " ".join(segment.split()) in " ".join(text.split()):
                    faults.append(f"kept {segment!r} of {url}")
        print(
            f"press-german {label:6} wanted in {kept / wanted:.3f} of {wanted}, unwanted out {out / unwanted:.3f} of {unwanted}"  # noqa: E501
        )
        if label == "ours":
            for fault in faults[:worst]:
                print("   ", fault)


def measure_datelines(worst: int) -> None:
    """Print how many datelines are read exactly, and how many are read on pages without a dateline."""
    rows = [json.loads(line) for line in (DATA / "datelines" / "datelines.jsonl").read_text().splitlines()]
    exact = invented = total = 0
    faults = []
    for row in rows:
        found = find_dateline(row["head"])
        if row["place"] is None:
            invented += found is not None
            continue
        total += 1
        right = found is not None and (found.dateline.place, found.dateline.date) == (row["place"], row["date"])
        exact += right
        if not right:
            faults.append(f"{row['head'][:80]!r}: {found.dateline if found else None}")
    none = len(rows) - total
    print(
        f"datelines    ours   place and date exact {exact / total:.3f} of {total}, none invented {1 - invented / none:.3f} of {none}"  # noqa: E501
    )
    for fault in faults[:worst]:
        print("   ", fault)


def measure_dates(every: int, worst: int) -> None:
    """Print how many dates of publication are right, wrong and not given, next to htmldate's.

    The rules were written with the pages of one half of the hosts in view; the other half is unseen.
    """
    readers: dict[str, Callable[[bytes, str | None], str]] = {"htmldate": htmldate_day, "ours": day_of}
    counts: dict[tuple[str, str], Counter[str]] = {}
    cpu: Counter[str] = Counter()
    faults = []
    for key, page, entry in pages("dates", every):
        url, wanted = entry.get("url"), entry["date"]
        half = half_of(url or key)
        for label, reader in readers.items():
            found, seconds = timed(reader, page, url)
            cpu[label] += seconds
            verdict = "right" if found == wanted else "wrong" if found not in ("", "refused") else found or "none"
            for part in ("all", half):
                counts.setdefault((part, label), Counter())[verdict] += 1
            if label == "ours" and verdict != "right":
                faults.append(f"{key} ({half}): {found or None}, right is {wanted}")
    for (part, label), verdicts in sorted(counts.items()):
        total = verdicts.total()
        shares = "  ".join(f"{name} {verdicts[name] / total:.3f}" for name in ("right", "wrong", "none", "refused"))
        print(f"dates {part:6} {label:9} {shares}  ({total} pages, {cpu[label]:.1f} s of CPU in all)", flush=True)
    for fault in faults[:worst]:
        print("   ", fault)


def half_of(url: str) -> str:
    """Return the half of the hosts that a page is in: ``seen`` or ``unseen``."""
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    return ("seen", "unseen")[hashlib.sha256(host.encode()).digest()[0] % 2]


def day_of(page: bytes, url: str | None) -> str:
    """Return the day of publication that wirewatch reads; ``refused`` where it finds no release."""
    try:
        return (extract_release(page, url).published_at or "")[:10]
    except NotARelease:
        return "refused"


def htmldate_day(page: bytes, url: str | None) -> str:
    """Return the day of publication that htmldate finds."""
    try:
        return htmldate.find_date(page, original_date=True, url=url) or ""
    except (ValueError, TypeError, AttributeError):
        return ""


def main() -> int:
    """Measure the sets named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join((*SETS, "press-german", "datelines", "dates")))
    parser.add_argument("--every", type=int, default=1, help="read one page in N")
    parser.add_argument("--worst", type=int, default=0, help="show the N worst of each set")
    options = parser.parse_args()
    for reader in (plain, read):  # models and patterns are loaded at the first page
        reader(WARM_UP, None)
    if not (DATA / "pages").is_dir():
        print(f"no data at {DATA}; WIREWATCH_DATA names another folder", file=sys.stderr)
        return 1
    for name in options.sets or (*SETS, "press-german", "datelines", "dates"):
        if name == "press-german":
            measure_german(options.worst)
        elif name == "datelines":
            measure_datelines(options.worst)
        elif name == "dates":
            measure_dates(options.every, options.worst)
        else:
            measure_pages(name, options.every, options.worst)
    return 0


if __name__ == "__main__":
    sys.exit(main())
