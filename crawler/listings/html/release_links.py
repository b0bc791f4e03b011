"""The releases of an html listing without selectors: which links of a page form its list.

Links are gathered by their place in the page's structure (the same tags and class names from the root). Each group is
judged by what its URLs look like, whether its texts read like headlines, whether dates are near, how often its
structure repeats, and where on the page it is. The best group is the list; groups like it (a lead story before it,
its sections) belong to it; a "Most read" box does not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crawler.listings.html.entries import Entry, Link, entries_of
from crawler.listings.html.flat_dom import FlatDom, Zone

DATED_ENTRIES = 3  # with a date and an id each, under texts that are too short for headlines: fewer may be a menu
LINKS_READ = 10_000  # the busiest archive pages hold about 1,000
ACCEPTED = 5.0
"""What an entry must score: a headline (3) in a repeated structure (2), or a headline and a URL with a date (3)."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Links with one place in the structure that were accepted as releases."""

    entries: list[Entry]
    mean: float
    """Score of an entry."""
    zone: Zone
    convincing: bool

    @property
    def score(self) -> float:
        """What the group is worth: its entries, to a degree their number, above all dates and headings."""
        dress = (1.5 if self.dated else 1.0) * (1.25 if self.headed else 1.0)
        return self.mean * dress * (1 + math.log2(len(self.entries)) / 2)

    @property
    def dated(self) -> bool:
        """Whether most entries have a time of their own."""
        return sum(entry.stamp is not None and not entry.borrowed for entry in self.entries) * 2 > len(self.entries)

    @property
    def headed(self) -> bool:
        """Whether most headlines are in headings."""
        return sum(bool(entry.headline and entry.headline.heading) for entry in self.entries) * 2 > len(self.entries)


def find_releases(page: FlatDom, links: Sequence[Link], host: str) -> list[Entry]:
    """Return the entries that look like releases, in document order; empty where no list is found."""
    groups = [
        group for group in (_judge(page, members, links, host) for members in _by_structure(page, links)) if group
    ]
    convincing = [group for group in groups if group.convincing]
    content = [group for group in convincing if group.zone is Zone.CONTENT]
    # A page whose whole list is in what its class names call a side box is believed only with dates.
    usable = content or [group for group in convincing if group.dated and group.zone is Zone.SIDE]
    if not usable:
        return []
    main = max(usable, key=lambda group: group.score)
    chosen = {entry.link.url: entry for entry in main.entries}
    starts = sorted(page.text_start[entry.box] for entry in main.entries)
    ends = sorted(page.text_end[entry.box] for entry in main.entries)
    for group in groups:
        if group is not main and _belongs(page, group, main):
            for entry in group.entries:
                if not _overlaps(page, entry, starts, ends):
                    chosen.setdefault(entry.link.url, entry)
    return sorted(chosen.values(), key=lambda entry: page.text_start[entry.box])


def _by_structure(page: FlatDom, links: Iterable[Link]) -> list[list[Link]]:
    groups: dict[tuple[int, Zone], list[Link]] = {}
    for link in links:
        if page.zone[link.index] is not Zone.CHROME:
            groups.setdefault((page.path[link.index], page.zone[link.index]), []).append(link)
    return list(groups.values())


def _judge(page: FlatDom, links: Sequence[Link], others: Sequence[Link], host: str) -> _Group | None:
    """Return the group with the entries that are accepted; ``None`` when none is."""
    entries = [entry for entry in entries_of(page, _of_a_kind(links), others) if not entry.aside]
    if not entries:
        return None
    repeated = min(len(entries), 5) / 2 if len(entries) > 1 else 0.0
    family = _common_family(entry.link for entry in entries)
    hosts = Counter(entry.link.shape.host for entry in entries)
    accepted, total = [], 0.0
    for entry in entries:
        score = _score(page, entry) + repeated
        shape = entry.link.shape
        at_home = shape.host == host or hosts[shape.host] * 3 >= len(entries) or shape.evidence >= 2
        alike = shape.family == family and score >= ACCEPTED - 2
        if entry.headline and at_home and (score >= ACCEPTED or alike):
            accepted.append(entry)
            total += score
    if not accepted:
        return None
    return _Group(accepted, total / len(accepted), page.zone[links[0].index], _convincing(accepted))


def _of_a_kind(links: Sequence[Link]) -> list[Link]:
    """The links whose URLs may be releases; where most have a date or an id, all must have something like it."""
    shapes = {link.url: link.shape for link in links if link.shape.evidence >= 0}
    strong = sum(shape.evidence >= 2 for shape in shapes.values()) * 2 > len(shapes)
    family = _common_family(link for link in links if link.url in shapes)
    usable = [link for link in links if link.url in shapes]
    return [link for link in usable if not strong or link.shape.evidence >= 1 or link.shape.family == family]


def _common_family(links: Iterable[Link]) -> tuple[object, ...] | None:
    families = Counter({link.url: link.shape.family for link in links}.values())
    family, count = families.most_common(1)[0] if families else (None, 0)
    return family if count > 1 and count * 3 >= families.total() else None


def _score(page: FlatDom, entry: Entry) -> float:
    headline = entry.headline
    score = entry.link.shape.evidence
    score += headline.likeness + (1.5 if headline.heading else 0.0) if headline else -2.0
    score += 2.0 if entry.stamp else 0.0
    return score + (1.0 if _in_main(page, entry.box) else 0.0)


def _in_main(page: FlatDom, index: int) -> bool:
    steps = 0
    while index > 0 and steps < 30:
        node = page.nodes[index]
        if (
            node.tag in ("main", "article")
            or node.get("role") == "main"
            or node.get("id") in ("main", "content", "main-content")
        ):
            return True
        index, steps = page.parent[index], steps + 1
    return False


def _convincing(entries: Sequence[Entry]) -> bool:
    """Whether some entry has a real headline, and something outside it says that these are releases."""
    headlines = [entry for entry in entries if entry.headline and entry.headline.likeness >= 2]
    if not headlines:  # a series has short ones, all alike ("翌日披露報表"): dates and ids of its own identify a list
        dated = all(entry.stamp is not None and not entry.borrowed for entry in entries)
        return dated and len(entries) >= DATED_ENTRIES and all(entry.link.shape.evidence >= 1 for entry in entries)
    evidence = sum(entry.link.shape.evidence >= 2 or entry.stamp is not None for entry in entries)
    newsy = sum(entry.link.shape.evidence >= 1 for entry in headlines)
    return evidence * 2 >= len(entries) or len(headlines) >= 3 or newsy >= 2


def _belongs(page: FlatDom, group: _Group, main: _Group) -> bool:
    """Whether a group is part of the list: the same kind of URL and dress; a lead story may be dressed otherwise."""
    families = {entry.link.shape.family for entry in main.entries}
    own = [entry for entry in group.entries if entry.link.shape.family in families]
    if len(own) * 2 <= len(group.entries) or group.zone is not main.zone:
        return False
    if group.dated == main.dated and group.headed == main.headed:
        return True
    lead = page.text_end[group.entries[-1].box] <= page.text_start[main.entries[0].box]
    return lead and len(group.entries) <= max(3, len(main.entries) // 2) and (group.headed or group.dated)


def _overlaps(page: FlatDom, entry: Entry, starts: Sequence[int], ends: Sequence[int]) -> bool:
    """Whether an entry is in one of the boxes, which do not overlap one another."""
    begun = bisect_left(starts, page.text_end[entry.box])
    ended = bisect_right(ends, page.text_start[entry.box])
    return begun > ended
