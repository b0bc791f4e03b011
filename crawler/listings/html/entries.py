"""The entries of an html listing: from a link, the box it is in, its headline and its printed time."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.listings.html.flat_dom import ENTRIES, HEADINGS, FlatDom, Stamp
from crawler.listings.html.link_text import headline_likeness, heads_a_side_box, one_line
from crawler.listings.html.links import Shape

ENTRY_TEXT = 3_000  # characters; a card with a long teaser stays under it
LONELY_CLIMB = 3  # levels; what is further from a link that has no siblings is not its own any more
LIKELY = 1.5  # of a URL: a date, an id, or four words
NEARBY = 300  # characters before the first entry in which its date, or the title of its box, may be
STAMP_SPARE = 40  # characters next to a date in its line: a place, a category; more is a sentence about another day
READ_MORE = re.compile(
    r"(?:read|learn|find out|see) more\s*(?:about|on|:|-|–)\s*|(?:read|view|open)\s*:\s*", re.IGNORECASE
)
BESIDE_STAMPS = " \t|•·–—-:,(["
SEPARATED = re.compile(r"[|•·–—(\[]$|\s-$")
TITLE_NAME = re.compile(r"title|headline|heading|subject|(?:^|[-_ ])head(?:$|[-_ ])|betreff|titel", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of the page that may lead to a release."""

    index: int
    """Of its element in the outline."""
    url: str
    """Canonical."""
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The best text for an entry's release."""

    text: str
    likeness: float
    """0 to 3."""
    heading: bool
    """It is in a heading element."""
    start: int
    end: int
    """Where it is in the outline's text."""


@dataclass(slots=True, kw_only=True)
class Entry:
    """A release as its listing shows it."""

    link: Link
    box: int
    """The element that holds this entry and no other."""
    headline: Headline | None
    stamp: Stamp | None = None
    borrowed: bool = False
    """The time is outside of the box: between the entries, or above several of them."""
    aside: bool = False
    """Below the title of a side box."""


def entries_of(page: FlatDom, links: Sequence[Link], others: Sequence[Link] = ()) -> list[Entry]:
    """Return an entry for each URL of the links, in document order, with the printed times that belong to them.

    ``others``: all links of the page, in its order; a box does not reach around another likely release.
    """
    boxes = _boxes(page, links, others)
    best: dict[str, Entry] = {}
    for link, box in zip(links, boxes, strict=True):
        entry = Entry(link=link, box=box, headline=best_headline(page, link, box))
        known = best.get(link.url)
        if known is None or _rank(page, entry) > _rank(page, known):
            best[link.url] = entry
    entries = sorted(best.values(), key=lambda entry: page.text_start[entry.box])
    _mark_side_boxes(page, entries)
    for entry in entries:
        entry.stamp = own_stamp(page, entry)
    _borrow_stamps(page, entries)
    return entries


def _rank(page: FlatDom, entry: Entry) -> tuple[int, float]:
    headline = entry.headline
    return -page.zone[entry.link.index], headline.likeness + headline.heading if headline else -1.0


def _boxes(page: FlatDom, links: Sequence[Link], others: Sequence[Link]) -> list[int]:
    """For each link the highest element that holds links to its URL alone."""
    owner: dict[int, str | None] = {}
    """None: links to several URLs are in it."""
    climbed: set[int] = set()
    for link in links:
        index = link.index
        while index >= 0:
            known = owner.setdefault(index, link.url)
            if known is None or (known == link.url and index in climbed):
                break  # what is above was marked before
            if known != link.url:
                owner[index] = None
            climbed.add(index)
            index = page.parent[index]
    lonely = len({link.url for link in links}) == 1
    return [_climb(page, link, owner, others if lonely else None) for link in links]


def _climb(page: FlatDom, link: Link, owner: dict[int, str | None], others: Sequence[Link] | None) -> int:
    box, climbed = link.index, 0
    while (above := page.parent[box]) > 0 and owner.get(above) == link.url:
        if (
            page.nodes[above].tag in ("body", "main", "html")
            or page.text_end[above] - page.text_start[above] > ENTRY_TEXT
        ):
            break
        climbed += 1
        if others is not None and (
            climbed > LONELY_CLIMB or page.nodes[box].tag in ENTRIES or _holds_another(page, above, link, others)
        ):
            break
        box = above
    return box


def _holds_another(page: FlatDom, index: int, link: Link, others: Sequence[Link]) -> bool:
    first = bisect_left(others, index, key=lambda one: one.index)
    last = bisect_left(others, page.end[index], key=lambda one: one.index)
    return any(one.url != link.url and one.shape.evidence >= LIKELY for one in others[first : min(last, first + 50)])


def best_headline(page: FlatDom, link: Link, box: int) -> Headline | None:
    """Return the best text for a link: its heading, its own, a heading next to "Read more", its title, its image's."""
    candidates = [*_headings_at(page, link), *_own_lines(page, link)]
    if not any(one.likeness >= 1 for one in candidates):
        candidates += _headings_beside(page, link, box)
    if not any(one.likeness >= 1 for one in candidates):
        candidates += _said_otherwise(page, link)
    found = max(candidates, key=lambda one: one.likeness + 2 * one.heading, default=None)
    return _untruncated(page, link, found) if found and found.likeness > 0 else None


def _headline(page: FlatDom, index: int, *, heading: bool) -> Headline:
    start, end, text = _without_stamps(page, page.text_start[index], page.text_end[index])
    return Headline(text=text, likeness=headline_likeness(text), heading=heading, start=start, end=end)


def _headings_at(page: FlatDom, link: Link) -> list[Headline]:
    """Headings in the link, or the link's text where it is in a heading."""
    inside = page.headings_in(link.index)
    found = [_headline(page, index, heading=True) for index in inside[:5]]
    above, steps = page.parent[link.index], 0
    while above > 0 and steps < 3 and not found:
        if page.nodes[above].tag in HEADINGS:
            found.append(_headline(page, link.index, heading=True))
        above, steps = page.parent[above], steps + 1
    return found


def _own_lines(page: FlatDom, link: Link) -> list[Headline]:
    """The lines of a link that is a card of its own, or its one line."""
    start, end = page.text_start[link.index], page.text_end[link.index]
    found: list[Headline] = []
    position = start
    for raw in page.text[start : min(end, start + ENTRY_TEXT)].split("\n"):
        line_start, position = position, position + len(raw) + 1
        line_start, line_end, line = _without_stamps(page, line_start, line_start + len(raw))
        if not line or _is_stamp(page, line_start, line_end):
            continue
        named = TITLE_NAME.search(page.nodes[page.holder(line_start)].get("class") or "") is not None
        likeness = headline_likeness(line) * (1.0 if named else 0.97 ** len(found)) + (0.5 if named else 0.0)
        found.append(Headline(text=line, likeness=min(likeness, 3.0), heading=named, start=line_start, end=line_end))
        if len(found) == 10:
            break
    return found


def _without_stamps(page: FlatDom, start: int, end: int) -> tuple[int, int, str]:
    """A stretch of text without the times at its beginning and end that are no words of it: (start, end, text)."""
    for stamp in page.stamps_in(start, end):
        ahead = page.text[start : stamp.start].strip()
        boxed = stamp.line[0] == stamp.line[1]
        if not boxed and (stamp.found is None or not _dated(stamp)):
            continue  # "Yesterday's winners", "May 5 festival"
        if not ahead or (boxed and len(ahead) <= 2):
            start = stamp.end
        elif boxed or SEPARATED.search(ahead):
            end = stamp.start
            break
    text = page.text[start:end]
    start += len(text) - len(text.lstrip(BESIDE_STAMPS))
    return start, end, one_line(page.text[start:end]).rstrip(BESIDE_STAMPS)


def _is_stamp(page: FlatDom, start: int, end: int) -> bool:
    return any(stamp.named or _spare(page, stamp) <= 12 for stamp in page.stamps_in(start, end))


def _spare(page: FlatDom, stamp: Stamp, headline: Headline | None = None) -> int:
    """How many characters are next to a time in its line, the headline not counted."""
    start, end = stamp.line
    beside = page.text[start : stamp.start] + page.text[stamp.end : end] if end > start else ""
    spare = len(beside.strip())
    if headline and start < headline.end and headline.start < end:
        spare -= min(end, headline.end) - max(start, headline.start)
    return max(spare, 0)


def _headings_beside(page: FlatDom, link: Link, box: int) -> list[Headline]:
    """Headings of the box that lead nowhere else."""
    found = []
    for index in page.headings_in(box)[:5]:
        if not _links_in(page, index) and page.anchor[index] in (-1, link.index):
            found.append(_headline(page, index, heading=True))
    if found or box == link.index:
        return found
    for index in range(box, min(page.end[box], box + 60)):
        name = page.nodes[index].get("class") or ""
        if name and page.anchor[index] == -1 and TITLE_NAME.search(name) and not _links_in(page, index):
            found.append(_headline(page, index, heading=True))
            break
    return found


def _links_in(page: FlatDom, index: int) -> list[int]:
    return [one for one in range(index + 1, min(page.end[index], index + 30)) if page.anchor[one] == one]


def _said_otherwise(page: FlatDom, link: Link) -> list[Headline]:
    node = page.nodes[link.index]
    said = [node.get("title"), node.get("aria-label")]
    image = next(
        (page.nodes[one] for one in range(link.index + 1, page.end[link.index]) if page.nodes[one].tag == "img"), None
    )
    texts = [
        READ_MORE.sub("", one_line(text)) for text in (*said, image.get("alt") if image is not None else None) if text
    ]
    place = page.text_start[link.index]
    return [
        Headline(text=text, likeness=headline_likeness(text), heading=False, start=place, end=place) for text in texts
    ]


def _untruncated(page: FlatDom, link: Link, found: Headline) -> Headline:
    """Return the headline in full where the page cut it and says it whole in the link's title."""
    if not found.text.endswith(("…", "...")):
        return found
    start = found.text.rstrip("….").rstrip().lower()
    for whole in (page.nodes[link.index].get("title"), page.nodes[link.index].get("aria-label")):
        text = READ_MORE.sub("", one_line(whole or ""))
        if start and text.lower().startswith(start) and len(text) > len(start):
            return Headline(text=text, likeness=found.likeness, heading=found.heading, start=found.start, end=found.end)
    return found


def own_stamp(page: FlatDom, entry: Entry) -> Stamp | None:
    """Return the time printed in an entry's box, outside of its headline; a date in a sentence is none."""
    return best_stamp(page, page.text_start[entry.box], page.text_end[entry.box], entry.headline)


def best_stamp(page: FlatDom, start: int, end: int, headline: Headline | None = None) -> Stamp | None:
    """Return the best time in a stretch of text: in a time element, in one whose name says so, alone in its line."""
    usable = [
        stamp
        for stamp in page.stamps_in(start, end)
        if (stamp.machine or _spare(page, stamp, headline) <= STAMP_SPARE)
        and not (headline and _is_in(stamp, headline))
    ]
    return min(usable, key=lambda stamp: (stamp.machine is None, not stamp.named, not _dated(stamp)), default=None)


def _is_in(stamp: Stamp, headline: Headline) -> bool:
    """Whether a date is one of the headline's own words, and not a box of its own in the headline's element."""
    return stamp.line[1] > stamp.line[0] and headline.start <= stamp.start < headline.end


def _dated(stamp: Stamp) -> bool:
    return stamp.found is not None and (stamp.found.day is not None or stamp.found.pair is not None)


def _mark_side_boxes(page: FlatDom, entries: Sequence[Entry]) -> None:
    """Mark the entries below "Most read" and the like, up to the next heading or the end of their box."""
    position, aside, container = 0, False, -1
    for entry in entries:
        start = page.text_start[entry.box]
        gap_from = max(position, start - NEARBY)
        headed = bool(_headings_near(page, gap_from, start))
        before = page.lines(gap_from, start)[-2:]
        if any(heads_a_side_box(line) and _is_title(page, place) for place, line in before):
            aside = True
        elif headed or page.parent[entry.box] != container:
            aside = False
        entry.aside, container = aside, page.parent[entry.box]
        position = max(position, page.text_end[entry.box])


def _is_title(page: FlatDom, place: int) -> bool:
    """Whether a line may be the title of a box: not the page's own, and no tab or button ("Latest | Popular")."""
    index, steps = page.holder(place), 0
    while index > 0 and steps < 3 and page.nodes[index].tag not in HEADINGS - {"h1"}:
        if page.nodes[index].tag in {"h1", "li", "a", "button", "label", "option", "th"}:
            return False
        index, steps = page.parent[index], steps + 1
    return True


def _headings_near(page: FlatDom, start: int, end: int) -> list[int]:
    first = bisect_left(page.headings, start, key=lambda index: page.text_start[index])
    last = bisect_left(page.headings, end, key=lambda index: page.text_start[index])
    return page.headings[first:last]


def _borrow_stamps(page: FlatDom, entries: Sequence[Entry]) -> None:
    """Give entries without a time the one printed between them: each its own, or one heading for several."""
    if not entries or sum(entry.stamp is not None for entry in entries) * 2 > len(entries):
        return
    before = [_stamp_between(page, entries, place, place - 1) for place in range(len(entries))]
    if before[0] is not None and _is_of_the_list(page, entries[0], before[0]):
        carried: Stamp | None = None
        headings = sum(stamp is not None for stamp in before)
        if (
            headings == 1
            and len(entries) > 2
            and page.nodes[page.holder(before[0].start)].tag not in {*HEADINGS, "th", "dt"}
        ):
            return  # the page's own date
        for entry, stamp in zip(entries, before, strict=True):
            carried = stamp or carried
            _lend(entry, carried)
        return
    for place, entry in enumerate(entries):
        after = before[place + 1] if place + 1 < len(entries) else _stamp_after(page, entry)
        _lend(entry, after)


def _lend(entry: Entry, stamp: Stamp | None) -> None:
    if entry.stamp is None and stamp is not None:
        entry.stamp, entry.borrowed = stamp, True


def _stamp_between(page: FlatDom, entries: Sequence[Entry], place: int, earlier: int) -> Stamp | None:
    start = page.text_start[entries[place].box]
    since = page.text_end[entries[earlier].box] if earlier >= 0 else start - NEARBY
    return best_stamp(page, max(since, start - 2 * NEARBY, 0), start)


def _stamp_after(page: FlatDom, entry: Entry) -> Stamp | None:
    end = page.text_end[entry.box]
    return best_stamp(page, end, min(end + NEARBY, page.text_end[page.parent[entry.box]]))


def _is_of_the_list(page: FlatDom, entry: Entry, stamp: Stamp) -> bool:
    """Whether a time before the first entry is in the list's own element, or in the one around it."""
    above = page.parent[entry.box]
    around = page.parent[above] if above > 0 else above
    return stamp.start >= page.text_start[max(around, 0)]
