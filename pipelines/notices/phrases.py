"""Notices told by a phrase of the headline: "Correction to Press Release dated …", "Clarifies News Release"."""

from __future__ import annotations

import re

from pipelines.notices.rubrics import is_rubric
from stories.release import Notice, NoticeKind

_A_RELEASE = (
    r"(?:(?:press|news|media)\s+releases?|earlier\s+release|previous(?:ly)?\s+(?:\w+\s+){0,2}(?:release"
    r"|announce\w*|disclos\w*)"
    r"|(?:earlier|prior)\s+(?:announcement|disclosure))"
)
_A_REPORT = (
    r"(?:(?:half-year|interim|annual|quarterly|full-year|year-end)\s+(?:financial\s+)?(?:report|results|statement))"
)
_A_FACT = (
    r"(?:(?:payment|record|ex-dividend|ex-date|dividend|distribution|meeting|webcast|conference call)\s+date"
    r"|technical\s+disclosure)"
)
# What exchanges publish: "Corrigendum to Announcement dated …", "ERRATUM TO THE CIRCULAR".
_A_FILING = (
    r"(?:announcements?|circulars?|prospectus|notice\s+of\s+\w+|notices?|reports?|results|statements?|proxy\s+form"
    r"|forms?\s+of\s+proxy|appendix\s+\w+|disclosures?|presentation)\b"
)
# "Clarification announcement on media reports": of what others say, not of a release.
_NOT_OF_OTHERS = (
    r"(?!.*\b(?:(?:media|press|news)\s+(?:reports?|articles?|coverage)|rumou?rs?|speculation|unusual"
    r"|short\s*sell\w*)\b)"
)
_SOURCES: tuple[tuple[NoticeKind, str], ...] = (
    (
        "withdrawal",
        rf"\b(?P<marker>(?:withdrawal|retraction|cancellation|rescission)\s+of)\s+(?:\w+\s+){{0,3}}{_A_RELEASE}",
    ),
    ("withdrawal", rf"\b(?P<marker>retracts|withdraws|rescinds|disregard)\s+(?:\w+\s+){{0,3}}{_A_RELEASE}"),
    ("withdrawal", rf"\b{_A_RELEASE}\s+(?P<marker>(?:was\s+|is\s+)?(?:withdrawn|retracted|issued in error))"),
    (
        "withdrawal",
        r"^(?P<marker>annulation|retrait|ruckruf|anulacion|cancelamento|annullamento|widerruf|zurucknahme|zuruckziehung)\s+"
        r"(?:d[eu]l?|der|da|do|unserer)\s*(?:notre\s+)?(?:communique|comunicado|comunicato|nota de prensa"
        r"|(?:presse|ad-hoc-)?mitteilung|meldung)",
    ),
    # EQS and DGAP: "Correction of a release from 24/09/2018, 10:00 CET/CEST - …", the same in German.
    (
        "correction",
        r"(?P<marker>correction of an? (?:release|announcement|publication)"
        r"(?: (?:from|of|dated) [\d./:, -]+(?:uhr\s)?(?:cet/cest)?)?)",
    ),
    (
        "correction",
        r"(?P<marker>korrektur (?:einer|der|unserer|zur|zu) [\w-]*"
        r"(?:veroffentlichung|mitteilung|meldung|bekanntmachung)"
        r"(?: vom (?:\d{1,2}[./]\d{1,2}[./]\d{2,4}"
        r"|\d{1,2}\. [a-z]+(?: \d{4})?)(?:,? \d{1,2}:\d\d)?(?:\s?uhr)?(?:\s?cet/cest)?)?)",
    ),
    (
        "correction",
        rf"\b(?P<marker>(?:provides?|issues?|announces?)\s+(?:an?\s+)?(?:clarification|correction)s?)\s+"
        rf"(?:of|on|to|for|in|regarding|concerning|about)\b.{{0,60}}?\b(?:{_A_RELEASE}|{_A_FACT})",
    ),
    ("correction", rf"\b(?P<marker>corrects|clarifies)\s+(?:[\w,]+\s+){{0,4}}(?:{_A_RELEASE}|{_A_FACT})"),
    (
        "correction",
        rf"^(?P<marker>(?:clarification|correction)s?)\s+(?:of|on|to|in|regarding"
        rf"|concerning)\b.{{0,60}}?\b{_A_RELEASE}",
    ),
    # A press office: "Levin Correction on … Question", of what a person said.
    (
        "correction",
        r"^(?:(?!market|price|stock|gold|technical|vision|error|color|colour|posture)[\w.'’-]+\s+){1,3}"
        r"(?P<marker>correction)\s+(?:on|of|to|regarding)\s.{3,60}\b(?:question|statement|remarks"
        r"|testimony|quote|answer)$",
    ),
    (
        "correction",
        r"(?:^|:\s)(?P<marker>korrektur (?:einer|der|unserer|zur|zu) \w*(?:mitteilung|meldung|bekanntmachung))\b",
    ),
    (
        "correction",
        r"(?:^|:\s)(?P<marker>rattelse|korrigering|rettelse|korreksjon|korrektion|berigtigelse|korjaus|oikaisu)\s+"
        r"(?:av\s|af\s|til\s|till\s|i\s|vedr\w*\s|\w*n\s)?.{0,30}(?:meddel|melding|tiedot|kommunik"
        r"|delarsrapport|kallelse)",
    ),
    (
        "correction",
        r"(?:^|:\s)(?P<marker>rectificatif|correctif|correction|erratum|rectification|correccion|rectificacion|retificacao"
        r"|correcao|rettifica"
        r"|errata corrige|berichtigung|fe de erratas|errata)\s+(?:a la|au|al|ao|du|de[l]?|da|do|a|zur?|der"
        r"|concernant le|sur le)\b.{0,15}"
        r"(?:communique|comunicado|comunicato|nota de prensa|mitteilung|meldung|anuncio)",
    ),
    (
        "correction",
        r"^(?P<marker>dinh chinh)\s+(?:thong tin|thong cao|noi dung|bai|ve)\b",
    ),
    (
        "correction",
        rf"(?:^|:\s|\s-\s|\s—\s)(?P<marker>corrections?)\s+(?:to|of|in)\s+(?:the\s+|our\s+|its\s+)?"
        rf"(?:{_A_REPORT}|{_A_RELEASE}|(?:(?:company|stock exchange|regulatory)\s+)?(?:announcement|notice)\b)",
    ),
    (
        "correction",
        r"\b(?P<marker>(?:issues|announces|provides)\s+(?:an?\s+)?correction\s+(?:to|of|in))\s+(?:[\w'’]+\s+){1,6}"
        r"(?:released|announced|reported|disclosed|published)\b",
    ),
    (
        "correction",
        rf"^{_NOT_OF_OTHERS}(?P<marker>(?:(?:further|supplement(?:al|ary))\s+(?:and\s+)?)?clarification\s+announcement)\b",
    ),
    (
        "correction",
        rf"^{_NOT_OF_OTHERS}(?:.*?(?::\s|\s-\s|\s—\s))?(?P<marker>corrections?|corrigend(?:um|a)|errat(?:um|a)|clarifications?)\s+to\s+(?:the\s+|our\s+|its\s+)?"
        rf"(?:(?!market|price)[\w/'’-]+\s+){{0,4}}?{_A_FILING}",
    ),
    (
        "update",
        rf"(?:^|:\s|\s-\s|\s—\s)(?P<marker>addend(?:um|a))\s+(?:to|of)\s+(?:the\s+)?(?:[\w/-]+\s+){{0,4}}?{_A_FILING}",
    ),
    ("correction", r"^(?P<marker>replacement|corrected)\s+(?=appendix\s+\d\w?\b)"),
    (
        "withdrawal",
        r"(?:^|:\s|\s-\s|\s—\s)(?P<marker>(?:retraction|withdrawal)\s+(?:of|from))\s+(?:[\w-]+\s+){0,4}?(?:in\s+)?(?:asx\s+)?announcements?\b",
    ),
    ("withdrawal", r"^(?P<marker>thu hoi)[:\s]+(?:thong cao|ban tin)"),
    ("correction", r"^\S+(?:\s\S+){0,5}\s(?P<marker>issues\s+(?:an?\s+)?(?:correction|erratum|corrigendum))$"),
    (
        "correction",
        rf"\b(?P<marker>(?:provides|issues)\s+clarifying\s+(?:information|statement))\s+(?:on|to|about|regarding)\s+"
        rf"(?:\w+\s+){{0,3}}{_A_RELEASE}",
    ),
    # "Harbour Issues Corrected Press Release"; "Harbour (HRBR) Issues Corrected Release On …" is a report of others.
    (
        "correction",
        r"^[^(]*\b(?P<marker>(?:re-?)?(?:issues|publishes|releases)\s+(?:an?\s+)?corrected\s+(?:press|news)\s+release)\b"
        r"(?!\s+on\b)",
    ),
    ("update", rf"\b(?P<marker>updates|revises)\s+(?:its\s+|the\s+)?(?:(?:earlier|previous|prior)\s+)?{_A_RELEASE}"),
    ("update", rf"\b(?P<marker>amends)\s+(?:\w+\s+){{0,3}}{_A_RELEASE}"),
)
_PHRASES = tuple((kind, re.compile(pattern)) for kind, pattern in _SOURCES)


def phrase_notice(headline: str, folded: str) -> Notice | None:
    """Return the notice that a phrase tells. The headline stays whole where it is the release's own sentence."""
    for kind, pattern in _PHRASES:
        found = pattern.search(folded)
        if found is None or is_rubric(folded[: found.start("marker")]):
            continue
        start, end = found.span("marker")
        rest = headline
        if found["marker"] in ("replacement", "corrected"):
            rest = headline[end:].lstrip()
        elif " of a" in found["marker"] or found["marker"].startswith("korrektur "):
            before, after = headline[:start].strip(), headline[end:].lstrip(" :,-–—")
            rest = " ".join(f"{before} {after}".split()) if after else before.rstrip(" :") or headline
        return Notice(kind=kind, marker=headline[start:end].strip(" ,-"), headline=rest)
    return None
