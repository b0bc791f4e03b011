"""Recognises the notice in a headline, and returns the headline without its marker.

A marker is accepted by its position (before or after the headline, in brackets, after the issuer), by the rule of its
word (``config.languages.Rule``), and by its context (``contexts`` of the languages' tables).
"""

from __future__ import annotations

from dataclasses import replace

from pipelines.notices.bylines import signed
from pipelines.notices.grammar import PRIORITY, part, telling_words
from pipelines.notices.headline_tokens import OPENERS, HeadlineTokens, marker_at
from pipelines.notices.leading import leading_notice, marker_only_notice, notice_behind_issuer, subject_of
from pipelines.notices.phrases import phrase_notice
from pipelines.notices.trailing import bracketed_notice, trailing_notice
from stories.model.release import Notice


def headline_notice(headline: str, first_paragraph: str = "") -> Notice | None:
    """Return the notice in the headline alone, without ``statement``; ``first_paragraph`` excludes rubrics."""
    line = HeadlineTokens(headline)
    if telling_words().isdisjoint(line.words) or part("never").search(line):
        return None
    if by := signed(line):
        return by.notice
    return (
        _one_behind_another(leading_notice(line, first_paragraph), first_paragraph)
        or notice_behind_issuer(line)
        or trailing_notice(line)
        or bracketed_notice(line)
        or phrase_notice(line)
        or marker_only_notice(line)
    )


def subject_company(headline: str) -> str | None:
    """Return the company of a headline that has only a marker and a company, as PR Newswire prints them.

    ``/C O R R E C T I O N -- Equinix, Inc./`` and ``/DISREGARD RELEASE: Soaak Technologies/`` lack the subject. Also
    for Business Wire's subtitle ``CORRECTION...by Civitas Solutions, Inc.`` and for a signed marker before the headline
    (``CORRECTION by Acme: Mill Opens``). None for all other headlines.
    """
    line = HeadlineTokens(" ".join(headline.split()))
    if by := signed(line):
        return by.company or None
    first = line.skip(0, OPENERS)
    marker = marker_at(line, first)
    return subject_of(line, marker) if marker else None


def _one_behind_another(notice: Notice | None, first_paragraph: str) -> Notice | None:
    """Return the more specific of two markers in a row: "/R E P E A T -- CORRECTION -- Acme Opens a Mill/"."""
    if notice is None or not notice.headline:
        return notice
    second = leading_notice(HeadlineTokens(notice.headline), first_paragraph)
    if second is None or not second.headline:
        return notice
    first = notice if PRIORITY.index(notice.kind) <= PRIORITY.index(second.kind) else second
    return replace(first, headline=second.headline)
