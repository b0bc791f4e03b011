"""Markers that are signed by the company: "CORRECTION...by Acme, Inc.", "CORRECTION by Acme: Mill Opens"."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.notices.grammar import part
from pipelines.notices.headline_tokens import HeadlineTokens
from pipelines.notices.news_words import is_company
from stories.model.release import Notice, NoticeKind


class Byline(NamedTuple):
    """A notice and the company that signed it."""

    notice: Notice
    company: str


def signed(line: HeadlineTokens) -> Byline | None:
    """Return the notice that its company signed.

    Business Wire prints it below a corrected headline (https://www.businesswire.com/news/home/20190307005409/en/).
    """
    found = part("signed").match(line, line.skip(0, frozenset("/")))
    if found is None or part("no_company").match(line, found.last):
        return None
    first, last = found.groups["signer"]
    end = _company_end(line, found.last)
    company = line.printed(found.last, end).rstrip(" /")
    rest = line.rest(line.behind_separator(end)).strip(" /") if end < len(line) else ""
    parted = "parted" in found.groups
    if not company or not (parted or _signs(line, found.groups["signer"], found.last, company, rest)):
        return None
    kind: NoticeKind = "update" if line.words[first].startswith("updat") else "correction"
    return Byline(Notice(kind=kind, marker=line.printed(first, last), headline=rest), company)


def _signs(line: HeadlineTokens, signer: tuple[int, int], place: int, company: str, rest: str) -> bool:
    printed = line.printed(*signer)
    if part("method").match(line, place) or not is_company(company):
        return False
    by = line.words[place - 1] == "by"  # "Correction from Record Highs: What Comes Next"
    return printed.isupper() or (by and bool(rest) and not printed.startswith("Update"))


def _company_end(line: HeadlineTokens, place: int) -> int:
    """Return the position of the colon or dash after a company's name, outside of parentheses."""
    depth = 0
    for end in range(place, len(line)):
        word = line.words[end]
        depth += (word == "(") - (word == ")")
        if depth <= 0 and word in (":", "—"):
            return end
    return len(line)
