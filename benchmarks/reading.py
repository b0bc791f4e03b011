"""Measures accuracy and speed of extraction, compared with plain ``trafilatura.extract`` in the same run.

The scores are those of the article-extraction benchmark (4-gram shingles of words; precision is the mean over pages
with output, recall the mean over all pages, F1 of the two means); datelines by exact place and date; dates of
publication by day, compared with htmldate's; CPU time as a ratio.

    python benchmarks/reading.py                      every set
    python benchmarks/reading.py press agency --worst 5
    python benchmarks/reading.py news-world --every 4  a fourth of the pages
    python benchmarks/reading.py --unseen              apart for sites that a rule or table names

``segments`` are scored by the segments that belong to the text and those that do not, Chinese by 6-character shingles.
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
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import htmldate
import trafilatura

from crawler.extraction import NotARelease, extract_release
from crawler.extraction.fields.datelines import find_dateline

DATA = Path(os.environ.get("WIREWATCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
SETS = ("press", "agency", "news-2019", "news-2012", "news-world", "segments", "languages", "articles")
WARM_UP = (
    "<h1>A headline</h1>" + "".join(f"<p>Sentence {n} says nothing to anyone, at length.</p>" for n in range(20))
).encode()
SHINGLE = 4  # words: what the benchmark compares
CHINESE_SHINGLE = 6  # characters
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


def shingles(text: str, language: str | None = None) -> Counter[tuple[str, ...]]:
    """Return the 4-grams of words of a text, counted; of Chinese, the 6-grams of characters."""
    words, size = _WORD.findall(text), SHINGLE
    if language == "zh":
        words, size = list("".join(words)), CHINESE_SHINGLE
    if not words:
        return Counter()
    return Counter(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))


def compare(wanted: str, got: str, language: str | None = None) -> Score:
    """Return how a text compares with the one that is right."""
    gold, found = shingles(wanted, language), shingles(got, language)
    hit, extra, lost = (counts.total() for counts in (gold & found, found - gold, gold - found))
    total = hit + extra + lost or 1
    return Score(hit / total, extra / total, lost / total)


def summary(scores: list[Score]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of a set."""
    answered = [s.hit / (s.hit + s.extra) for s in scores if s.hit + s.extra > 0]
    precision = statistics.fmean(answered) if answered else 0.0
    recall = statistics.fmean(s.hit / (s.hit + s.lost) if s.hit + s.lost else 1.0 for s in scores)
    return precision, recall, 2 * precision * recall / ((precision + recall) or 1)


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


@cache
def named_hosts() -> str:
    """Return all that the sources, the wires and the tables of extraction say: a site that is in it is seen."""
    root = Path(__file__).parents[1]
    tables = [*(root / "config").rglob("*.toml"), *(root / "crawler" / "extraction").rglob("*.toml")]
    return "\n".join(path.read_text(encoding="utf-8") for path in tables).lower()


def site(key: str, entry: dict[str, Any]) -> str:
    """Return the domain that a page is of, without subdomains; its key where the set has no URLs."""
    host = urlsplit(entry.get("url") or "").hostname or ""
    if not host and (match := re.match(r"(?:[a-z]{2}-)?\d{8}_([^_]+)_", key)):
        host = match[1]
    labels = (host or key).lower().split(".")
    return ".".join(labels[-3:] if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else labels[-2:])


def segment_score(entry: dict[str, Any], text: str) -> Score:
    """Return the counts of segments that are rightly in a text, wrongly in it, and missing."""
    plain_text = " ".join(text.split())
    found = sum(" ".join(segment.split()) in plain_text for segment in entry["with"])
    extra = sum(" ".join(segment.split()) in plain_text for segment in entry["without"])
    return Score(found, extra, len(entry["with"]) - found)


def segment_summary(scores: list[Score]) -> tuple[float, float, float]:
    """Return precision, recall and F1 of all segments together."""
    hit, extra, lost = (sum(values) for values in zip(*scores, strict=True))
    precision, recall = hit / ((hit + extra) or 1), hit / ((hit + lost) or 1)
    return precision, recall, 2 * precision * recall / ((precision + recall) or 1)


class Reading(NamedTuple):
    """One page read both ways."""

    key: str
    group: str
    seen: bool
    plain: Score
    ours: Score
    plain_cpu: float
    our_cpu: float


def measure_pages(name: str, every: int, worst: int, *, unseen: bool) -> None:
    """Print a set's scores, both ways; ``unseen``: apart for sites that a rule or table names and others."""
    readings: list[Reading] = []
    for key, page, entry in pages(name, every):
        measured = []
        for reader in (plain, read):
            text, seconds = timed(reader, page, entry.get("url"))
            is_segments = "articleBody" not in entry
            score = (
                segment_score(entry, text)
                if is_segments
                else compare(entry["articleBody"], text, entry.get("language"))
            )
            measured.append((score, seconds))
        group = f"{name} {entry['language']}" if name == "languages" else name
        is_seen = unseen and site(key, entry) in named_hosts()
        readings.append(Reading(key, group, is_seen, measured[0][0], measured[1][0], measured[0][1], measured[1][1]))
    summarise = segment_summary if name == "segments" else summary
    for group in dict.fromkeys(reading.group for reading in readings):
        own = [reading for reading in readings if reading.group == group]
        if not unseen:
            print_scores(group, own, summarise)
            continue
        parts = {is_seen: [reading for reading in own if reading.seen is is_seen] for is_seen in (True, False)}
        figures = {
            is_seen: print_scores(f"{group} {'seen' if is_seen else 'unseen'}", part, summarise)
            for is_seen, part in parts.items()
            if part
        }
        if len(figures) == 2:
            print(f"{group:19} gap    F1 {figures[True] - figures[False]:+.3f} seen over unseen")
    ranked = sorted((reading.ours.f1, reading) for reading in readings)
    for f1, reading in ranked[:worst]:
        lost, extra = reading.ours.lost, reading.ours.extra
        print(f"    {reading.key}: {f1:.3f} (plain {reading.plain.f1:.3f}), extra {extra:.2f}, lost {lost:.2f}")


def print_scores(
    label: str, readings: list[Reading], summarise: Callable[[list[Score]], tuple[float, float, float]]
) -> float:
    """Print the scores of some pages, both ways; return our F1."""
    f1 = 0.0
    for way in ("plain", "ours"):
        precision, recall, f1 = summarise([getattr(reading, way) for reading in readings])
        cpu = sum(reading.our_cpu for reading in readings) / sum(reading.plain_cpu for reading in readings)
        ratio = f", CPU x{cpu:.2f}" if way == "ours" else ""
        print(
            f"{label:19} {way:6} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  ({len(readings)} pages{ratio})",
            flush=True,
        )
    return f1


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
    parser.add_argument("--unseen", action="store_true", help="apart for sites that no rule or table names")
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
            measure_pages(name, options.every, options.worst, unseen=options.unseen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
