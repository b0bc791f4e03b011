"""Where a release's text begins: below its headline, at its dateline; captions are taken out."""

from __future__ import annotations

import re

from crawler.extraction.body import phrases
from crawler.extraction.body.paragraphs import Paragraph, is_prose
from crawler.extraction.fields.datelines import DatelineMatch, find_dateline
from crawler.extraction.fields.dates import find_dates
from crawler.extraction.text import is_cut_short, key, weight

DATELINE_WITHIN = 40  # paragraphs of the article, its highlights and a menu read along among them
PROSE_BEFORE = 4  # paragraphs of running text above a dateline at most: sub-headlines and highlights
SAME = 0.6  # of a longer line is the headline, or it is a sentence that begins with the headline's words
SUMMARIES = 1  # paragraph of running text above a place and a date at most, where no wire's name proves the dateline
CREDITED = 220  # Latin characters of a caption that ends with its photographer
_CREDIT = re.compile(
    r"(?:©|\((?:photo|foto|bild|image|picture|fot|credit|photograph)s?\b ?[:：/©]?|"
    r"\b(?:photo|foto|bild|image|credit|crédit photo|fot\.) ?[:：])"
    r"[^.!?]{2,60}\)?\W{0,3}$",
    re.I,
)
"""A photographer at the end of a line."""
_PERIOD = re.compile(r"[\s(]{0,3}(?:(?:bis|to|until|till|al|au|a|do|tot|t/m)\b|[–—-])?[\s(]{0,3}")


def without_headline(pieces: list[Paragraph], headline: str | None) -> list[Paragraph]:
    """Return the paragraphs below the headline, and none that only repeats it."""
    wanted = key(headline or "")
    if len(wanted) < 8:
        return pieces
    opens = next((index for index, piece in enumerate(pieces) if is_prose(piece)), 0)
    for index in range(min(opens + 3, len(pieces) - 1), -1, -1):
        if _is_headline(pieces[index], wanted, loosely=index < 12):
            if any(is_prose(piece) for piece in pieces[:index]):  # text above it: the headline is repeated in the text
                pieces = pieces[:index] + pieces[index + 1 :]
                continue
            pieces = pieces[index + 1 :]
            break
    return [piece for piece in pieces if key(piece.text) != wanted]


def _is_headline(piece: Paragraph, wanted: str, *, loosely: bool) -> bool:
    found = key(piece.text)
    if found == wanted:
        return True
    if not loosely or len(found) < 20 or not piece.is_short:
        return False
    return wanted.startswith(found) or (found.startswith(wanted) and len(wanted) >= SAME * len(found))


def without_captions(pieces: list[Paragraph], captions: set[int]) -> tuple[list[Paragraph], list[Paragraph]]:
    """Return the paragraphs that are no captions, and the captions; ``captions`` are the indexes of blocks that are some.

    Others are named as such, or are a sentence with its own cut-off beginning above it.
    """  # noqa: E501
    kept: list[Paragraph] = []
    found: list[Paragraph] = []
    said: set[str] = set()
    above = ""
    for piece in pieces:
        letters = key(piece.text)
        if (
            piece.block.kind == "caption"
            or piece.block.index in captions
            or (piece.is_short and phrases.CAPTION.match(piece.text))
            or (weight(piece.text) <= CREDITED and piece.block.kind == "text" and _CREDIT.search(piece.text))
        ):
            found.append(piece)
            said.add(letters)
        elif (
            len(above) >= 30
            and len(letters) > len(above)
            and letters.startswith(above)
            and kept[-1].block.kind != "item"
        ):
            kept.pop()
            found.append(piece)
            said.add(letters)
            above = key(kept[-1].text) if kept else ""
        elif letters not in said:
            kept.append(piece)
            above = letters
    return kept, found


def find_start(pieces: list[Paragraph]) -> tuple[int, DatelineMatch | None]:
    """Return the index of the paragraph with the dateline and what it says; 0 and None where there is none.

    A dateline with a line of its own is joined to the paragraph below it.
    """
    prose = above = 0
    for index, piece in enumerate(pieces[:DATELINE_WITHIN]):
        if prose > PROSE_BEFORE:
            break
        found = find_dateline(piece.text)
        above, prose = prose, prose + is_prose(piece)
        if found is None or is_cut_short(piece.text):
            continue
        rest = piece.text[found.end :]
        if _opens_with_date(rest) or (above > SUMMARIES and found.dateline.wire is None):
            continue  # a period of time, or a place and a date inside the text
        if not rest.strip() and index + 1 < len(pieces):  # the dateline has a line of its own
            piece.text = f"{piece.text} {pieces[index + 1].text}"
            found = find_dateline(piece.text) or found
            del pieces[index + 1]
        elif weight(rest) < 20:
            continue
        return index, found
    return 0, None


def _opens_with_date(rest: str) -> bool:
    """Whether what follows a date and a dash is a date again: "14 April 2026 – 29 August 2027" is a period of time."""
    opening = _PERIOD.sub("", rest[:40], count=1)
    second = next(iter(find_dates(opening)), None)
    return second is not None and second.start <= 2
