"""The contacts of a release, where no heading says so: a run of names and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.extraction.body.paragraphs import Paragraph
from crawler.extraction.body.phrases import ABOUT, CONTACT_LINE, END
from crawler.extraction.fields.tags import is_tag_line
from crawler.extraction.text import is_sentence, weight

LINE = 110  # Latin characters; a name with an office and a company has some 80
ABOVE = 6  # lines above the first number or address: a heading, a name, an office, a company, a street, a town
LABEL = 25  # characters next to a number that is alone: more is a sentence that gives it
_REACHED = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,64}\.\w+|(?:\+|\(0?)\d[\d\s().-]{7,}|\b\d{3,5}[-.\s/]\d{3,4}[-.\s]?\d{2,6}\b"
)
"""An email address or a telephone number: without one a run of short lines is a list."""


def contact_runs(pieces: Sequence[Paragraph]) -> set[int]:
    """Return the indexes at which contacts without a heading begin: short lines, none of them a sentence.

    One of them has an email address or a telephone number, which no other list at the end of a release has.
    """
    starts: set[int] = set()
    at = 0
    while at < len(pieces):
        if not _is_reach(pieces[at]):
            at += 1
            continue
        start = at
        while start > 0 and at - start < ABOVE and _may_belong(pieces[start - 1]):
            start -= 1
        first = at
        while at < len(pieces) and (_is_reach(pieces[at]) or _may_belong(pieces[at])):
            at += 1
        if at - start > 1 or len(_REACHED.sub("", pieces[first].text)) <= LABEL:
            starts.add(start)
    return starts


def _is_reach(piece: Paragraph) -> bool:
    text = piece.text
    return weight(text) <= LINE and _REACHED.search(text) is not None and CONTACT_LINE.search(text) is not None


def _may_belong(piece: Paragraph) -> bool:
    text = piece.text
    if weight(text) > LINE or piece.block.kind == "item" or is_tag_line(text) or ABOUT.match(text) or END.match(text):
        return False
    return not is_sentence(text) or text.rstrip().endswith((":", "：")) or weight(text) <= 30
