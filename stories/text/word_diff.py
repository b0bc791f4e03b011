"""What differs between two states of one text, in segments that say what kind of thing changed; pure.

For people who look at a change: ``show``, the pages, the alerts. Words are compared, and single characters in Chinese,
Japanese and Thai; a date, an amount or a number is one word ("$5.2 million" became "$5.2 billion", not "m" a "b").
``difflib`` of the standard library does the diffing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from os.path import commonprefix
from typing import Literal, NamedTuple

from stories.text.date_words import month_pattern, weekday_pattern
from stories.text.scripts import CYRILLIC, UNSPACED

SegmentState = Literal["kept", "removed", "added"]
SegmentKind = Literal["date", "amount", "number", "name", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of a text that stayed, went or came."""

    state: SegmentState
    text: str
    """As printed, with the spaces in it. All that was kept or added makes up the newer text."""
    kind: SegmentKind = "text"
    """Of what went or came: the most telling thing in it. ``text`` for all that stayed."""


_TYPOGRAPHY = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞＂", '"'),
        **dict.fromkeys("‘’‚‛′`´＇", "'"),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", None),
        "…": "...",
        "•": "·",
    }
)
_SPACE = re.compile(r"\s+")
_DASH = re.compile(" ?-+ ?")  # every run of spaces is one space by then


def plain(text: str) -> str:
    """Return ``text`` without what typography alone makes different: the same words give the same string."""
    text = unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHY)).translate(_TYPOGRAPHY)
    return _DASH.sub("-", _SPACE.sub(" ", text)).strip()


_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]”’»]?\s+|[。！？؟।]\s*")


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a paragraph, with the spaces behind them; joined they are the paragraph."""
    ends = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    return tuple(text[start:end] for start, end in pairwise(ends) if start < end)


_LETTER = f"a-zà-ɏ{CYRILLIC}"  # of the scripts that have spaces between words; case is ignored
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th|er|\.|º)?"


@cache
def _date() -> str:
    """Return the pattern of a date or a time of day, built at its first use from the words of all languages."""
    weekday = rf"{weekday_pattern(abbreviations='none')}(?!\w)"
    month = rf"{month_pattern(without_year=True)}(?!\w)\.?"
    day_of_month = (
        rf"(?:{month}\s+(?:{_ORDINAL}(?:\s*(?:,\s*)?\d{{4}})?|\d{{4}})"
        rf"|{_ORDINAL}\s+(?:de\s+|of\s+)?(?:{month_pattern()}\.?,?\s+(?:del?\s+)?\d{{4}}|{month}))"
    )
    return (
        rf"(?:{weekday}(?:,?\s+{day_of_month})?|{day_of_month}"
        r"|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
        r"|(?:\d{4}\s?[年년]\s?)?\d{1,2}\s?[月월](?:\s?\d{1,2}\s?[日號号일])?|\d{4}\s?[年년]"
        r"|(?:[〇零一二三四五六七八九]{4}年)?[一二三四五六七八九十]{1,3}月[一二三四五六七八九十廿]{1,4}[日號号]"
        r"|\d{1,2}:\d\d(?:\s?[ap]\.?m\.?)?|\d{1,2}\s?[ap]\.?m\.?(?!\w))"
    )


_FIGURE = r"\d{1,20}(?:[.,'’]\d{1,20}){0,6}"
_CURRENCY = (
    r"(?:(?:us|hk|nt|au|a|ca|c|s|nz|r)?\$|€|£|¥|₩|₫|₹|usd|eur|gbp|chf|hkd|cny|rmb|jpy|krw|sgd|aud|cad|sek|nok|dkk)"
)
_SCALE = (
    r"(?:hundred|thousand|million(?:en|s|i|es)?|mill?iarde?n?s?|billion(?:en|s|i|es)?|trillion|mio|mrd|bn|mn|crore|lakh"
    r"|mil(?:hões|lones|ioni)|tỷ|triệu|[百千]?[万萬億亿兆]|[만억조])"
)
_MONEY_WORD = r"(?:dollars?|euros?|pounds?|yen|yuan|won|kronor|kroner|crowns?|pence|cents?|đồng)"
_MONEY_SIGN = "(?:美元|港元|港幣|人民币|人民幣|元|円|원)"
_AMOUNT = (
    rf"(?:{_CURRENCY}\s?{_FIGURE}(?:\s?{_SCALE}(?!\w))?"
    rf"|{_FIGURE}\s?(?:{_SCALE}\s?)?(?:(?:{_CURRENCY}|{_MONEY_WORD})(?!\w)|{_MONEY_SIGN})"
    rf"|{_FIGURE}\s?{_SCALE}(?![a-zà-ÿ])"
    r"|[一二三四五六七八九十百千万萬億亿兆〇零]+(?:美元|港元|人民币|人民幣|元|円))"
)
_NUMBER = rf"(?:[+-]?(?<![\w.,]){_FIGURE}(?:\s?%)?|{_FIGURE}(?:\s?%)?|[一二三四五六七八九十百千万萬億亿兆〇零]{{2,}})"


@cache
def fact_pattern() -> str:
    """Return the pattern of a date, an amount or a number, for a search that ignores case."""
    return rf"(?:{_date()}(?![{_LETTER}\d])|{_AMOUNT}|{_NUMBER})"


@cache
def _token() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<date>(?<![{_LETTER}\d]){_date()}(?![{_LETTER}\d]))|(?P<amount>(?<![a-zà-ÿ\d]){_AMOUNT})|(?P<number>{_NUMBER})"
        rf"|(?P<letter>[{UNSPACED}])|(?P<word>[^\W\d_{UNSPACED}]+(?:['’][^\W\d_]+)*)|(?P<mark>\S)",
        re.IGNORECASE,
    )


def fact_kind(text: str) -> SegmentKind:
    """Return what the first token of a text is: a date, an amount, a number, or other words."""
    found = _token().search(text)
    kind = found.lastgroup if found else None
    return kind if kind in ("date", "amount", "number") else "text"  # type: ignore[return-value]


_SPELLED = re.compile(
    r"two|three|(?:four|six|seven|eight|nine)(?:teen|ty)?|forty|five|fifteen|fifty|ten|eleven|twelve|thirteen|"
    r"twenty|thirty|eighteen|eighty|hundred|thousand|million|billion",
    re.IGNORECASE,
)
"""Numbers in words; "one" is mostly none."""
_ENDS_SENTENCE = re.compile(r"[.!?:]\W*$")

MAX_SIDE_LENGTH = 20_000  # characters of a side; a longer "paragraph" is a whole page, reported as removed and added
_CLOSE = 2_000  # tokens of both sides within which every word counts; above, frequent ones are left out of the search
_MANY = 12_000


class _Token(NamedTuple):
    space: str
    text: str
    kind: SegmentKind
    same: str
    """What it is compared by."""


def marked_changes(before: str | None, after: str | None) -> tuple[Segment, ...]:
    """Return the diff of two texts as one sequence of segments, in reading order: kept, removed, added.

    Typography alone (quotation marks, dashes, spaces) is no difference; kept text is printed as in ``after``. None is a
    missing text: all of the other was removed or added. Removed text precedes the text that replaces it.
    """
    if not before or not after:
        return _whole(before, after)
    if max(len(before), len(after)) > MAX_SIDE_LENGTH:
        return _coarse(before, after)
    old, new = _tokens(before), _tokens(after)
    return tuple(_joined(_segments(old, new, after)))


def _coarse(before: str, after: str) -> tuple[Segment, ...]:
    """Return what differs of two texts without end as one piece: from their first difference to their last."""
    if before == after:
        return (Segment(state="kept", text=after),)
    head = before.rfind(" ", 0, _shared(before, after)) + 1
    tail = _shared(before[head:][::-1], after[head:][::-1])
    space = after.find(" ", len(after) - tail)
    tail = len(after) - space if tail and space >= 0 else 0
    middle = _whole(before[head : len(before) - tail], after[head : len(after) - tail])
    end = Segment(state="kept", text=after[len(after) - tail :])
    return tuple(_joined([Segment(state="kept", text=after[:head]), *middle, *([end] if tail else [])]))


def _shared(one: str, other: str) -> int:
    return len(commonprefix([one, other]))  # noqa: RUF071 (characters are meant, not folders)


def _whole(before: str | None, after: str | None) -> tuple[Segment, ...]:
    found = []
    if before:
        found.append(Segment(state="removed", text=before, kind=_kind(_tokens(before[:MAX_SIDE_LENGTH]))))
    if after:
        found.append(Segment(state="added", text=after, kind=_kind(_tokens(after[:MAX_SIDE_LENGTH]))))
    return tuple(found)


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    end = 0
    for match in _token().finditer(text):
        printed, group = match[0], match.lastgroup
        kind: SegmentKind = "text"
        if group in ("date", "amount", "number"):
            kind = group  # type: ignore[assignment]
        elif group == "word" and _SPELLED.fullmatch(printed):
            kind = "number"
        elif (
            group == "word"
            and printed[0].isupper()
            and not (end == 0 or _ENDS_SENTENCE.search(text[max(0, end - 4) : end]))
        ):
            kind = "name"
        found.append(_Token(text[end : match.start()], printed, kind, plain(printed) or printed))
        end = match.end()
    return found


def _segments(old: Sequence[_Token], new: Sequence[_Token], after: str) -> Iterator[Segment]:
    for what, i1, i2, j1, j2 in _operations(old, new):
        here, there = old[i1:i2], new[j1:j2]
        if what == "equal":
            yield Segment(state="kept", text=_printed(there))
            continue
        # The space before what was exchanged stays where it was.
        space = there[0].space if here and there else ""
        if space:
            yield Segment(state="kept", text=space)
        if here:
            yield Segment(state="removed", text=_printed(here, without_first_space=bool(there)), kind=_kind(here))
        if there:
            yield Segment(state="added", text=_printed(there, without_first_space=bool(here)), kind=_kind(there))
    rest = after[sum(len(token.space) + len(token.text) for token in new) :]
    if rest:
        yield Segment(state="kept", text=rest)


def _operations(old: Sequence[_Token], new: Sequence[_Token]) -> list[tuple[str, int, int, int, int]]:
    a, b = [token.same for token in old], [token.same for token in new]
    shorter = min(len(a), len(b))
    head = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    tail = next((i for i in range(shorter - head) if a[-1 - i] != b[-1 - i]), shorter - head)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    size = len(middle_a) + len(middle_b)
    if not middle_a or not middle_b or size > _MANY:
        inner = [("replace", 0, len(middle_a), 0, len(middle_b))] if size else []
    else:
        matcher = SequenceMatcher(None, middle_a, middle_b, autojunk=size > _CLOSE)
        inner = [tuple(code) for code in matcher.get_opcodes()]  # type: ignore[misc]
    found = [("equal", 0, head, 0, head)] if head else []
    found += [(what, i1 + head, i2 + head, j1 + head, j2 + head) for what, i1, i2, j1, j2 in inner]
    if tail:
        found.append(("equal", len(a) - tail, len(a), len(b) - tail, len(b)))
    return _without_islands(found, old)


def _without_islands(
    operations: list[tuple[str, int, int, int, int]], old: Sequence[_Token]
) -> list[tuple[str, int, int, int, int]]:
    """Return the operations with what stayed by chance between two changes, a comma or an "of", taken into them."""
    found: list[tuple[str, int, int, int, int]] = []
    for number, operation in enumerate(operations):
        what, i1, i2, _, j2 = operation
        between = 0 < number < len(operations) - 1
        chance = what == "equal" and between and _is_chance(old[i1:i2])
        if (chance or what != "equal") and found and found[-1][0] != "equal":
            before = found.pop()
            found.append(("replace", before[1], i2, before[3], j2))
        else:
            found.append(operation)
    return found


def _is_chance(kept: Sequence[_Token]) -> bool:
    if len(kept) > 2 or any(token.kind != "text" for token in kept):
        return False
    letters = [token.text for token in kept if token.text[0].isalpha()]
    return not letters or (len(letters) == 1 and letters[0].isascii() and len(letters[0]) <= 3)


def _printed(tokens: Sequence[_Token], *, without_first_space: bool = False) -> str:
    text = "".join(token.space + token.text for token in tokens)
    return text[len(tokens[0].space) :] if without_first_space and tokens else text


_TELLING: tuple[SegmentKind, ...] = ("amount", "date", "number", "name")


def _kind(tokens: Sequence[_Token]) -> SegmentKind:
    kinds = {token.kind for token in tokens}
    words = sum(token.kind == "text" and token.text[0].isalpha() for token in tokens)
    if words > 2 * sum(token.kind != "text" for token in tokens) + 2:
        return "text"  # a sentence that happens to hold a name
    return next((kind for kind in _TELLING if kind in kinds), "text")


def _joined(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments with kept ones that follow each other as one, and none that is empty."""
    kept = ""
    for segment in segments:
        if segment.state == "kept":
            kept += segment.text
            continue
        if kept:
            yield Segment(state="kept", text=kept)
            kept = ""
        if segment.text:
            yield segment
    if kept:
        yield Segment(state="kept", text=kept)


def shortened(segments: Sequence[Segment], context: int = 40) -> tuple[Segment, ...]:
    """Return the segments with kept text shortened to ``context`` characters next to each change, the rest ``…``."""
    found = []
    for number, segment in enumerate(segments):
        text = segment.text
        if segment.state == "kept":
            lead, follow = number > 0, number < len(segments) - 1
            room = context * (lead + follow)
            if len(text) > room + 1:
                start = text[:context].rsplit(" ", 1)[0] if lead else ""
                end = text[len(text) - context :].split(" ", 1)[-1] if follow else ""
                text = f"{start} … {end}".strip(" ") if not (lead and follow) else f"{start} … {end}"
                text = (" " if lead and segment.text.startswith(" ") and not text.startswith(" ") else "") + text
                text += " " if follow and segment.text.endswith(" ") and not text.endswith(" ") else ""
        found.append(Segment(state=segment.state, text=text, kind=segment.kind))
    return tuple(found)
