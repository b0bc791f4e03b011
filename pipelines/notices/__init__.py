"""What a release says about an earlier one: a correction, an update, a withdrawal, a repeat.

Pure: a headline and paragraphs in, a ``Notice`` out. The forms are those that wires and issuers print, in the languages
they print them in; look-alikes (a price correction, a department of corrections, a weekly "Update:" rubric, a
restatement) are none.
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

_HEADLINE_LENGTH = 1000  # characters; a headline is not longer


def find_notice(headline: str, body: Sequence[str] = ()) -> Notice | None:
    """Return what a release says about an earlier one, or None.

    ``Notice.headline`` is what is left without the marker. It is empty where the marker and a company are all there
    is (PR Newswire's ``/C O R R E C T I O N -- Equinix, Inc./``; ``subject_company`` gives the company). ``statement``
    is the body's own sentence about it. Where the headline has no marker, the start of the body decides: its marker is
    then the body's words, and the headline stays as it is.
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
    # "ADVISORY" and "Clarification" leave open what the body then says; every other marker means what it says.
    kind = (
        advisory.kind if notice.marker.casefold().replace(" ", "").startswith(("advisory", "clarif")) else notice.kind
    )
    return replace(notice, kind=kind, statement=advisory.statement)
