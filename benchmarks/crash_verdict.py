"""The guarantees of a crash run, compared with what the channels received. Pure."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stories.model.urls import canonical_url

Known = dict[tuple[str, str], dict[str, dict[str, Any]]]
"""Events by type and canonical URL, and by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What may have made an alert go out twice, counted while it happened."""

    unclear: Mapping[str, int]
    """By id: how often the channel took it and the sender could not know."""
    crashes: int
    """Of the daemon and of its Redis."""
    under_way: int
    """Alerts that a channel sends concurrently: so many may lose their receipt in a crash."""
    receipts_cut: int
    """Receipts in the truncated part of the append-only file."""
    events_cut: int
    """Events in that part: they are created again, with the same ids and another time."""

    @property
    def most(self) -> int:
        """How many repeats there may be at the most."""
        return sum(self.unclear.values()) + self.crashes * self.under_way + self.receipts_cut


@dataclass(slots=True, kw_only=True)
class Verdict:
    """The figures, and the promises that were broken, in words."""

    figures: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def judge(
    channel: str, stories: Sequence[tuple[str, str | None]], got: Sequence[tuple[str, bytes]], repeats: Repeats
) -> Verdict:
    """Return the verdict on one channel: ``stories`` are the canonical URLs of releases and of their corrections.

    ``got`` is every alert that the channel took, in order, as id and body.
    """
    verdict = Verdict()
    events = [(name, json.loads(body)) for name, body in got]
    first = {name: place for place, (name, _) in reversed(list(enumerate(events)))}
    known: Known = defaultdict(dict)
    for name, event in events:
        known[event["type"], canonical_url(event["data"]["release"]["url"])][name] = event
    excused = {url for (kind, _), found in known.items() if kind == "release.corrected" for url in _told_late(found)}
    lost = [url for url, _ in stories if ("release.new", url) not in known and url not in excused]
    lost += [url for _, url in stories if url and ("release.corrected", url) not in known]
    alerted = {url: _first(known, "release.new", url, first) for url, _ in stories}
    overtaken = [
        correction
        for url, correction in stories
        if correction and _first(known, "release.corrected", correction, first) < alerted[url] < float("inf")
    ]
    again = sum(len(found) - 1 for (kind, _), found in known.items() if kind == "release.corrected")
    untied = list(_doubled(known))
    strange = sorted({kind for kind, _ in known} - {"release.new", "release.corrected"})
    _add_repeats(verdict, channel, got, repeats)
    verdict.figures |= {
        "alerts that were due": len(stories) + sum(correction is not None for _, correction in stories),
        "lost": len(lost),
        "corrections before their originals": len(overtaken),
        "corrections repeated, linked to an original that was read after them": again,
    }
    verdict.broken += [f"{channel}: lost {url}" for url in lost]
    verdict.broken += [f"{channel}: before its original: {url}" for url in overtaken]
    verdict.broken += [f"{channel}: alerted under two ids: {url}" for url in untied]
    verdict.broken += [f"{channel}: no input explains a {kind}" for kind in strange]
    return verdict


def _add_repeats(verdict: Verdict, channel: str, got: Sequence[tuple[str, bytes]], repeats: Repeats) -> None:
    times = Counter(name for name, _ in got)
    count = sum(times.values()) - len(times)
    bodies = {
        name: len({body for event_name, body in got if event_name == name})
        for name, often in times.items()
        if often > 1
    }
    differing = sum(number > 1 for number in bodies.values())
    verdict.figures |= {
        "repeats": count,
        "repeats there may be": repeats.most,
        "most often alerted": max(times.values(), default=0),
        "ids whose body was made anew": differing,
    }
    if count > repeats.most:
        verdict.broken.append(f"{channel}: {count} repeats, {repeats.most} at the most were to be expected")
    for name, often in times.items():
        if often > 1 + repeats.unclear.get(name, 0) + repeats.crashes:
            verdict.broken.append(f"{channel}: {name} was alerted {often} times")
    if differing > repeats.events_cut:
        verdict.broken.append(f"{channel}: {differing} ids came with different bodies")


def _first(known: Known, kind: str, url: str, first: Mapping[str, int]) -> float:
    """Return the position of the first alert; infinity for none."""
    return min((first[name] for name in known.get((kind, url), ())), default=float("inf"))


def _told_late(corrected: Mapping[str, dict[str, Any]]) -> set[str]:
    """Return the originals whose correction was alerted before they were read, and again with them.

    A release that was corrected before it was found is not alerted as new.
    """
    replaced = [event["data"]["replaces"] for event in corrected.values()]
    return {canonical_url(release["url"]) for release in replaced if release} if None in replaced else set()


def _doubled(known: Known) -> Iterable[str]:
    """Yield releases with two ids, except corrections that are repeated with their original once it is known."""
    for (kind, url), found in known.items():
        named = [event for event in found.values() if kind != "release.corrected" or event["data"]["replaces"]]
        if len(named) > 1 or len(found) > 2:
            yield url
