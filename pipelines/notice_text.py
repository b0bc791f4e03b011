"""Removes a notice's statement from its text; pure.

The statement ("Please replace the release of …") is not a difference between the corrected release and the original.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from stories.model.release import Release
from stories.text.word_diff import plain

ADVISORY_PARAGRAPHS = 8  # an advisory is at the top, at most below a line for editors
LEAD_IN_LENGTH = 160  # characters: "The corrected release reads:" with a company's name in it
_LEADS_ON = re.compile(
    r"correct|updat|revis|complete|replac|follow|read|korrig|berichtig|corrig|rectif|sustitu|substit|rätt|ret[ts]|更正|訂正|정정",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"\W*(?:correction|update|replacement|clarification)\W*by\s\S", re.IGNORECASE)
_BEFORE_IT = re.compile(r".{0,160}?(?:--|/|\)|-|—|–)\s*")  # "BOSTON--(BUSINESS WIRE)--Please replace …"


def without_advisory(release: Release) -> tuple[str, ...]:
    """Return the body with the paragraphs of its notice replaced by empty ones, so that positions stay the same.

    Removed are the statement, the line that introduces the corrected text ("The corrected release reads:"), the
    headline repeated below it, and Business Wire's "CORRECTION...by Acme". Other text in the paragraph of the statement
    is kept.
    """
    statement = plain(release.notice.statement or "") if release.notice else ""
    if release.notice is None or not statement:
        return release.body
    said = statement.removesuffix("...").strip()
    title = _letters(release.headline)
    body = list(release.body)
    is_below_statement = False
    for place, paragraph in enumerate(body[:ADVISORY_PARAGRAPHS]):
        text = plain(paragraph)
        if said in text or (text and text in said):
            body[place] = _rest(text, said)
            is_below_statement = True
        elif _SIGNED.match(text) or (is_below_statement and (_leads_on(text) or _letters(text) == title)):
            body[place] = ""
        elif is_below_statement and text:
            break
    return tuple(body)


def is_empty(body: Sequence[str]) -> bool:
    """Return whether the text consisted of the advisory alone; such a text does not replace the original's text."""
    return not any(body)


def _rest(text: str, said: str) -> str:
    if said not in text:
        return ""
    before, _, after = text.partition(said)
    if _BEFORE_IT.fullmatch(before + " "):
        before = ""
    after = re.sub(r"^[^.:]{0,100}(?:reads|follows|suit|folgt|below)\s*:?\s*", "", after.lstrip(" .:"))
    rest = f"{before} {after}".strip()
    return "" if _leads_on(rest) else rest


def _leads_on(text: str) -> bool:
    return len(text) <= LEAD_IN_LENGTH and text.endswith((":", "：")) and _LEADS_ON.search(text) is not None


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
