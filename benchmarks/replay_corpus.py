"""Selects the real releases that are replayed, with the expected result of each.

The archive has unlabelled duplicates and long series, so the expected result is known only for a selection: releases
with a unique headline that no labelled pair names and whose text shares few phrases with any other selected one; and
the labelled corrections, updates and look-alikes.
"""

from __future__ import annotations

import html
import json
import lzma
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from scheduler.demo.stories import Handout

WORDS = 5  # of a phrase
TOO_NEAR = 0.3  # of its phrases shared with a release that was chosen before: its outcome could be argued about
SHORTEST = 80  # words; below it, a page is a notice or a teaser
MARKED = re.compile(r"\s*(?:updat|correct|clarif|retract|withdraw|disregard|/\s*c)", re.IGNORECASE)
"""Headlines that might be notices; only the labelled ones are replayed."""
NOTICE = re.compile(r"correcting and replacing|correction|update:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One real release to be replayed."""

    id: str
    handout: Handout
    printed_at: datetime
    """The archive's date, at noon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two real releases whose relation was labelled; ``first`` is published before ``second``."""

    label: Literal["correction", "update", "template"]
    first: Item
    second: Item
    marked: bool
    """Whether the second one's headline says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What is replayed."""

    singles: tuple[Item, ...]
    pairs: tuple[Pair, ...]

    @property
    def items(self) -> Iterator[Item]:
        """Every release of it."""
        yield from self.singles
        for pair in self.pairs:
            yield from (pair.first, pair.second)


def choose(folder: Path, count: int, look_alikes: int, seed: int) -> Corpus:
    """Return ``count`` unrelated releases, every labelled correction and update, and some look-alike pairs."""
    with lzma.open(folder / "releases.jsonl.xz", "rt", encoding="utf-8") as file:
        archive = {release["id"]: release for release in _lines(file)}
    with (folder / "pairs.jsonl").open(encoding="utf-8") as file:
        labels = [pair for pair in _lines(file) if {pair["a"], pair["b"]} <= archive.keys()]
    chance = random.Random(seed)
    templates = [pair for pair in labels if pair["label"] == "template"]
    chance.shuffle(templates)
    near = _Nearness()
    pairs: list[Pair] = []
    for label in _apart([*(pair for pair in labels if pair["label"] in ("correction", "update")), *templates], labels):
        pair = _pair(label, archive)
        if pair.label == "template":
            if look_alikes == 0 or max(near.share(pair.first), near.share(pair.second)) > TOO_NEAR:
                continue
            look_alikes -= 1
        near.add(pair.first)
        near.add(pair.second)
        pairs.append(pair)

    named = {pair[side] for pair in labels for side in ("a", "b")}
    headlines = Counter(_plain(release["title"]) for release in archive.values())
    singles: list[Item] = []
    candidates = sorted(archive.keys() - named)
    chance.shuffle(candidates)
    for candidate in candidates:
        release = archive[candidate]
        if headlines[_plain(release["title"])] > 1 or MARKED.match(release["title"]):
            continue
        item = _item(release)
        if sum(len(paragraph.split()) for paragraph in item.handout.body) < SHORTEST or near.share(item) > TOO_NEAR:
            continue
        near.add(item)
        singles.append(item)
        if len(singles) == count:
            break
    return Corpus(singles=tuple(singles), pairs=tuple(pairs))


def _lines(file: Iterable[str]) -> Iterator[dict[str, str]]:
    for line in file:
        yield json.loads(line)


def _plain(title: str) -> str:
    return " ".join(re.findall(r"\w+", html.unescape(title).casefold()))


def _apart(wanted: Iterable[dict[str, str]], labels: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    """Yield the pairs whose releases no label relates to those of an earlier one: else two things would be expected of
    one release."""
    related: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        related[label["a"]].add(label["b"])
        related[label["b"]].add(label["a"])
    taken: set[str] = set()
    for pair in wanted:
        sides = {pair["a"], pair["b"]}
        if not (sides | related[pair["a"]] | related[pair["b"]]) & taken:
            taken |= sides
            yield pair


def _pair(label: dict[str, str], archive: dict[str, dict[str, str]]) -> Pair:
    first, second = archive[label["a"]], archive[label["b"]]
    if NOTICE.match(first["title"]) or (second["date"] < first["date"] and not NOTICE.match(second["title"])):
        first, second = second, first
    return Pair(
        label=label["label"],  # type: ignore[arg-type]
        first=_item(first),
        second=_item(second),
        marked=NOTICE.match(second["title"]) is not None,
    )


def _item(release: dict[str, str]) -> Item:
    headline = " ".join(html.unescape(release["title"]).split())
    body = tuple(_paragraphs(release["body"])) or (headline,)
    about = next((found[1] for text in body if (found := re.fullmatch(r"About ([\w .,&'’-]{2,60}?):?", text))), None)
    return Item(
        id=release["id"],
        handout=Handout(
            headline=headline,
            body=body,
            issuer=about.removeprefix("the ")
            if about
            else " ".join(re.findall(r"[\w&'’.-]+", NOTICE.sub("", headline))[:3]),
            country="hong-kong-sar" if release["wire"] == "mediaoutreach" else "united-states",
            language="es" if release["wire"] == "noticiasnewswire" else "en",
        ),
        printed_at=datetime.fromisoformat(release["date"]).replace(hour=12, tzinfo=UTC),
    )


def _paragraphs(markdown: str) -> Iterator[str]:
    """Plain paragraphs of an archive's Markdown; one of its wires parts them by two spaces."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", html.unescape(markdown))
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(?m)^\s{0,3}(?:#{1,6}|[*+-]|>)\s+", "", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text).replace("\\", "")
    for block in re.split(r"\n\s*\n| {2,}(?=[A-Z\"“])", text):
        if paragraph := " ".join(block.split()):
            yield paragraph


class _Nearness:
    """The phrases of what was chosen so far."""

    def __init__(self) -> None:
        self._holders: dict[int, list[str]] = defaultdict(list)

    def add(self, item: Item) -> None:
        for phrase in _phrases(item):
            self._holders[phrase].append(item.id)

    def share(self, item: Item) -> float:
        """Return the largest part of its phrases that one chosen release has too."""
        phrases = _phrases(item)
        shared = Counter(holder for phrase in phrases for holder in self._holders.get(phrase, ()))
        return max(shared.values(), default=0) / max(len(phrases), 1)


def _phrases(item: Item) -> set[int]:
    words = re.findall(r"\w+", " ".join(item.handout.body).casefold())
    return {hash(tuple(words[start : start + WORDS])) for start in range(len(words) - WORDS + 1)}
