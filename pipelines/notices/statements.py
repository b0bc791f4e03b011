"""Recognises notices in the first paragraphs of a body, or in a note at its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from config.wires import wire_name_pattern
from pipelines.notices.bylines import signed
from pipelines.notices.grammar import Frame, body_frames, part
from pipelines.notices.headline import headline_notice
from pipelines.notices.headline_tokens import HeadlineTokens
from stories.model.release import NoticeKind
from stories.text.case_folding import fold, visible
from stories.text.scripts import has_unspaced_or_hangul
from stories.text.token_patterns import Match
from stories.text.tokens import Tokens

OPENING_PARAGRAPHS = 6  # an advisory is at the top; further down, "the previous release" belongs to the news
CLOSING_PARAGRAPHS = 3  # paragraphs at the end in which a closing note is searched
_PARAGRAPH_LENGTH = 4_000  # characters of each; an advisory with its headline and reason is shorter
_STATEMENT_LENGTH = 700
_LINE_LENGTH = 200  # characters at the start of a marker line
_MARKER_LINE = 1_500  # characters; a CORRECTION paragraph with its reason is not longer
_MARKER_LINES = 3  # paragraphs among which a line with only a marker is searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What a body says about an earlier release."""

    kind: NoticeKind
    marker: str
    """The words of the marker, as printed."""
    statement: str | None


# Text before the first sentence: "BOSTON--(BUSINESS WIRE)--", "OTTAWA, May 3, 2026 /CNW/ -", "--News Direct--".
_DATELINE_CHARACTERS = 220
_DATELINE_END = re.compile(
    rf"(?:\((?:{wire_name_pattern()})[^)]{{0,40}}\)\s*-*—*\s*"
    rf"|/\s*[\w-]{{0,20}}(?:{wire_name_pattern()})[\w-]{{0,20}}\s*/\s*-*—*\s*"
    rf"|\b(?:{wire_name_pattern()})\s*[-—]+\s*(?:\d{{1,2}} \w{{3,12}} \d{{4}}\s*[-—]+\s*)?)"
)


def find_advisory(body: Sequence[str], *, marked: bool = False) -> Advisory | None:
    """Return what the first paragraphs (or a closing note) say about an earlier release, or None.

    Searched are only the edges of the body, and only for unambiguous frames ("Please replace the release …", "… should
    disregard the news release, …"). ``marked``: the headline has a marker, so an opening frame may be in any of them.
    """
    paragraphs = _first_paragraphs(body)
    line: Advisory | None = None
    for number, text in enumerate(paragraphs):
        if line is None and number < _MARKER_LINES:
            line = _marker_line(text)
        if found := _framed(paragraphs, number, marked=marked or line is not None):
            return found if line is None else replace(line, statement=found.statement)
    return line or _closing_note(body)


def _first_paragraphs(body: Sequence[str]) -> list[str]:
    found: list[str] = []
    for line in body[: OPENING_PARAGRAPHS * 3]:
        if text := visible(line[:_PARAGRAPH_LENGTH]):
            found.append(text)
            if len(found) == OPENING_PARAGRAPHS:
                break
    return found


def _closing_note(body: Sequence[str]) -> Advisory | None:
    """Return what the last paragraphs say, after those that were read from the start."""
    last = [
        text for line in body[OPENING_PARAGRAPHS:][-CLOSING_PARAGRAPHS:] if (text := visible(line[:_PARAGRAPH_LENGTH]))
    ]
    for number in range(len(last)):
        if found := _framed(last, number, marked=False, closing=True):
            return found
    return None


def _marker_line(text: str) -> Advisory | None:
    """A line that is a marker: ``CORRECTION...by Civitas Solutions, Inc.``, ``/CORRECTION -- …/``, ``Korrektur: …``."""
    if (
        len(text) > _MARKER_LINE
        or part("line_start").match(HeadlineTokens(text[:_LINE_LENGTH].lstrip("/*[(【+ "))) is None
    ):
        return None
    notice = headline_notice(text[:_LINE_LENGTH])
    if notice is None or notice.kind == "repeat" or notice.marker.endswith(("s", "S")):
        return None
    # "Correction: the second paragraph gave 21 ovens." names its object; "Correction: Acme Opens" is a headline.
    explains = _explains(text)
    if len(text) > _STATEMENT_LENGTH and not explains:
        return None
    statement = _short(text) if explains or text.endswith((".", ")", "。")) else None
    return Advisory(kind=notice.kind, marker=notice.marker, statement=statement)


def _framed(paragraphs: list[str], number: int, *, marked: bool, closing: bool = False) -> Advisory | None:
    tokens = Tokens(paragraphs[number], _PARAGRAPH_LENGTH)
    frames, patterns = body_frames()
    for candidate in patterns.candidates(tokens.words):
        frame = frames[candidate]
        at_edge = closing or number in (0, len(paragraphs) - 1)
        if (frame.frame.closing and not at_edge) or (closing and not frame.frame.closing):
            continue
        found = frame.pattern.search(tokens)
        if found and (advisory := _advisory(paragraphs, number, tokens, frame, found, marked=marked)):
            return advisory
    return None


def _advisory(
    paragraphs: list[str], number: int, tokens: Tokens, frame: Frame, found: Match, *, marked: bool
) -> Advisory | None:
    text = tokens.text
    first, last = tokens.start(found.first), tokens.end(found.last)
    start, end = sentence_around(text, first, last)
    if part("lawsuit").search(Tokens(text[start:end], _PARAGRAPH_LENGTH)):
        return None
    if frame.unless and frame.unless.search(tokens):
        return None
    if frame.frame.opening and not marked and (number or start > _after_dateline(tokens.folded)):
        return None
    words = found.groups.get("marker", (found.first, found.last))
    return Advisory(
        kind=frame.frame.kind,
        marker=" ".join(tokens.printed(*words).split()).strip(" ("),
        statement=_statement(paragraphs, number, (start, end), (first, last)),
    )


def _statement(paragraphs: list[str], number: int, sentence: tuple[int, int], found: tuple[int, int]) -> str | None:
    text = paragraphs[number][:_PARAGRAPH_LENGTH]
    start, end = sentence
    words = text[found[0] : found[1]]
    if _points_below(words):
        # "First dividend payable on June 2 [instead of …]. The corrected release reads:": the reason precedes it.
        reason = text[_after_dateline(fold(text)) : found[0]].strip() or _reason_above(paragraphs[:number])
        if reason:
            return _short(reason)
        return _short(text[start:end]) if end - start > len(words) + 15 else None
    if has_unspaced_or_hangul(words) and len(text) <= _STATEMENT_LENGTH // 2:
        return _short(text)  # the error and the correction are in two sentences
    statement = text[start:end]
    following = text[end:].lstrip()
    if following:
        next_start, next_end = sentence_around(following, 0, 1)
        sentence_behind = following[next_start:next_end]
        if _explains(sentence_behind) and not _points_below(sentence_behind):
            statement = f"{statement} {sentence_behind}"
    return _short(statement)


def _points_below(text: str) -> bool:
    return part("pointer").search(Tokens(text, _PARAGRAPH_LENGTH)) is not None


def _explains(text: str) -> bool:
    return part("wrong").search(Tokens(text, _PARAGRAPH_LENGTH)) is not None


def _reason_above(paragraphs: list[str]) -> str:
    kept = [text for text in paragraphs[-3:] if len(text) <= _STATEMENT_LENGTH and not signed(HeadlineTokens(text))]
    return " ".join(text[_after_dateline(fold(text)) :] for text in kept)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _STATEMENT_LENGTH else text[: _STATEMENT_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _after_dateline(folded: str) -> int:
    found = _DATELINE_END.search(folded[:_DATELINE_CHARACTERS])
    return found.end() if found else 0


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the range of the sentence (or sentences) that contain ``text[start:end]``, without the dateline."""
    tokens = Tokens(text, _PARAGRAPH_LENGTH)
    first = _after_dateline(tokens.folded)
    first = first if first <= start else 0
    last = len(tokens.text)
    for place in range(len(tokens)):
        if not tokens.ends[place] and not _heads_a_list(tokens, place):
            continue
        behind = tokens.start(place + 1)
        if tokens.end(place + 1) <= start and behind <= start:
            first = max(first, behind)
        elif tokens.start(place) >= end - 1:
            last = tokens.end(place + 1)
            last += len(tokens.text[last:]) - len(tokens.text[last:].lstrip(_CLOSING_MARKS))
            break
    return first, len(tokens.text[:last].rstrip())


_CLOSING_MARKS = '"”»’)]'


def _heads_a_list(tokens: Tokens, place: int) -> bool:
    """Whether a colon ends a sentence: a headline follows."""
    if tokens.words[place] != ":" or not place or not tokens.words[place - 1].isalpha():
        return False
    following = tokens.text[tokens.end(place + 1) :].lstrip()[:40].split()
    return bool(following) and (
        (len(following[0]) > 2 and following[0][:3].isupper())
        or (len(following) > 1 and following[0][:1].isupper() and following[1][:1].isupper())
    )
