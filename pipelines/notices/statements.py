"""Stop 9, relate: what the first paragraphs of a body say about an earlier release."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.notices.folding import fold, visible
from pipelines.notices.frames import frames_for
from pipelines.notices.framing import POINTER, WRONG, Frame
from pipelines.notices.headline import headline_notice
from pipelines.notices.signed import BY_COMPANY
from stories.release import NoticeKind

PARAGRAPHS = 6  # an advisory stands first; deeper down, "the previous release" belongs to the story
_CHARACTERS = 1200  # of each: an advisory with its headline and reason is shorter
_STATEMENT = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What a body says about an earlier release."""

    kind: NoticeKind
    marker: str
    """The words that say so, as printed."""
    statement: str | None


_ASIAN_TEXT = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_POINTER = re.compile(POINTER)
_EXPLAINS = re.compile(WRONG)
_LAWSUIT = re.compile(r"\b(?:alleg\w+|complaint|lawsuit|plaintiffs?|class action|indictment)\b")
# What comes before the first sentence: "BOSTON--(BUSINESS WIRE)--", "OTTAWA, May 3, 2026 /CNW/ -", "--News Direct--".
_DATELINE = re.compile(
    r"^.{0,140}?(?:\((?:business wire|globe newswire|globenewswire|newmediawire|newsfile[^)]*"
    r"|marketwired?[^)]*)\)\s*-*—*\s*"
    r"|/\s*(?:[\w-]*pr ?newswire[\w-]*|cnw|accesswire|24-7pressrelease)\s*/\s*-*—*\s*"
    r"|(?:media outreach newswire|--news direct--|eqs[- ]news)\s*[-—]*\s*(?:\d{1,2} \w+ \d{4}\s*[-—]+\s*)?)"
)
_SENTENCE_END = re.compile(
    r"[.!?][\"”»’)\]]*\s+(?=[A-ZÀ-Þ0-9“\"«(/])|[。！？]\s*|(?<=[a-z]):\s+(?=[A-Z]{3}|[A-Z][a-z]+ [A-Z])"
)
_ABBREVIATION = re.compile(
    r"\b(?:inc|corp|co|ltd|llc|plc|no|st|mr|mrs|ms|dr|jr|sr|vs|approx|est|bhd|pte|pty|cf|nr|str|jan|feb"
    r"|mar|apr|jun|jul|aug"
    r"|sept?|oct|nov|dec|a\.m|p\.m|u\.s|u\.k|s\.a|n\.v|b\.v|[a-z])$"
)
_GERMAN_DATE = re.compile(r"\d\.\s+(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Quartal|Halbjahr)")


def find_advisory(body: Sequence[str], *, marked: bool = False) -> Advisory | None:
    """Return what the first paragraphs say about an earlier release, or None.

    Only at the start of the body and only in clear frames ("Please replace the release …", "… should disregard the news
    release, …"). ``marked``: the headline has a marker already, so an opening frame may stand in any of them.
    """
    paragraphs = _first_paragraphs(body)
    lowered = [text.lower() for text in paragraphs]
    frames = frames_for("\n".join(lowered))
    line: Advisory | None = None
    for number, text in enumerate(paragraphs):
        if line is None and number < 3 and lowered[number].lstrip("/*[(【+ ").startswith(_LINE_STARTS):
            line = _marker_line(text)
        if not frames:
            continue
        if found := _framed(frames, paragraphs, number, marked=marked or line is not None):
            return found if line is None else replace(line, statement=found.statement)
    return line


def _first_paragraphs(body: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in body[: PARAGRAPHS * 3]:
        if text := visible(line[:_CHARACTERS]):
            found.append(text)
            if len(found) == PARAGRAPHS:
                break
    return found


def _marker_line(text: str) -> Advisory | None:
    """A line that is a marker: ``CORRECTION...by Civitas Solutions, Inc.``, ``/CORRECTION -- …/``, ``Korrektur: …``."""
    notice = headline_notice(text[:200]) if len(text) <= 400 else None
    if notice is None or notice.kind == "repeat" or notice.marker.endswith(("s", "S")):
        return None
    # "Correction: the second paragraph gave 21 ovens." says what it is about; "Correction: Acme Opens" is a headline.
    statement = text if _EXPLAINS.search(fold(text)) or text.endswith((".", ")", "。")) else None
    return Advisory(kind=notice.kind, marker=notice.marker, statement=statement)


_LINE_STARTS = (
    "correct",
    "c o r r",
    "korrektur",
    "disregard",
    "rectificatif",
    "retract",
    "kill",
    "erratum",
    "更正",
    "訂正",
    "정정",
)


def _framed(frames: list[Frame], paragraphs: list[str], number: int, *, marked: bool) -> Advisory | None:
    text = paragraphs[number]
    folded = fold(text)
    for frame in frames:
        found = frame.pattern.search(folded)
        if found is None:
            continue
        start, end = sentence_around(text, found.start(), found.end())
        if _LAWSUIT.search(folded, start, end):
            continue
        if frame.opening and not marked and (number or start > _after_dateline(folded)):
            continue
        words = found.span("marker") if frame.pattern.groups and found["marker"] else found.span()
        return Advisory(
            kind=frame.kind,
            marker=" ".join(text[slice(*words)].split()),
            statement=_statement(paragraphs, number, start, end, found),
        )
    return None


def _statement(paragraphs: list[str], number: int, start: int, end: int, found: re.Match[str]) -> str | None:
    text = paragraphs[number]
    if pointer := _POINTER.fullmatch(found[0]):
        # "First dividend payable on June 2 [instead of …]. The corrected release reads:": the reason came before.
        reason = text[_after_dateline(found.string) : found.start()].strip() or _reason_above(paragraphs[:number])
        return (
            _short(reason)
            if reason
            else _short(text[start:end])
            if len(text[start:end]) > len(pointer[0]) + 15
            else None
        )
    if _ASIAN_TEXT.search(found[0]) and len(text) <= _STATEMENT // 2:
        return _short(text)  # what was wrong and that it is corrected are two sentences there
    statement = text[start:end]
    following = text[end:].lstrip()
    if following:
        next_start, next_end = sentence_around(following, 0, 1)
        sentence = following[next_start:next_end]
        if _EXPLAINS.search(fold(sentence)) and not _POINTER.search(fold(sentence)):
            statement = f"{statement} {sentence}"
    return _short(statement)


def _reason_above(paragraphs: list[str]) -> str:
    kept = [text for text in paragraphs[-3:] if len(text) <= _STATEMENT and not BY_COMPANY.match(fold(text))]
    return " ".join(text[_after_dateline(fold(text)) :] for text in kept)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _STATEMENT else text[: _STATEMENT - 1].rsplit(" ", 1)[0] + "…"


def _after_dateline(folded: str) -> int:
    found = _DATELINE.match(folded)
    return found.end() if found else 0


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the sentence (or sentences) that hold ``text[start:end]`` begin and end, the dateline left out."""
    first = _after_dateline(fold(text))
    first = first if first <= start else 0
    last = len(text)
    for boundary in _SENTENCE_END.finditer(text):
        before = fold(text[max(0, boundary.start() - 12) : boundary.start()])
        if text[boundary.start()] == "." and _ABBREVIATION.search(before):
            continue
        if _GERMAN_DATE.match(text, boundary.start() - 1):
            continue
        if boundary.end() <= start:
            first = max(first, boundary.end())
        elif boundary.start() >= end - 1:
            last = boundary.end()
            break
    return first, len(text[:last].rstrip())
