"""Stop 9, relate: what a headline says about an earlier release, and the headline that is left without it."""

from __future__ import annotations

import re
from dataclasses import replace

from pipelines.notices.asian import asian_notice
from pipelines.notices.folding import fold
from pipelines.notices.markers import MARKER, PRIORITY, SPACED_WORD, STEMS, Rule, meaning
from pipelines.notices.news import FILING, acts, is_company, is_news, names_a_release
from pipelines.notices.phrases import phrase_notice
from pipelines.notices.rubrics import is_rubric, is_rubric_update
from pipelines.notices.signed import by_company_kind, signed
from stories.release import Notice, NoticeKind

# What a wire or a desk prints before everything else, and the original had too: "EQS-Adhoc: Korrektur: …".
_LEAD = (
    r"(?:(?:eqs|dgap|ots|apa-ots|pta|euro\s?adhoc|hugin|cision|rns|ad-?hoc|original-research)[\w-]*\s*[:.]\s*"
    r"(?:(?!\s)[^:]{2,60}:\s+)?"
    r"|(?:media|press|news)\s+(?:advisory|release|alert)\s*(?::|-+|—)\s*|(?:pressemitteilung"
    r"|communique de presse)\s*[:—-]\s*)?"
)
_OPEN = r"[\[({<【〔«*+/=#~|_\"“!>-]*\s*"
_CLOSE = r"\s*[\])}>】〕»*+=#~_\"”!]*"
_SEPARATOR = r"(?:\s*(?::|;|[.,](?=\s)|--+|—|\||/|\.\.+|…|>|•|·)|\s+-(?=\s)|-\s)"
_PREFIX = re.compile(
    rf"^(?P<lead>{_LEAD})(?P<open>{_OPEN})(?P<marker>{MARKER})(?!\w)(?P<close>{_CLOSE})"
    rf"(?P<separator>{_SEPARATOR}?)[\s:;|—*+=#-]*(?P<rest>.*)$",
    re.DOTALL,
)
_ADVISORY = re.compile(
    r"^(?P<open>[/*\[(]*\s*)(?P<marker>a\s*d\s*v\s*i\s*s\s*o\s*r\s*y"
    r"(?P<orders>\s*(?::|,|/|-+|—)\s*(?:please\s+)?(?:disregard|kill|withdraw|retract)\w*(?:\s+(?:(?:press|news)\s+)?release)?)?)"
    r"(?!\w)\s*(?::|-+|—)\s*(?P<rest>.*)$"
)
# "(Korrektur: Absatz 2) Hafen AG erhöht Prognose": what the marker is about stands in the bracket with it.
_BRACKETED_PREFIX = re.compile(
    rf"^[\[({{【〔]\s*(?P<marker>{MARKER})(?!\w)(?P<extra>[\s,:—-]+[^\])}}】〕]{{1,60}})[\])}}】〕]\s*[:—-]?\s*(?P<rest>\S.*)$"
)
# "ACME Corp: CORRECTION: ACME buys …": the issuer first, as some feeds print it.
_INFIX = re.compile(
    rf"^(?P<lead>[^:]{{2,60}}?(?::|\s-|\s—|\s/)|(?:eqs|dgap|ots|apa-ots|pta|rns)[\w-]*:[^:/]{{2,60}}(?::|\s/))"
    rf"\s+(?P<marker>{MARKER})(?P<separator>\s*(?::|--|—|\s-(?=\s)|,)|(?=\s))\s*(?P<rest>.+)$"
)

_WIRE_TAIL = (
    r"(?P<tail>(?:\s*#\w+)*(?:\s*(?:\||-|—|\bvia\b)\s*(?:media outreach(?: newswire)?|business ?wire"
    r"|pr ?newswire|cision|"
    r"globe ?newswire|newsfile(?: corp\.?)?|access(?: ?news)?wire|news direct|newmediawire|acn newswire"
    r"|eqs[- ]news|cnw))?)"
)
_EXTRA = (
    r"(?P<extra>(?:\s+(?:version|release|copy|text|headline|link|links|date|figures|fassung|version\s+follows)"
    r"|[\s,:—-]+[^\])}】]{0,60})?)"
)
_BRACKETS = re.compile(
    rf"\s*(?P<open>[\[({{【〔*/])\s*(?:(?:with|w/|avec|mit|con)\s+)?(?P<marker>{MARKER})(?!\w){_EXTRA}\s*[\])}}】〕*/]{_WIRE_TAIL}\s*$"
)
_SUFFIX = re.compile(rf"\s*(?:\s-{{1,2}}|--+|—|\||\s/|\s\*{{1,3}})\s*(?P<marker>{MARKER})[-—*]{{0,3}}{_WIRE_TAIL}\s*$")
# "EQS-PVR: Hafen AG: Korrektur", "Port : Rectificatif", "Harbour Reports: CORRECTION".
_AFTER_COLON = re.compile(rf"\s*:\s*(?P<marker>{MARKER}){_WIRE_TAIL}\s*$")
_NEVER_OF_PRICES = (
    "rectif", "erratum", "errata", "korjaus", "oikaisu", "rattel", "rettel", "rettif", "dinh chinh", "mitteilung",
    "meldung", "pressemitteilung", "communique", "comunicado", "nota de prensa",
)  # fmt: skip
_INSIDE = re.compile(
    r"\s*[\[(【](?P<marker>corrected|correction|updated|withdrawn|retracted|korrigiert|korrektur|corrige|rectificatif|correccion)[\])】]\s*"
)

_DAY_OR_VERSION = re.compile(r"\b\d{1,2}\b|\bversion\b|\brelease\b|\d{1,2}, \d{4}|\d:\d\d|^[\s:,—-]*$")
_NOT_AFTER_CAPITALS = re.compile(
    r"(?:on|for|to|of|in|at|your|our|my|act|bill|conference|summit|forum|day|week|fluid|tape|officers?"
    r"|facility|system)\b"
)
# "Gold Market - Correction" is the correction of a market, "Director Shareholding - Correction" that of a release.
_CORRECTS_ITSELF = re.compile(
    r"\b(?:market|price|stock|share|gold|silver|oil|crypto|bitcoin|color|colour|vision|posture|course)s?$"
)
_SPACED_MARKER = re.compile(SPACED_WORD)


def headline_notice(headline: str, first_paragraph: str = "") -> Notice | None:
    """Return what the headline alone says; ``statement`` is None. ``first_paragraph`` tells a rubric from an update."""
    if found := asian_notice(headline):
        return found
    folded = fold(headline)
    if not any(stem in folded for stem in STEMS):
        return None
    if by := signed(headline, folded):
        rest = headline[by.start("rest") :].strip(" /") if by["rest"] else ""
        return Notice(kind=by_company_kind(by), marker=headline[by.start("marker") : by.end("marker")], headline=rest)
    return (
        _one_behind_another(_before(headline, folded, first_paragraph), first_paragraph)
        or _after(headline, folded)
        or _within(headline, folded)
        or phrase_notice(headline, folded)
    )


def _one_behind_another(notice: Notice | None, first_paragraph: str) -> Notice | None:
    """Return the more telling of two markers in a row: "/R E P E A T -- CORRECTION -- Acme Opens a Mill/"."""
    if notice is None or not notice.headline:
        return notice
    second = _before(notice.headline, fold(notice.headline), first_paragraph)
    if second is None or not second.headline:
        return notice
    first = notice if PRIORITY.index(notice.kind) <= PRIORITY.index(second.kind) else second
    return replace(first, headline=second.headline)


def subject_company(headline: str) -> str | None:
    """Return the company of a headline that names only a marker and a company, as PR Newswire prints them.

    ``/C O R R E C T I O N -- Equinix, Inc./`` and ``/DISREGARD RELEASE: Soaak Technologies/`` have lost the subject;
    also of Business Wire's subtitle ``CORRECTION...by Civitas Solutions, Inc.`` and of a marker that is signed before
    the headline (``CORRECTION by Acme: Mill Opens``). None for every other headline.
    """
    headline = visible_headline(headline)
    folded = fold(headline)
    if by := signed(headline, folded):
        return headline[by.start("company") : by.end("company")].strip() or None
    found = _PREFIX.match(folded) or _ADVISORY.match(folded)
    return _company(headline, found) if found else None


def visible_headline(headline: str) -> str:
    """Return the headline on one line with single spaces, but for those between spaced letters."""
    return " ".join(headline.split())


def _company(headline: str, found: re.Match[str]) -> str | None:
    slashed = "/" in found["open"]
    spaced = _SPACED_MARKER.search(found["marker"]) is not None
    if not (slashed or spaced):
        return None
    rest = found["rest"].rstrip(" /")
    start = found.start("rest")
    company = headline[start : start + len(rest)].strip()
    known = meaning(found["marker"])
    if not is_company(company) or (known is not None and known[0] == "repeat"):
        return None
    return company


def _before(headline: str, folded: str, first_paragraph: str) -> Notice | None:
    if advisory := _ADVISORY.match(folded):
        return _advisory(headline, advisory)
    found = _PREFIX.match(folded)
    if (found is None or not found["close"].strip()) and (with_more := _BRACKETED_PREFIX.match(folded)):
        return _bracketed(headline, with_more)
    if found is None:
        return _after_the_issuer(headline, folded)
    known = meaning(found["marker"])
    if known is None:
        return None
    kind = known[0]
    printed = headline[found.start("marker") : found.end("marker")]
    slashed = "/" in found["open"]
    bracketed = bool(found["open"].strip('"“!> ') and found["close"].strip()) or slashed
    capitals = printed.upper() == printed
    rest = headline[found.start("rest") :]
    if not rest:
        if not (bracketed or capitals):
            return None
    elif not _prefix_counts(found, printed, rest, known, bracketed=bracketed):
        return None
    if kind == "update" and is_rubric_update(rest, found["rest"], first_paragraph):
        return None
    if _company(headline, found):
        rest = ""
    elif not found["separator"].strip() and names_a_release(found["rest"]):
        return Notice(kind=kind, marker=printed, headline=headline)
    elif found["open"].strip():
        rest = rest.rstrip(' /”"»')
    return Notice(kind=kind, marker=printed, headline=_join(headline[: found.end("lead")], rest))


def _prefix_counts(
    found: re.Match[str], printed: str, rest: str, known: tuple[NoticeKind, Rule], *, bracketed: bool
) -> bool:
    """Whether a marker before a headline is one, by what stands between and what follows."""
    kind, rule = known
    folded_rest = found["rest"]
    if folded_rest.startswith("the record"):
        return False  # "CORRECTING THE RECORD": an answer to others
    capitals, separated = (
        printed.upper() == printed,
        bool(found["separator"].strip(" .,") or (found["lead"] and found["separator"].strip())),
    )
    if rule == "spaced":
        invites = capitals and separated and folded_rest.startswith(("invitation", "avis "))
        return invites or "/" in found["open"] or _SPACED_MARKER.match(found["marker"]) is not None
    if bracketed:
        return True
    if rule == "free" and not separated:
        # "CORRECTING and REPLACING" stands out; "Correcting and Replacing Dentures" is what a dentist does.
        shouted = sum(map(str.isupper, printed)) > len(printed) // 2 and rest.upper() != rest
        if not shouted and found["marker"].startswith(("correct ", "replace ")):
            return False  # "Correct and Replace Program Launches": an order, or somebody's programme
        if shouted or not printed.isascii() or is_news(rest) or names_a_release(folded_rest):
            return True
        # What follows in capitals is a name ("Correcting and Replacing Old Mill Bakery"), unless it is a thing to mend.
        return found["marker"].startswith("correct") and rest[0].isupper() and not _TO_MEND.search(folded_rest)
    if not separated:
        return _stands_out(printed, rest, folded_rest) or _HEADED.match(folded_rest) is not None
    if rule == "capitals":
        if found["marker"] in _NOT_OF_THINGS and is_news(rest) and not _TITLE.match(folded_rest):
            return True
        return capitals or (found["marker"] in ("replacement", "amendment") and FILING.search(folded_rest) is not None)
    listed = _LISTICLE.match(folded_rest) is not None and not capitals
    if listed and (kind == "update" or (kind == "correction" and _OF_MARKETS.search(folded_rest))):
        return False
    # "Corrections: The Next Frontier", "Errata: A Novel": titles of other things.
    return (
        capitals
        or found["marker"] not in ("corrections", "errata")
        or not _TITLE.match(folded_rest)
        or acts(folded_rest)
    )


_TO_MEND = re.compile(
    r"(?:^|\b)(?:teeth|tooth|dentures?|dental|implants?|crowns?|veneers?|fillings?|joints?|hormones?|hair|skin|len(?:s|ses)"
    r"|windows?|roofs?|gutters?|pipes?|plumbing|sewers?|septic|wiring|valves?|bearings?|brakes?|pads|tires|parts|floors?"
    r"|foundations?|walls?|missing|lost|failing|broken|worn|faulty|defective|aging|rotten|leaking|bad|errors"
    r"|^(?!united|allied|applied|advanced|associated|federated|consolidated|integrated)\w{3,}ed"
    r"|how|why|guide|tips|easy|your|the|made)\b"
)
_HEADED = re.compile(r"(?:media|news|press)\s+(?:advisory|alert|release|invitation)\s*(?::|--?\s|—)")
_NOT_OF_THINGS = frozenset(("kill", "repeat", "disregard", "cancelled", "canceled"))
"""Words that before a colon and an issuer's news, in ordinary letters too, are an editor's."""
_LISTICLE = re.compile(
    r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten)\s+(?:\w+\s+)?(?:ways|things|tips|reasons|steps|charts|stocks|facts|questions|lessons|signs)\b"
)
_OF_MARKETS = re.compile(r"\b(?:markets?|prices?|invest\w*|portfolios?|bear|bull|crash|drop|dip)\b")
_TITLE = re.compile(
    r"(?:the|how|why|what|when|where|who|an? (?:novel|memoir|story|history|guide|play|film|podcast|new))\b"
)


def _bracketed(headline: str, found: re.Match[str]) -> Notice | None:
    known = meaning(found["marker"])
    if known is None or (known[0] != "correction" and not _DAY_OR_VERSION.search(found["extra"])):
        return None
    printed = headline[found.start("marker") : found.end("marker")]
    return Notice(kind=known[0], marker=printed, headline=headline[found.start("rest") :])


def _advisory(headline: str, found: re.Match[str]) -> Notice | None:
    """An advisory in slashes or spaced letters withdraws; others ("ADVISORY: Minister to visit …") announce."""
    spaced = " " in found["marker"].removesuffix(found["orders"] or "")
    says_so = re.match(r"(?:please )?(?:disregard|kill|withdraw|retract)", found["rest"])
    if not (spaced or "/" in found["open"] or says_so or found["orders"]):
        return None
    marker = headline[found.start("marker") : found.end("marker")]
    rest = headline[found.start("rest") :].rstrip(" /")
    return Notice(kind="withdrawal", marker=marker, headline="" if _company(headline, found) else rest)


def _after_the_issuer(headline: str, folded: str) -> Notice | None:
    found = _INFIX.match(folded)
    if found is None:
        return None
    known = meaning(found["marker"])
    if known is None or known[0] in ("update", "repeat") or is_rubric(found["lead"]):
        return None
    printed = headline[found.start("marker") : found.end("marker")]
    capitals = printed.upper() == printed and headline.upper() != headline
    if known[1] == "capitals" and not capitals:
        return None
    separator = found["separator"].strip()
    if not separator and not (capitals and found["lead"].endswith(":")):
        return None
    if separator == "," and not folded.startswith(("eqs-", "dgap-")):
        return None
    return Notice(
        kind=known[0], marker=printed, headline=_join(headline[: found.end("lead")], headline[found.start("rest") :])
    )


def _stands_out(printed: str, rest: str, folded_rest: str) -> bool:
    """Whether capitals alone make it a marker: "CORRECTION Acme Reports …", not "CORRECTION TAPE MARKET"."""
    if len(printed) < len("UPDATE") or printed.upper() != printed:
        return False
    first = rest[0]
    return (
        (first.isupper() or first.isdigit() or first in "“\"'‘$")
        and sum(character.islower() for character in rest) > len(rest) // 3
        and not _NOT_AFTER_CAPITALS.match(folded_rest)
    )


def _after(headline: str, folded: str) -> Notice | None:
    found, bracketed = _BRACKETS.search(folded), True
    if found is None:
        found, bracketed = _SUFFIX.search(folded), False
    if found is None:
        found = _AFTER_COLON.search(folded)
        if found is not None and not _colon_counts(folded, headline, found):
            return None
    if found is None or not found.start():
        return None
    known = meaning(found["marker"])
    if known is None:
        return None
    kind, rule = known
    printed = headline[found.start("marker") : found.end("marker")]
    rest = headline[: found.start()]
    if found.re is not _AFTER_COLON and not (
        _bracket_counts(kind, folded, found) if bracketed else _last_words_count(kind, rule, printed, rest)
    ):
        return None
    return Notice(kind=kind, marker=printed, headline=_join(rest, headline[found.start("tail") :]))


def _bracket_counts(kind: NoticeKind, folded: str, found: re.Match[str]) -> bool:
    if found["open"] in "/*" and not folded[found.start() : found.start("open")]:
        return False
    # "Best Casinos (Updated for 2026)", "A Novel (Revised Edition)" are titles; "(Updated June 3, 2026)" is a notice.
    return kind != "update" or (
        _DAY_OR_VERSION.search(found["extra"]) is not None and not is_rubric(folded[: found.start()])
    )


def _colon_counts(folded: str, headline: str, found: re.Match[str]) -> bool:
    known = meaning(found["marker"])
    if known is None or known[0] not in ("correction", "withdrawal"):
        return False
    printed, rest = headline[found.start("marker") : found.end("marker")], headline[: found.start()]
    return (
        (printed.upper() == printed and rest.upper() != rest and not is_rubric(folded[: found.start() + 1]))
        or found["marker"].startswith(_NEVER_OF_PRICES)
        or folded.startswith(("eqs-", "dgap-"))
        # "Harbour Robotics: Correction" is a company's, "Gold: Correction" a market's.
        or (
            len(rest.split()) > 1
            and not _CORRECTS_ITSELF.search(fold(rest))
            and not is_rubric(folded[: found.start() + 1])
        )
    )


def _last_words_count(kind: NoticeKind, rule: str, printed: str, rest: str) -> bool:
    capitals = printed.upper() == printed and rest.upper() != rest
    if rule == "spaced":
        return False
    if FILING.search(fold(rest)) and kind in ("correction", "update") and not fold(printed).startswith("update"):
        return True
    if rule == "capitals" or kind == "repeat":
        return capitals or fold(printed).startswith(("retrans", "re-sen", "resen"))
    if kind == "update":
        # "… - Update" ends a rubric ("3Q 2025 - Update"); "- UPDATE" and "- Updated" tell of this release.
        return capitals or fold(printed).endswith("updated")
    if fold(printed).startswith(_NEVER_OF_PRICES):
        return True
    return len(rest.split()) > 1 and not _CORRECTS_ITSELF.search(fold(rest))


def _within(headline: str, folded: str) -> Notice | None:
    found = _INSIDE.search(folded)
    if found is None:
        return None
    known = meaning(found["marker"])
    printed = headline[found.start("marker") : found.end("marker")]
    before, after = headline[: found.start()], headline[found.end() :]
    leads = after.startswith(":") and len(before.split()) <= 3  # "Pressemitteilung (Korrektur): …"
    if known is None or not (leads or (printed.upper() == printed and headline.upper() != headline)):
        return None
    return Notice(kind=known[0], marker=printed, headline=_join(before, after).replace(" :", ":", int(leads)))


def _join(before: str, after: str) -> str:
    return " ".join(f"{before} {after}".split())
