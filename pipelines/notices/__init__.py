"""Recognises notices: what a release says about an earlier one (correction, update, withdrawal, repeat).

Pure: the input is a headline and paragraphs, the result a ``Notice``. The patterns are the forms that wires and issuers
print in each language. Similar texts (a price correction, a department of corrections, a weekly "Update:" rubric, a
restatement) are not notices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.notices.headline import headline_notice, subject_company
from pipelines.notices.quotes import named_dates, quoted_headlines
from pipelines.notices.statements import find_advisory
from stories.model.release import Notice
from stories.text.case_folding import visible

__all__ = ["Notice", "find_notice", "named_dates", "quoted_headlines", "subject_company"]

_HEADLINE_LENGTH = 1000  # characters; no headline is longer


def find_notice(headline: str, body: Sequence[str] = ()) -> Notice | None:
    """Return what a release says about an earlier one, or None.

    ``Notice.headline`` is the headline without the marker. It is empty if there is only a marker and a company (PR
    Newswire's ``/C O R R E C T I O N -- Equinix, Inc./``; ``subject_company`` returns the company). ``statement`` is a
    sentence of the body about it. If the headline has no marker, the start of the body decides: the marker is then the
    body's words, and the headline is unchanged.
    """
    headline = " ".join(visible(headline[:_HEADLINE_LENGTH]).split())
    paragraphs = (body,) if isinstance(body, str) else body
    first = paragraphs[0] if paragraphs else ""
    notice = headline_notice(headline, first)
    advisory = find_advisory(paragraphs, marked=notice is not None) if paragraphs else None
    if notice is None:
        if advisory is None:
            return None
        return Notice(kind=advisory.kind, marker=advisory.marker, headline=headline, statement=advisory.statement)
    if advisory is None:
        return notice
    # after "ADVISORY" and "Clarification" the body decides the kind; every other marker has one meaning
    kind = (
        advisory.kind if notice.marker.casefold().replace(" ", "").startswith(("advisory", "clarif")) else notice.kind
    )
    return replace(notice, kind=kind, statement=advisory.statement)
