"""Markers that the company signs: "CORRECTION...by Acme, Inc.", "CORRECTION by Acme: Mill Opens"."""

from __future__ import annotations

import re

from pipelines.notices.news import is_company
from stories.release import NoticeKind

BY_COMPANY = re.compile(
    r"^[\s/]*(?P<marker>correction|correcting and replacing|updated?|replacement|clarification)"
    r"(?:(?P<parted>\s*(?:\.{2,}|…|-+|—|:))\s*by|\s+by|(?<=correction)\s+from)\s+(?!(?:the\s+)?source\b)"
    r"(?P<company>(?:[^\s:(]|\([^)]*\))(?:[^:(]|\([^)]*\)){0,120}?)(?:(?:\s*:|\s+--?|\s*—)\s+(?P<rest>\S.*)|\s*/?\s*)$"
)
"""Business Wire's subtitle under a corrected headline (https://www.businesswire.com/news/home/20190307005409/en/)."""
_METHODS = re.compile(r"(?:lasers?|lens(?:es)?|surgery|hand|design|algorithm|software|ai|the|an?|using|means)\b")


def signed(headline: str, folded: str) -> re.Match[str] | None:
    """Return the match of a marker that its company signs: "CORRECTION...by Acme", "CORRECTION by Acme: Mill Opens"."""
    found = BY_COMPANY.match(folded)
    if found is None or found["parted"]:
        return found
    company = headline[found.start("company") : found.end("company")]
    printed = headline[found.start("marker") : found.end("marker")]
    if _METHODS.match(found["company"]) or not is_company(company):
        return None
    if printed.upper() == printed:
        return found
    by = folded[: found.start("company")].rstrip().endswith("by")  # "Correction from Record Highs: What Comes Next"
    return found if by and found["rest"] and not printed.startswith("Update") else None


def by_company_kind(found: re.Match[str]) -> NoticeKind:
    """Return what Business Wire's subtitle says: "UPDATE...by X" updates, the others correct."""
    return "update" if found["marker"].startswith("updat") else "correction"
