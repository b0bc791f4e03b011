"""When a release was published, as far as its page says: with an offset, else as a bare date, else not."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, timezone
from typing import Literal

import htmldate
import lxml.html

from config.source_settings import ReleaseHints
from crawler.extraction.body.blocks import Block, ancestors
from crawler.extraction.body.phrases import EMBARGO
from crawler.extraction.fields.date_witnesses import Carrier, DateWitness, find_witnesses, is_next_to_article
from crawler.extraction.fields.dates import find_moment
from crawler.extraction.fields.headline import selected
from crawler.extraction.page import Page
from crawler.extraction.text import is_sentence, weight
from stories.model.publication_dates import is_placeholder
from stories.model.timestamps import parse_timestamp

_STATED: tuple[Carrier, ...] = ("hint", "linked data", "meta", "microdata")
"""What the page states for machines as its date of publication."""
_SHOWN: tuple[Carrier, ...] = ("time", "printed", "dateline", "any date", "marked", "page node", "printed near", "url")
_WEAK: tuple[Carrier, ...] = ("created", "updated")
_AGE: tuple[Carrier, ...] = (*_STATED, "time", "printed", "dateline", "page node", "created")
"""What counts for the age of a release; a date in the masthead or of a change makes no release younger."""
_FAMILY: dict[Carrier, str] = {
    "hint": "hint", "linked data": "linked data", "page node": "linked data", "created": "linked data",
    "meta": "meta", "any date": "meta", "microdata": "shown", "time": "shown", "marked": "shown",
    "printed": "shown", "printed near": "shown", "dateline": "dateline", "url": "url", "updated": "change",
}  # fmt: skip
"""The places that one part of a content system writes: they are wrong together."""
MAX_OFFSET_HOURS = 12

RUNNING_TEXT = 60  # Latin characters: htmldate sees no paragraph that is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The date of publication that a page gives."""

    at: str | None = None
    origin: Literal["page", "text"] | None = None
    """``text``: only the dateline of the release gives it."""
    dates: tuple[str, ...] = ()
    """All dates of publication on the page, the most trusted first; the age limit applies to the youngest."""


def find_published(
    page: Page, blocks: Sequence[Block], first: int, hints: ReleaseHints, dateline: str | None, headline: str = ""
) -> Published:
    """Return when the release was published.

    A time without a zone counts only with the source's time zone; midnight sharp is what content systems write for "no
    time".

    Args:
        page: the page.
        blocks: its blocks; those of the text are chosen.
        first: the index of the article's first block.
        hints: the hints of its source.
        dateline: the dateline's date.
        headline: of the release.
    """
    witnesses = [
        witness
        for witness in find_witnesses(
            page,
            blocks,
            headline=headline,
            first=first,
            zone=hints.timezone,
            hinted=selected(page, hints.published),
            dateline=dateline,
        )
        if not is_placeholder(witness.at)
    ]
    chosen = choose(witnesses)
    if chosen is None and (found := _by_htmldate(page, blocks)):
        chosen = DateWitness(found, "marked", "htmldate")
        witnesses.append(chosen)
    used = next((witness for witness in witnesses if chosen is not None and witness.origin == chosen.origin), None)
    for witness in witnesses:
        page.evidence.note("published_at", witness.at, witness.origin, is_used=witness is used)
    if chosen is None:
        return Published()
    dates = [chosen.at, *(witness.at for witness in witnesses if witness.carrier in _AGE)]
    return Published(
        at=chosen.at, origin="text" if chosen.carrier == "dateline" else "page", dates=tuple(dict.fromkeys(dates))
    )


def choose(witnesses: Sequence[DateWitness]) -> DateWitness | None:
    """Return the witness that gives the date of publication; pure.

    The first of what the page states for machines counts, unless more independent kinds of places agree on another day;
    else the first place that readers see. Of the witnesses of that day, one with a time counts
    before one without, and one with the site's own offset before the same moment in UTC.
    """
    stated = [witness for witness in witnesses if witness.carrier in _STATED]
    shown = [witness for witness in witnesses if witness.carrier in _SHOWN]
    shown.sort(key=lambda witness: _SHOWN.index(witness.carrier))
    first = _first(stated) or next(iter([*shown, *_ordered(witnesses, _WEAK)]), None)
    if first is None:
        return None
    if first.carrier not in ("hint", *_WEAK):
        support = _support(first, witnesses)
        rivals = [witness for witness in (*stated, *shown) if not _is_near(witness, first)]
        rival = max(rivals, key=lambda witness: _support(witness, witnesses), default=first)
        if _support(rival, witnesses) > support:
            first = rival
    return _as_readers_see(_most_exact(first, [*stated, *shown]), shown)


def _support(witness: DateWitness, witnesses: Sequence[DateWitness]) -> int:
    """Return how many independent kinds of places give the day of a witness, or one that a time zone may make of it."""
    return len({_FAMILY[other.carrier] for other in witnesses if _is_near(witness, other)} - {"change"})


def _first(witnesses: Sequence[DateWitness]) -> DateWitness | None:
    """Return the first witness with a time that is not midnight on the first one's day, else the first."""
    exact = next((witness for witness in witnesses if _is_exact(witness.at)), None)
    return exact or next(iter(witnesses), None)


def _ordered(witnesses: Sequence[DateWitness], carriers: Sequence[Carrier]) -> list[DateWitness]:
    return [witness for carrier in carriers for witness in witnesses if witness.carrier == carrier]


def _most_exact(first: DateWitness, witnesses: Sequence[DateWitness]) -> DateWitness:
    if _is_exact(first.at):
        moment = parse_timestamp(first.at)
        local = [
            witness for witness in witnesses if parse_timestamp(witness.at) == moment and witness.at[-6:] != "+00:00"
        ]
        return local[0] if local and first.at.endswith("+00:00") else first
    same_day = [witness for witness in witnesses if witness.at[:10] == first.at[:10]]
    exact = next((witness for witness in same_day if _is_exact(witness.at)), None)
    return exact or next((witness for witness in same_day if "T" in witness.at and "T" not in first.at), first)


def _as_readers_see(first: DateWitness, shown: Sequence[DateWitness]) -> DateWitness:
    """Return a witness on the day that readers see where that is the day before or after: a matter of time zones.

    A moment in UTC stays the same moment, written in an offset in which it is on that day; the midnight of that day
    becomes the bare date that is printed. A date without a time is replaced: its time was in no known zone.
    """
    days = [witness for witness in shown if witness.carrier in ("printed", "time", "marked") and "T" not in witness.at]
    if not days or any(witness.at[:10] == first.at[:10] for witness in (*days, *_ordered(shown, ("time", "printed")))):
        return first
    printed = next((witness for witness in days if _is_near(witness, first)), None)
    if printed is None or first.carrier not in (*_STATED, "any date", "page node"):
        return first
    moment = parse_timestamp(first.at)
    if moment is None:
        return printed
    if not first.at.endswith("+00:00"):
        return first
    hours = 24 - moment.hour if printed.at > first.at[:10] else -moment.hour - 1
    local = moment.astimezone(timezone(timedelta(hours=hours)))
    if abs(hours) > MAX_OFFSET_HOURS:
        return first
    if local.minute == 0 and local.second == 0 and local.hour == 0:
        return printed
    return replace(first, at=local.isoformat())


def _is_exact(moment: str) -> bool:
    return "T" in moment and moment[11:19] != "00:00:00"


def _is_near(one: DateWitness, other: DateWitness) -> bool:
    """Whether two witnesses differ by a day at most: dates of one moment differ so between time zones."""
    try:
        return abs(date.fromisoformat(one.at[:10]) - date.fromisoformat(other.at[:10])) <= timedelta(days=1)
    except ValueError:
        return False


def _by_htmldate(page: Page, blocks: Sequence[Block]) -> str | None:
    """Return what htmldate finds on the page without the article's running text and what is next to the article."""
    running = [
        block.element
        for block in blocks
        if block.chosen and (weight(block.text) >= RUNNING_TEXT or is_sentence(block.text))
    ]
    for element in running:
        element.set("data-running-text", "")
    tree = copy.deepcopy(page.tree)
    for element in running:
        element.attrib.pop("data-running-text", None)
    text = tree.xpath("//*[@data-running-text]")
    holders = {holder for element in text for holder in ancestors(element)}
    for element in [*tree.iter("aside", "nav", "div", "section", "ul", "ol"), *text]:
        is_left_out = element in text or (element not in holders and is_next_to_article(element))
        if is_left_out and element.getparent() is not None:
            element.drop_tree()
    try:
        found = htmldate.find_date(tree, original_date=True, extensive_search=False, url=page.url)
    except (
        ValueError,
        TypeError,
        AttributeError,
        RecursionError,
        OverflowError,
    ):  # its regular expressions on odd pages
        return None
    if not found or found.endswith("-01-01") or _is_ambiguous(found, lxml.html.tostring(tree, encoding="unicode")):
        return None
    return str(found)


def _is_ambiguous(found: str, text: str) -> bool:
    """Whether a text writes a date in figures whose day may be the month: htmldate takes the first for the day."""
    year, month, day = found.split("-")
    pairs = f"0?{int(day)}[/-]0?{int(month)}|0?{int(month)}[/-]0?{int(day)}"
    return int(day) <= 12 and day != month and re.search(rf"(?<!\d)(?:{pairs})[/-]{year}", text) is not None


def find_embargo(lines: Sequence[str], zone: str | None) -> str | None:
    """Return the end of an embargo that the release prints, with an offset; None where it gives no full moment."""
    for line in lines:
        if match := EMBARGO.search(line):
            moment = find_moment(match["when"], zone) or find_moment(line[: match.start()][-60:], zone)
            if moment and "T" in moment:
                return moment
    return None
