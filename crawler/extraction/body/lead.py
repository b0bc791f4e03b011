"""Where a release's text begins: below its headline, at its dateline; captions are taken out."""

from __future__ import annotations

from crawler.extraction.body import phrases
from crawler.extraction.body.paragraphs import Paragraph, is_prose
from crawler.extraction.fields.datelines import DatelineMatch, find_dateline
from crawler.extraction.text import is_cut_short, key, weight

DATELINE_WITHIN = 40  # paragraphs of the article, its highlights and a menu read along among them
PROSE_BEFORE = 4  # paragraphs of running text above a dateline at most: sub-headlines and highlights


def without_headline(pieces: list[Paragraph], headline: str | None) -> list[Paragraph]:
    """Return the paragraphs below the headline, and none that only repeats it."""
    wanted = key(headline or "")
    if len(wanted) < 8:
        return pieces
    opens = next((index for index, piece in enumerate(pieces) if is_prose(piece)), 0)
    for index in range(min(opens + 3, len(pieces) - 1), -1, -1):
        if _is_headline(pieces[index], wanted, loosely=index < 12):
            pieces = pieces[index + 1 :]
            break
    return [piece for piece in pieces if key(piece.text) != wanted]


def _is_headline(piece: Paragraph, wanted: str, *, loosely: bool) -> bool:
    found = key(piece.text)
    if found == wanted:
        return True
    return loosely and len(found) >= 20 and piece.is_short and (wanted.startswith(found) or found.startswith(wanted))


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
    prose = 0
    for index, piece in enumerate(pieces[:DATELINE_WITHIN]):
        prose += is_prose(piece)
        if prose > PROSE_BEFORE:
            break
        found = find_dateline(piece.text)
        if found is None or is_cut_short(piece.text):
            continue
        rest = piece.text[found.end :]
        if not rest.strip() and index + 1 < len(pieces):  # the dateline has a line of its own
            piece.text = f"{piece.text} {pieces[index + 1].text}"
            found = find_dateline(piece.text) or found
            del pieces[index + 1]
        elif weight(rest) < 20:
            continue
        return index, found
    return 0, None
