"""Markers after the headline or inside it: in brackets, after a dash, after a colon."""

from __future__ import annotations

from pipelines.notices.grammar import part
from pipelines.notices.headline_tokens import (
    PAIRS,
    HeadlineTokens,
    Marker,
    is_dated,
    joined,
    marker_at,
    marker_ending,
    may_follow,
    says,
)
from pipelines.notices.news_words import is_column, is_filing
from stories.model.release import Notice

_MARKER_TOKENS = 16  # tokens; no marker with its parts is longer


def trailing_notice(line: HeadlineTokens) -> Notice | None:
    """A marker in the last brackets, or after the last dash or colon; the wire's name may follow."""
    last = _before_wire_name(line)
    return _last_bracket(line, last) or _behind_dash(line, last)


def _before_wire_name(line: HeadlineTokens) -> int:
    """Return the position before " - Media OutReach Newswire" and hashtags at the end."""
    for place in range(max(1, len(line) - _MARKER_TOKENS), len(line)):
        if part("wire_tail").match(line, place, len(line)):
            return place
    return len(line)


def _last_bracket(line: HeadlineTokens, last: int) -> Notice | None:
    closer = line.words[last - 1] if last else ""
    for place in range(last - 2, max(0, last - 2 * _MARKER_TOKENS), -1):
        opener = line.words[place]
        if PAIRS.get(opener) == closer or (closer == "*" and opener == "*"):
            return _bracket_counts(line, place, last)
    return None


def _bracket_counts(line: HeadlineTokens, place: int, last: int) -> Notice | None:
    first = place + 1 + (line.words[place + 1] in ("with", "avec", "mit", "con"))
    marker = marker_ending(line, first, last - 1) or marker_at(line, first)
    if marker is None or marker.meaning is None or marker.last > last - 1:
        return None
    before = line.text[: line.start(place)]
    if line.words[place] in "*/" and not before[-1:].isspace() and line.words[place - 1] != "*":
        return None
    if marker.last < last - 1 and not may_follow(line, marker.last, marker):
        return None
    meaning = marker.meaning
    # "Best Casinos (Updated for 2026)", "A Novel (Revised Edition)" are titles; "(Updated June 3, 2026)" is a notice.
    if meaning.kind == "update" and (not is_dated(line, marker.last, last - 1) or is_column(before)):
        return None
    return Notice(kind=meaning.kind, marker=marker.printed, headline=joined(before.rstrip(" *"), line.rest(last)))


def _behind_dash(line: HeadlineTokens, last: int) -> Notice | None:
    behind = last
    while behind and line.words[behind - 1] in ("—", "-", "*"):
        behind -= 1
    for place in range(max(1, behind - _MARKER_TOKENS), behind - 1):
        separator = line.words[place]
        if separator not in ("—", "|", "/", "*", ":", "-", ";"):
            continue
        marker = marker_ending(line, line.skip(place + 1, frozenset("*")), behind)
        if marker is None or marker.meaning is None:
            continue
        before = line.before(place).rstrip(" *")
        if separator == "-" and behind == last and not is_filing(before):
            continue  # "Error-Correction"; "Dividend-Amended" is a style of ASX
        counts = _behind_colon_counts if separator == ":" else _last_words_count
        if counts(line, before, marker):
            return Notice(kind=marker.meaning.kind, marker=marker.printed, headline=joined(before, line.rest(last)))
    return None


def _behind_colon_counts(line: HeadlineTokens, before: str, marker: Marker) -> bool:
    """ "EQS-PVR: Hafen AG: Korrektur", "Port : Rectificatif", "Harbour Reports: CORRECTION"."""
    meaning = marker.meaning
    if meaning is None or meaning.kind not in ("correction", "withdrawal") or meaning.rule in ("brackets", "colon"):
        return False
    if (marker.capitals and not before.isupper()) or line.words[0] in ("eqs", "dgap"):
        return not is_column(f"{before}:")
    # "Harbour Robotics: Correction" is of a company, "Gold: Correction" of a market.
    return (
        marker.unspaced_script
        or _own_word(marker)
        or (len(before.split()) > 1 and not says("corrects_itself", before) and not is_column(f"{before}:"))
    )


def _last_words_count(line: HeadlineTokens, before: str, marker: Marker) -> bool:
    meaning = marker.meaning
    if meaning is None or meaning.rule in ("spaced", "brackets", "colon"):
        return False
    capitals = marker.capitals and not before.isupper()
    if marker.unspaced_script or capitals or _own_word(marker):
        return True
    if is_filing(before) and meaning.kind in ("correction", "update") and meaning.rule != "topical":
        return True
    if meaning.kind == "repeat":
        return marker.word.startswith(("retrans", "re - ", "re -", "resen", "re-"))
    if meaning.rule == "topical":  # "… - Update" ends a rubric ("3Q 2025 - Update"); "- Updated" refers to this release
        return marker.word.endswith("updated")
    if meaning.rule == "capitals" and meaning.kind != "correction":
        return False
    return len(before.split()) > 1 and not says("corrects_itself", before)


def _own_word(marker: Marker) -> bool:
    """Whether the marker is a word that is not used for markets and optics."""
    return part("own_word").search(HeadlineTokens(marker.printed)) is not None


def bracketed_notice(line: HeadlineTokens) -> Notice | None:
    """ "Harbour (CORRECTED) Robotics Reports", "Pressemitteilung (Korrektur): …"."""
    for place, word in enumerate(line.words[:-2]):
        closer = PAIRS.get(word)
        if closer is None or word in "*/" or closer not in line.words[place + 2 : place + _MARKER_TOKENS]:
            continue
        closed = line.words.index(closer, place + 2)
        marker = marker_ending(line, place + 1, closed)
        if marker is None or marker.meaning is None or closed + 1 >= len(line):
            continue
        before, after = line.before(place), line.text[line.end(closed + 1) :]
        leads = after.startswith(":") and len(before.split()) <= 3
        if leads or (marker.capitals and not line.text.isupper()):
            headline = joined(before, after)
            return Notice(
                kind=marker.meaning.kind,
                marker=marker.printed,
                headline=headline.replace(" :", ":", 1) if leads else headline,
            )
    return None
