"""The words by which wires and issuers mark a notice, by kind and language, folded (small letters, no accents).

What was seen on which wire is told in the tests beside each form. A word alone says little ("Correction Fluid
Market"), so each has a rule for the company it must keep; ``headline.py`` applies them.
"""

from __future__ import annotations

import re
from typing import Literal

from stories.release import NoticeKind

Rule = Literal["plain", "capitals", "free", "spaced"]
"""``plain``: needs a separator after it, brackets, or capitals before a headline that has none.
``capitals``: the same, and must be printed in capitals or stand in brackets ("Kill:" may begin anything).
``free``: a phrase that needs nothing after it but a headline ("Correcting and Replacing Dentures" is none).
``spaced``: only in spaced letters or between slashes ("Rappel" alone recalls a product)."""

# Most telling first: "WDH/KORREKTUR" and "UPDATE AND CORRECTION" are corrections.
PRIORITY: tuple[NoticeKind, ...] = ("withdrawal", "correction", "update", "repeat")

_WORDS: dict[tuple[NoticeKind, Rule], str] = {
    ("correction", "free"): """
        correcting and replacing | correcting & replacing | correcting &amp; replacing | correcting/replacing
        correcting replacing | correcting and replacing photo | correcting and replacing photos
        correcting and replacing multimedia | correcting and replacing video | correcting and replacing graphic
        replacing and correcting | replacing & correcting | clarifying and replacing | correcting and adding
        correction and replacement | corrected and replaced
        correction from source | correction from the source | correction de source | correction de la source
        correction by source | correction by the source
        annule et remplace | annulla e sostituisce | anula y sustituye | anula e substitui
        fe de erratas | fe de errata | fe de errores | correccion de errores | errata corrige
        corregir y reemplazar | corrige y reemplaza | correccion y reemplazo | correccion y sustitucion
        correction et remplacement | correcao e substituicao | correzione e sostituzione
        replace and correct | correct and replace | correct & replace | corrects and replaces
    """,
    ("correction", "plain"): """
        correction | corrections | corrected | correcting | erratum | errata | corrigendum | rectification
        clarification | replacement release | corrected version | corrected release | corrected copy
        korrektur | korrekturmeldung | korrekturfassung | korrigiert | korrigierte fassung | korrigierte version
        achtung korrektur | berichtigung | berichtigt | berichtigte fassung | richtigstellung
        korrigierte pressemitteilung | korrigierte mitteilung | korrigierte meldung | berichtigte pressemitteilung
        rectificatif | rectifie | correctif | corrige | version corrigee | communique rectificatif | cp rectificatif
        correccion | correcciones | corregido | rectificacion | version corregida | comunicado corregido
        nota de prensa corregida | comunicado corrigido | nota corrigida | comunicato corretto | thong bao dinh chinh
        correcao | correccao | retificacao | corrigido | versao corrigida
        rettifica | correzione | versione corretta | comunicato rettificato
        correctie | correctie persbericht | rectificatie | gecorrigeerd
        rattelse | korrigering | korrigerad | rettelse | korrektion | korreksjon | korrigeret | korrigert | rettet
        berigtigelse | korjaus | korjattu | oikaisu | leidretting
        korekta | sprostowanie | oprava | helyesbites | rectificare | erata | duzeltme | koreksi | ralat | pembetulan
        исправление | поправка | виправлення | dinh chinh | แก้ไข | แก้ไขข่าว | parandus | pataisymas | labojums
    """,
    ("correction", "capitals"): "replacement | replacing | replaces | clarified",
    ("update", "free"): """
        updating and replacing | updating & replacing | adding and replacing | update from source
        updating and replacing multimedia | adding and replacing multimedia
        updated from source
    """,
    ("update", "plain"): """
        update | updated | updated release | updated version | revised | revised release | revised version
        amended | reissue | reissued | re-issue | re-issued | reissuing | refile | refiled | reapresentacao
        aktualisierung | aktualisiert | aktualisierte fassung | aktualisierte version | neufassung
        mise a jour | mis a jour | actualisation | actualizacion | actualizado | actualizacao
        atualizacao | atualizado | aggiornamento | aggiornato | bijgewerkt
        uppdatering | uppdaterad | opdatering | opdateret | oppdatering | oppdatert | paivitys | paivitetty
        aktualizacja | aktualizace | guncelleme | обновление | обновлено | cap nhat
    """,
    ("update", "capitals"): """
        amendment | revision | revise | adding multimedia | adding photo | adding photos | adding video | adding graphic
        updating multimedia | updating photo
    """,
    ("withdrawal", "free"): """
        disregard release | disregard press release | disregard news release | disregard previous release
        release withdrawn | press release withdrawn | news release withdrawn | release retracted | release cancelled
        disregard prior release | disregard earlier release | mandatory kill | kill kill kill | kill release
        kill this release | kill the release | disregard this release
        please disregard previous release | please disregard prior release | please disregard earlier release
        please disregard press release | please disregard previous press release
    """,
    ("withdrawal", "plain"): """
        please disregard | withdrawn | retracted | retraction | retraction notice | rescinded | kill notice | news kill
        zuruckgezogen | zuruckgezogene meldung | zuruckgezogene mitteilung | zuruckziehung
        mitteilung zuruckgezogen | meldung zuruckgezogen
        pressemitteilung zuruckgezogen | storno
        widerruf | communique annule | communique retire | nota de prensa anulada | comunicado anulado
        comunicado cancelado | comunicato annullato | tillbakadragen | tillbakadraget | aterkallad | aterkallas
        aterkallelse | rut lai
        trukket tilbage | trukket tilbake | tilbaketrukket | ingetrokken | отозвано | отзыв
    """,
    (
        "withdrawal",
        "capitals",
    ): """
        disregard | kill | withdrawal | cancelled | canceled | retrait | annule | annulation | retirado | anulado
        anulacion | cancelado | ritirato | annullato | rescission | void | voided | cancellation notice
        release cancellation
    """,
    ("repeat", "plain"): """
        repeated | repeat release | retransmission | retransmitted | retransmit | re-transmission
        re-transmitted | resend | resent | re-send | re-sent | resending | repost | reposted | re-post
        republished | re-release | re-released | rediffusion | wdh | wiederholung | wiederholt
        repeticion | repeticao | ripetizione | herhaling | upprepning | gentagelse | gjentakelse | повтор
    """,
    ("repeat", "capitals"): "repeat",
    ("repeat", "spaced"): "rappel",
}

WORDS: dict[str, tuple[NoticeKind, Rule]] = {
    " ".join(word.split()): meaning
    for meaning, words in _WORDS.items()
    for line in words.splitlines()
    for word in line.split("|")
    if word.strip()
}

# PR Newswire and Canada Newswire print these with a space between the letters; others with hyphens or points.
_SPACED = """
    correction corrections corrected correccion correcao correzione korrektur rectificatif disregard update updated
    repeat retransmission rediffusion rappel withdrawal withdrawn retraction kill advisory erratum
"""
SPACED: tuple[str, ...] = tuple(_SPACED.split())
_BETWEEN = r"(?:\s{1,3}|-|\.\s?)"
SPACED_WORD = "|".join(_BETWEEN.join(word) for word in sorted(SPACED, key=len, reverse=True))
_PARTING = re.compile(r"[\s.-]+")


def _alternatives(words: list[str]) -> str:
    return "|".join(re.escape(word).replace("\\ ", r"\s+") for word in sorted(words, key=len, reverse=True))


_WORD = rf"(?:{SPACED_WORD}|{_alternatives([*WORDS])})"
_JOIN = r"(?:\s*(?:/|&|&amp;|\+|,)\s*|\s+(?:and|et|und|y|e|och|og|ja)\s+)"
_RELEASE_NOUN = (
    r"(?:(?:previous|previously issued|earlier|prior|original|our|the)\s+)?"
    r"(?:press|news|company|stock exchange|nyhets|bors|selskaps|presse|ad-hoc-)?-?\s?"
    r"(?:release|announcement|notice|disclosure|meddel\w+|melding\w*|mitteilung|tiedot\w+|comunicato(?:\s+stampa)?"
    r"|comunicado|communique(?:\s+de\s+presse)?)"
)
_QUALIFIER = (
    r"(?:(?:\s*(?:--?|—))?\s+(?:from|by)\s+(?:the\s+)?source|\s+(?:de\s+(?:la\s+)?source"
    r"|f\s*r\s*o\s*m\s+s\s*o\s*u\s*r\s*c\s*e|notice|version|copy"
    r"|(?:of\s+)?(?:press\s+|news\s+)?release|comunicato(?:\s+stampa)?|comunicado"
    r"|communique(?:\s+de\s+presse)?|pressmeddelande"
    r"|pressemitteilung|(?:to|zu|zur|till|til|al|au)(?=\s*:)|r\s+e\s+l\s+e\s+a\s+s\s+e|no\.?\s*\d{1,2}|#?\s*\d{1,2}|\(\d\)"
    rf"|(?:av|af|til|till|i|of|to|zur?|der)\s+{_RELEASE_NOUN}(?=\s*:)"
    # "UPDATE WITH CORRECTED FIGURES:", "CORRECTED HEADLINE:", "CORRECTION ISSUED:"
    r"|with\s+(?:an?\s+|the\s+)?correct\w*(?:\s+[a-z]+){0,3}?(?=\s*(?::|--?\s|—))"
    # "CORRECTION TO DATE:", "REPLACEMENT ANNOUNCEMENT:"
    r"|(?:(?:to|of|in)\s+(?:the\s+)?)?(?:headline|title|date|dates|announcement|thong tin|figures?|links?|photo"
    r"|caption|table|text|dateline|name|issued|time|tid|zeit|uhrzeit|datum|dato|venue|location|dial-in|details)(?=\s*(?::|--?\s|—))))?"
)
# "PRESS RELEASE CORRECTION:", "Date Correction:", "/CNW CORRECTION/"
_OF_WHAT = (
    r"(?:(?:(?:press|news|media|wire)\s+(?:release|advisory)|release|name|headline|title|date|dateline|venue|link|typo|ticker"
    r"|cnw|pr\s?newswire|business\s?wire|globe\s?newswire|newsfile|access\s?(?:news)?wire)\s+"
    r"(?=correct|retract|withdraw|update|clarific|errat))?"
)
_ORDINAL = r"(?:(?:first|second|third|1st|2nd|3rd|further|important|urgent|zweite|deuxieme|notice\s+(?:of|to))\s+)?"
_ADDING = r"(?:\s+adding\s+(?:multimedia|photos?|video|graphics?))?"
MARKER = rf"{_ORDINAL}{_OF_WHAT}{_WORD}(?:{_JOIN}{_WORD})*{_ADDING}{_QUALIFIER}"
"""A marker with what may belong to it: "CORRECTION/UPDATE", "Second Correction", "C O R R E C T I O N", "UPDATE 2"."""

_ONE = re.compile(rf"(?<!\w){_WORD}(?!\w)")


def meaning(marker: str) -> tuple[NoticeKind, Rule] | None:
    """Return what a folded marker says, by its most telling word; None for "advisory", which says nothing yet."""
    found: list[tuple[NoticeKind, Rule]] = []
    for match in _ONE.finditer(marker):
        word = " ".join(match[0].split())
        known = WORDS.get(word) or WORDS.get(_PARTING.sub("", word))
        if known:
            found.append(known)
    if found and _CORRECTED.search(marker):
        found.append(("correction", "plain"))
    return min(found, key=lambda known: PRIORITY.index(known[0])) if found else None


_CORRECTED = re.compile(r"\bwith\s+(?:an?\s+|the\s+)?correct")


STEMS = tuple(
    sorted(
        {word[:5] for word in WORDS}
        | {between.join(word)[:5] for word in SPACED for between in " -."}
        | {"clarif", "withdr", "retract", "disregard", "advisory", "addend"}
    )
)
"""What a headline must have at least one of, folded, before any pattern is tried."""
