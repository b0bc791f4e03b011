"""Extracts what a statement names: the earlier release's headline, and its date."""

from __future__ import annotations

import re

from stories.text.case_folding import fold, visible
from stories.text.date_words import any_of, month_names, month_number
from stories.text.scripts import has_cjk

_PAIRS = (
    ("“", "”"),
    ("„", "“"),
    ("„", "”"),
    ("«", "»"),
    ("»", "«"),
    ("「", "」"),
    ("『", "』"),
    ("《", "》"),
    ('"', '"'),
    ("”", "”"),
)
_QUOTED = re.compile("|".join(f"{re.escape(a)}([^{re.escape(a + b)}]{{6,400}}){re.escape(b)}" for a, b in _PAIRS))
_ISSUED = re.compile(
    r"\b(?:press |news |media )?(?:release|announcement),?\s+(?:(?:en)?titled\s+)?(?!issued|dated|with"
    r"|that|which)(?P<headline>\S.{8,300}?),?\s+"
    r"(?:which was\s+)?(?:issued|published|distributed|disseminated|released|dated"
    r"|sent)\s+(?:on\s+)?(?:earlier|today|yesterday|\w+ \d|\d|by|over|via)"
)
# A quotation with the wrong or the right words of the text is not a headline.
_WORDING = re.compile(
    r"(?:should (?:have )?(?:read|be|been|state)|reads?|read as|stated?|instead of|rather than"
    r"|replaced? (?:by|with)|to|from|heisst|statt"
    r"|lire|au lieu de|en lugar de|dice|debe decir)\W*$"
)

_MONTH = any_of({fold(name) for name in month_names()})
_DATES = re.compile(
    rf"\b(?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}})\b"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?[\s-](?:de |di |of )?(?P<m2>{_MONTH})\.?,?(?: de| del"
    rf"|-)?\s*(?P<y2>\d{{4}})\b"
    r"|\b(?P<y3>\d{4})-(?P<m3>\d{2})-(?P<d3>\d{2})\b|\b(?P<d4>\d{1,2})\.\s?(?P<m4>\d{1,2})\.\s?(?P<y4>\d{4})\b"
    r"|(?P<y5>\d{4})\s*[年년]\s*(?P<m5>\d{1,2})\s*[月월]\s*(?P<d5>\d{1,2})\s*[日일]"
)


def quoted_headlines(text: str) -> tuple[str, ...]:
    """Return the quotations in a statement that may be earlier headlines, in order, each once.

    Quotations in any of the usual marks, and the headline in PR Newswire's "the news release, X, issued July 19, 2022".
    Short ones (defined terms) and quoted wording ("should read “…”") are left out.
    """
    text = visible(text)[:4000]
    folded = fold(text)
    found: list[tuple[int, str]] = []
    for match in _QUOTED.finditer(text):
        group = match.lastindex or 0
        headline = " ".join(match[group].split()).rstrip(",")
        long_enough = len(headline) >= 6 if has_cjk(headline) else len(headline) >= 15 and len(headline.split()) >= 3
        if long_enough and not _WORDING.search(folded[max(0, match.start() - 40) : match.start()]):
            found.append((match.start(), headline))
    for match in _ISSUED.finditer(folded):
        start, end = match.span("headline")
        headline = " ".join(text[start:end].split()).strip('"“”«»„ ,')
        if len(headline) >= 15 and len(headline.split()) >= 3 and not headline[0].islower():
            found.append((start, headline))
    return tuple(dict.fromkeys(headline for _, headline in sorted(found)))


def named_dates(text: str) -> tuple[str, ...]:
    """Return the full dates (with a year) in a statement, as ISO 8601, in order, each once.

    ``12/05/2020`` is left out, because day and month are ambiguous.
    """
    dates: dict[str, None] = {}
    for match in _DATES.finditer(fold(text[:4000])):
        parts = {name[0]: value for name, value in match.groupdict().items() if value}
        month = int(parts["m"]) if parts["m"].isdigit() else month_number(parts["m"])
        day = int(parts["d"])
        if 1 <= month <= 12 and 1 <= day <= 31:
            dates[f"{parts['y']}-{month:02}-{day:02}"] = None
    return tuple(dates)
