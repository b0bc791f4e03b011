"""The dateline of a release: ``HONG KONG SAR - Media OutReach Newswire - 22 June 2026 - …``.

Every form seen in stored releases of the wires: place, wire and date in any order, in brackets, between slashes or
dashes; date first in Chinese and Japanese. Nothing is a dateline without a wire or a date next to a place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from config.wires import wires
from crawler.extraction.fields.dates import MONTH, WEEKDAY, find_date, find_dates
from crawler.extraction.fields.exchanges import EXCHANGES
from crawler.extraction.fields.time_zones import named_zone
from stories.model.release import Dateline
from stories.text.date_words import any_of, date_words
from stories.text.scripts import CJK, has_cjk, has_unspaced_or_hangul

REACH = 260  # characters from the start within which a dateline ends; the longest measured has 170

_DATELINE_NAMES = tuple((pattern, wire) for wire in wires().values() if not wire.agency for pattern in wire.dateline)
_AGENCIES = "|".join(pattern for wire in wires().values() if wire.agency for pattern in wire.dateline)
_WIRE_NAMES = "|".join(f"(?P<w{number}>{pattern})" for number, (pattern, _) in enumerate(_DATELINE_NAMES)).replace(
    " ", r"\s"
)
_GENERIC = r"(?P<generic>[A-Z][\w.&-]*(?:\s[A-Z][\w.&-]*){0,3}?\s?(?:[Ww]ire|WIRE|[Nn]ews[Ww]ire|NEWSWIRE|Presse?|PRESS|News|Media))"  # noqa: E501
_ANY = r"(?P<any>(?-i:[A-Z])[\w.&'’+-]*(?:\s[\w.&'’+-]+){0,4}?|[" + CJK + "]{2,12})"
_WIRE_NAME = re.compile(r"[A-Z][\w.&'’-]*(?:\s[\w.&'’-]+){0,4}?\s?(?i:(?:news|press)?\s?wire)")
_DASH = re.compile(r"\s[-–—]\s")
_LINKED = re.compile(r"\[([^\]\n]{2,60})\]\([^)\s]{3,200}\)")
_MARK = re.compile(
    rf"""(?P<open>--\s?\(|[(（/[]|[-–—]\s*+|\|\s*+|,\s(?=via\s))\s*+(?:via\s++)?(?:{_WIRE_NAMES}|(?P<agency>{_AGENCIES})|{_GENERIC}|{_ANY})
    \s*+(?P<close>[)）/\]]|[-–—]|\||(?=,?\s*+(?:{MONTH}(?!\w)|\d))|$)""",
    re.VERBOSE,
)
_GAP = r"[\s,;:.\-–—―─|/()（）\[\]【】@]*"
_HASHES = re.compile(r"(?:[$#][\w&]+\s*)+--\s*")  # BOSTON--(BUSINESS WIRE)--$GULL #Gulls--…
_TRAIL = re.compile(r"^[\s,.;:\-–—―─|/)）】\]@]+")
_CLOCK = re.compile(
    r"^\s*(?:@|at|,|/)?\s*\d{1,2}[:.h]\d\d\s*(?i:[ap]\.?m\.?)?\s*(?:\(?(?:CET/CEST|[A-Z]{2,4}\b|(?:US/)?(?:Eastern|Central|Mountain|Pacific)|[A-Z]\w+/\w+)\)?)?"
)
_LEADING_DAY = re.compile(rf"(?:^|[\s,.;:(-])(?:(?i:{WEEKDAY})|le|on|den|am|a|à|em|dated?|[Nn]gày|the)[\s,.]*$")
_DAY_ALONE = re.compile(
    rf",?\s*(?:(?:{MONTH})\.?\s+\d{{1,2}}|\d{{1,2}}\.?\s+(?:{MONTH})\.?)\s*$", re.I
)  # a day without its year
_CONNECTORS = frozenset(
    [
        "and",
        "of",
        "de",
        "del",
        "la",
        "las",
        "le",
        "les",
        "los",
        "el",
        "am",
        "an",
        "der",
        "the",
        "upon",
        "near",
        "do",
        "da",
        "dos",
        "di",
        "du",
        "den",
        "und",
        "et",
        "y",
        "e",
        "en",
        "sur",
        "sous",
        "in",
        "bei",
        "im",
        "zu",
        "à",
        "au",
    ]
)
_STATES = re.compile(r"^(?:[A-Z]\.?){2,3}$")
_NOT_PLACES = re.compile(
    r"\b(?:today|announced?|said|says|press|release|releases|published?|updated?|posted|date|news|by|source|contact|inc|ltd|llc|"
    r"corp|plc|ag|group|company|report|results|quarter|fiscal|ended|event|conference|webinar|season|edition|version|"
    r"from|for|with|is|was|has|have|will|are|this|that|how|why|what|when|immediate|embargoed|"
    + any_of({*date_words()["en"].months, *date_words()["en"].weekdays} - {"may"})
    + r")\b",
    re.I,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DatelineMatch:
    """A dateline and where the release's own words begin."""

    dateline: Dateline
    end: int


def find_dateline(text: str) -> DatelineMatch | None:
    """Return the dateline that a paragraph opens with, None where it opens with none."""
    head = text[:REACH].replace("\n", " ")
    if "](" in head:
        return _behind_links(text)
    lead = len(head) - len(head.lstrip(' \u00a0*_【[（(-–—•"“'))
    return _with_wire(head, lead) or _place_and_date(head, lead) or _date_first(head, lead)


def _behind_links(text: str) -> DatelineMatch | None:
    """Read a paragraph of Markdown: ``([NewMediaWire](https://…))``."""
    plain = _LINKED.sub(r"\1", text[: REACH * 2])
    found = find_dateline(plain[:REACH].replace("](", "] ("))
    if found is None:
        return None
    rest = plain[found.end : found.end + 30]
    end = text.find(rest[:12]) if rest.strip() else len(text)
    return DatelineMatch(found.dateline, max(end, 0) if end > 0 else found.end)


def _with_wire(head: str, lead: int) -> DatelineMatch | None:
    opens = lead - 1 if head[max(0, lead - 1) : lead] in ("(", "（") else lead
    for mark in _MARK.finditer(head, opens):
        wire, named = _wire(mark)
        if mark.start() < lead and not named:
            continue
        before = head[lead : mark.start()]
        if len(before) > 130:
            return None
        if (mark["generic"] or mark["any"]) and not _is_enclosed(mark):
            continue
        if mark["any"] and not _is_in_a_wires_place(mark, head):
            continue
        if mark["open"].strip(" -–—") == "" and not named and not mark["agency"]:
            continue
        if mark["agency"] and mark["open"].strip()[-1:] not in ("(", "（", "/"):
            continue
        printed = find_date(before)
        place_text, end = before, mark.end()
        if printed is not None:
            place_text = _place_beside(before, printed.start, printed.end)
            if not before.isascii() and not place_text:
                place_text = before[printed.end :]
        after = _date_after(head, end)
        day = printed.iso if printed else None
        if after is not None:
            day, end = day or after[0], after[1]
        if printed is None:
            place_text = _DAY_ALONE.sub("", before)
        place = _place(place_text, trusted=named or mark["agency"] is not None)
        if place is None and not (named and (day or (not before.strip() and mark["open"] in ("(", "（")))):
            continue
        if place is None and place_text.strip(" ,.-–—/(（"):
            continue
        end = _past_second_mark(head, end)
        return DatelineMatch(Dateline(place=place, wire=wire, date=day), _past(head, end))
    return None


def _wire(mark: re.Match[str]) -> tuple[str, bool]:
    """Return the wire's name, and whether it is one of those known."""
    for number, (_, wire) in enumerate(_DATELINE_NAMES):
        if printed := mark[f"w{number}"]:
            return wire.name or printed, True
    return mark["agency"] or mark["generic"] or mark["any"], False


def _is_enclosed(mark: re.Match[str]) -> bool:
    return mark["open"].strip(" -") in ("(", "/", "（", "[") and mark["close"].strip() in (")", "/", "）", "]")


def _is_in_a_wires_place(mark: re.Match[str], head: str) -> bool:
    """Whether a name that is no known wire's is where wires print theirs.

    Behind the date and before a dash (``Nov. 22, 2026 /Pressline/ --``), or between two (``OSTRAVA--(Pressline)--``).
    """
    if re.match(r"\s*[-–—]", head[mark.end() :]) is None or _is_no_name(mark["any"]):
        return False
    if mark["open"].startswith("--"):
        return head[mark.end() :].lstrip().startswith("--")
    dates = list(find_dates(head[: mark.start()]))
    return bool(dates) and not head[dates[-1].end : mark.start()].strip(" ,")


def _is_no_name(text: str) -> bool:
    """Whether brackets hold a time zone or an exchange, as they do behind dates and companies."""
    return named_zone(text) is not None or text.upper() in EXCHANGES or re.fullmatch(WEEKDAY, text, re.I) is not None


def _place_beside(before: str, start: int, end: int) -> str:
    """Return what is before the date, else what is after it (``2026年6月22日 東京``)."""
    left = _LEADING_DAY.sub("", before[:start].rstrip(" ,-–—/(（"))
    return left if left.strip(" ,.-–—/(（【") else before[end:]


def _date_after(head: str, end: int) -> tuple[str, int] | None:
    """Return the date that follows a wire's name, and where it ends, a time of day included."""
    for printed in find_dates(head[end : end + 70]):
        between = head[end : end + printed.start]
        if re.fullmatch(rf"{_GAP}(?:(?:{WEEKDAY}|le|ngày|on)\.?{_GAP})?", between, re.I):
            stop = end + printed.end
            clock = _CLOCK.match(head[stop:])
            return printed.iso, stop + (clock.end() if clock else 0)
        return None
    return None


def _past_second_mark(head: str, end: int) -> int:
    """Step over a second wire's name: ``- July 12, 2024 - (ThriveNewsWire) -``."""
    second = re.compile(r"\s*[-–—/]*\s*").match(head, end)
    at = second.end() if second else end
    mark = _MARK.match(head, at)
    if mark and not mark["any"] and _is_enclosed(mark):
        return mark.end()
    return end


def _past(head: str, end: int) -> int:
    trail = _TRAIL.match(head[end:])
    end += trail.end() if trail else 0
    hashes = _HASHES.match(head[end:])
    return end + (hashes.end() if hashes else 0)


def _place_and_date(head: str, lead: int) -> DatelineMatch | None:
    """``Toronto, ON - August 26, 2024 – …``: no wire's name, so place and dash must be plain."""
    printed = next((found for found in find_dates(head[:170]) if found.start > lead), None)
    if printed is None:
        return None
    before = head[lead : printed.start]
    after = head[printed.end :]
    closed = re.match(r"\s*[)）\]】]?\s*(?:[-–—―─|/]+|[:：]|\s--)", after)
    clock = _CLOCK.match(after)
    if closed is None and clock is not None:
        closed = re.match(r"\s*[)）]?\s*[-–—―─|/]+", after[clock.end() :])
        if closed:
            closed_end = printed.end + clock.end() + closed.end()
    if closed is None:
        cjk = re.match(r"\s*[】)）\]]\s*", after) if re.search(r"[【(（\[]", head[: lead + len(before)]) else None
        cjk = cjk or re.match(r"\s*\.\s*[-–—]+", after)
        dotted = re.match(r"\d\d?\.\s?(?:[^\W\d]|\d)", head[printed.start : printed.end])  # "22. Juni 2026. …"
        if cjk is None and (dotted or re.search(r",\s(?:le|den)\s$", before)):
            cjk = re.match(r"\s*\.\s", after)
        if cjk is None:
            return None
        closed_end = printed.end + cjk.end()
    elif clock is None or closed.end() <= clock.end():
        closed_end = printed.end + closed.end()
    place_text, wire = _LEADING_DAY.sub("", before.rstrip(" ,-–—/(（|")), None
    if before.rstrip()[-1:] in "-–—":
        place_text, wire = _apart(place_text)
    place = _place(place_text, trusted=False)
    if place is None:
        return None
    end = _past_second_mark(head, closed_end)
    wire = wire or _second_wire(head, closed_end)
    return DatelineMatch(Dateline(place=place, wire=wire, date=printed.iso), _past(head, end))


def _apart(text: str) -> tuple[str, str | None]:
    """Return place and wire of ``HONG KONG SAR - Harbour Line Newswire``; the text alone where it is no such pair."""
    parts = _DASH.split(text, maxsplit=1)
    if len(parts) == 2 and (_WIRE_NAME.fullmatch(parts[1]) or _place(parts[1], trusted=False)):
        return parts[0], parts[1]
    return text, None


def _second_wire(head: str, end: int) -> str | None:
    mark = _MARK.match(head, end) or _MARK.match(head, max(0, end - 1)) or _MARK.match(head, _past(head, end))
    return _wire(mark)[0] if mark and not mark["any"] else None


def _date_first(head: str, lead: int) -> DatelineMatch | None:
    """``July 12, 2024 — NEW YORK — …`` and ``(June 22, 2026) PARIS – …``."""
    printed = find_date(head[: lead + 60])
    if printed is None or re.sub(rf"(?:{WEEKDAY})[\s,.]*", "", head[lead : printed.start], flags=re.I).strip():
        return None
    enclosed = re.search(r"[【(（\[]\s*$", head[: printed.start]) is not None  # （2026年6月22日，香港）
    ends = r"[)）】\]]" if enclosed and re.match(r"\s*[^\s)）】\]]", head[printed.end :]) else r"(?:--|[-–—:：|]|/\s)"
    match = re.match(
        rf"\s*[)）]?\s*[-–—,，、・/|]*\s*(?P<place>[^-–—:：|)）】\]]{{2,60}}?)\s*{ends}\s*", head[printed.end :]
    )
    if match is None:
        return None
    place = _place(match["place"], trusted=False)
    if place is None:
        return None
    end = printed.end + match.end()
    return DatelineMatch(Dateline(place=place, wire=_second_wire(head, end - 2), date=printed.iso), _past(head, end))


def _place(text: str, *, trusted: bool) -> str | None:
    """Return a place as printed, None for a text that is something else.

    ``trusted``: the name of a wire is next to it, so it may be longer and need not be written as a name.
    """
    place = text.strip(' \u00a0\u3000\u200d,，、・;:-–—―|/(（)【】[]*_•"“”').lstrip(".")
    place = re.sub(r"\s+", " ", place)
    if not 2 <= len(place) <= 100 or any(char.isdigit() for char in place) or re.search(r"[!?;:\"“”。]", place):
        return None
    if has_cjk(place):
        return place if len(place) <= 24 else None
    if has_unspaced_or_hangul(place):
        return place if trusted and len(place) <= 40 else None
    words = re.findall(r"[^\s,/&()–—-]+", place)
    if not words or len(words) > (16 if trusted else 9):
        return None
    if not trusted and _NOT_PLACES.search(place):
        return None
    for word in words:
        bare = word.strip(".'’")
        if bare and not bare[0].isupper() and bare.lower() not in _CONNECTORS:
            return None
    if words[0].lower() in _CONNECTORS and words[0].islower():
        return None
    if not trusted and re.search(r"[a-z]{3,}\.\s", place + " ") and not re.search(r"\b[A-Z][a-z]{2,5}\.", place):
        return None
    return place
