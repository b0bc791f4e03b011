"""What a correction says that it corrects ("… stated May 25 instead of June 12"), held against what differs; pure.

A notice's statement is a promise to readers. Where it names what was wrong and what is right, the changes between the
two releases either bear it out, or they do not, and then the desk should look itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from stories.wording import FACT, plain

ClaimState = Literal["confirmed", "not found", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that a notice says it puts right."""

    wrong: str | None
    """As the earlier release had it; None where the statement gives the right words alone."""
    right: str | None
    """As it should be; None where the statement gives the wrong words alone."""
    state: ClaimState = "unclear"
    """``confirmed``: the changes show it. ``not found``: none of them has either. ``unclear``: they show one of the
    two, or what changed is not known."""


_SCANNED = 2_000  # characters of a statement
_MOST = 8  # claims
_OPEN, _CLOSE = "[\"“„«»‘'「『《]", "[\"”“«»’'」』》]"
_QUOTED = rf"{_OPEN}\s?[^\"“”„«»「」『』《》]{{1,160}}?\s?{_CLOSE}(?!\w)"
_UNIT = (
    r"(?:\s(?!(?:and|instead|rather|not|in|on|at|for|to|should|was|is|the|vs|versus|as|but|by|it|statt|anstatt|heißen|lauten|"
    r"muss|und|au|et|lire|en|y|e|em|debe|anziché|invece|i|och|og|in|eikä)\b)[a-zß-ÿ%-]{2,20}){0,2}"
)
_NAME = (
    r"(?-i:(?<!\w)(?!(?:It|This|That|These|The|Which|He|She|We|They|Please|There|Correct|Corrected)\b)"
    r"(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ][\w'’&-]{0,30}+(?:\.\w{1,10}+){0,4})(?:\s(?:of\s|de\s|the\s|&\s)?(?:[A-ZÀ-Þ]\.|[A-ZÀ-Þ0-9][\w'’&-]{0,30}+(?:\.\w{1,10}+){0,4})){0,5})"
)
_THING = rf"{FACT}(?:(?-i:[a-z]{{1,2}})\b)?{_UNIT}"
_VALUE = rf"(?:{_QUOTED}|{_THING}|{_NAME})"
_LEAD = (
    r"(?:\s*[:,]?\s*(?:an?|the|as|that|it|der|die|das|den|dem|am|le|la|les|el|los|il|lo|on|of|at|to be|be|is)\b){0,3}"
    r"\s*[:,]?\s*"
)
_WRONG, _RIGHT = rf"{_LEAD}(?P<wrong>{_VALUE})", rf"{_LEAD}(?P<right>{_VALUE})"
_INSTEAD = (
    r"(?:\s*[,;(\[]?\s*(?:instead of|rather than|in place of|and not|not|versus|vs\.?|statt|anstatt|anstelle von"
    r"|und nicht|au lieu d[eu']|et non(?: pas)?|en lugar de|en vez de|y no|em vez de|em lugar de|e não|invece di"
    r"|anziché|e non|i stället för|och inte|i stedet for|og ikke|eikä|in plaats van|en niet)(?=\W))"
)
_SHOULD = (
    r"(?:should (?:have )?(?:read|been|be|stated?|said|say)|must read|muss es(?: richtig)?(?: heißen)?"
    r"|richtig(?: muss es)?(?: heißen| lautet| ist)|heißt es richtig|(?:il (?:faut|fallait)|veuillez) lire|lire"
    r"|debe (?:decir|leerse|ser)|"
    r"deve (?:ler-se|ser)|leia-se|leggasi|deve leggersi|si legga|ska (?:rätteligen )?(?:vara|stå)"
    r"|skal (?:rettelig )?(?:være|stå)|moet zijn|pitää olla)(?: as)?"
)
_SAID_WRONG = (
    r"(?:incorrectly|erroneously|mistakenly|wrongly|inadvertently|errantly|misstated|fälschlicherweise|irrtümlich"
    r"|par erreur|erróneamente|por error|erroneamente|per errore|felaktigt|fejlagtigt|feilaktig)"
)
_REPORTED = (
    r"(?:stated|listed|reported|given|read|shown|said|identified|referred to|published|described|indicated|printed)"
)


@cache  # compiled at their first use: 0.4 s that most commands never need
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in _SOURCES)


_SOURCES = (
    # the most telling first: a later one leaves alone what an earlier one took
    # "should read $5.2 million rather than $5.2 billion"; „muss es 1,20 Euro statt 1,30 Euro heißen“
    rf"{_SHOULD}{_RIGHT}{_INSTEAD}{_WRONG}",
    # "“$5.2 billion” should read “$5.2 million”"; donde dice 5, debe decir 6; onde se lê 5, leia-se 6
    rf"(?:donde dice|onde se lê|au lieu de|anstatt|statt|dove si legge|instead of|rather than){_WRONG}"
    rf"\s*[,;:]?\s*{_SHOULD}?{_RIGHT}",
    rf"(?P<wrong>{_VALUE})\s*[,;:]?\s*(?:which |it )?{_SHOULD}{_RIGHT}",
    # "was incorrectly reported as 950 feet … the actual depth of 936 feet"
    rf"{_SAID_WRONG}\W.{{0,60}}?{_WRONG}.{{0,60}}?\b(?:actual(?:ly)?|correct(?:ly)?|richtig|tatsächlich|correcto|réel|exact)\b.{{0,60}}?"
    rf"(?P<right>{_QUOTED}|{_THING})",
    rf"(?:{_SAID_WRONG}|misspel\w+)\W.{{0,60}}?\bas{_WRONG}(?:.{{0,60}}?\b(?:correct(?:ly)?|actual(?:ly)?)\b.{{0,40}}?\b(?:is|as|was){_RIGHT})?",
    # "stated May 25 instead of June 12"
    rf"(?:{_SAID_WRONG}\W(?:.{{0,40}}?\W)?|\b{_REPORTED}\W){_WRONG}{_INSTEAD}{_RIGHT}",
    # "corrected from 5 % to 6 %", "von 5 auf 6 korrigiert"
    rf"(?:correct|chang|amend|revis|updat|replac|korrig|berichtig|änder|corrig|modifi|rettif|ret|rätt)\w*\W(?:[^.]{{0,40}}?\W)?"
    rf"(?:from|von|de|da|från|fra){_WRONG}\s+(?:to|auf|zu|in|à|a|para|till|til){_RIGHT}",
    rf"(?P<wrong>{_VALUE})\s+(?:has been|was|is|have been|were|wurde|wird|a été|ha sido|foi|è stat[ao])\s+"
    rf"(?:corrected|changed|amended|replaced|revised|korrigiert|berichtigt|corrigée?|remplacée?|corregid[ao]|corrigid[ao]|corrett[ao])"
    rf"\s+(?:to|by|with|auf|in|en|par|por|para|con){_RIGHT}",
    # "payable on June 2 [instead of June 4]": what stands there is right
    rf"(?P<right>{_VALUE}){_INSTEAD}{_WRONG}",
    rf"{_SAID_WRONG}\W(?:{_REPORTED}\W)?(?:.{{0,25}}?\W)??(?P<wrong>{_QUOTED}|{_THING})",
    rf"{_SHOULD}{_RIGHT}",
    rf"(?:correct|amend|chang|updat|revis|korrig|berichtig|corrig|rettif)\w*\s+(?:to|auf|à|a){_RIGHT}",
    rf"[(\[]\s*(?:instead of|rather than|not|statt|au lieu de|en lugar de|anziché){_WRONG}\s*[)\]]",
)  # fmt: skip
_HAN = r"[^，。；、,;:：「」『』“”\"（）()]{1,40}?"
_MARKED = rf"(?:[「『“\"‘《]{{}}[」』”\"’》]|{_HAN})"
_ASIAN: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"[(（【\[]?誤[)）】\]]?\s*[:：]?\s*(?P<wrong>.{1,60}?)\s*[→⇒、。]?\s*[(（【\[]?正[)）】\]]\s*[:：]?\s*(?P<right>.{1,60}?)(?=[。\n]|$)",
        r"誤[:：]\s*(?P<wrong>.{1,60}?)\s*正[:：]\s*(?P<right>.{1,60}?)(?=[。\n]|$)",
        r"[「『](?P<wrong>[^」』]{1,60})[」』](?:とあるのは|は|の誤り[でにはす、。]*|ではなく).{0,6}?[「『](?P<right>[^」』]{1,60})[」』]",
        r"[「『](?P<wrong>[^」』]{1,60})[」』]を[「『](?P<right>[^」』]{1,60})[」』]に(?:訂正|修正)",
        r"[「『“\"](?P<wrong>[^」』”\"]{1,60})[」』”\"](?:应为|應為|应改为|應改為|应更正为|應更正為|更正为|更正為|改为|改為)[：:]?[「『“\"](?P<right>[^」』”\"]{1,60})[」』”\"]",
        rf"(?:由|将|將|从|從)(?P<wrong>{_HAN})(?:更正|修正|改|订正|訂正)(?:为|為|成)(?P<right>[^，。；]{{1,40}})",
        rf"(?P<wrong>{FACT})(?:应为|應為|应改为|應改為|更正为|更正為|改为|改為)(?P<right>{FACT})",
        r"['‘“\"](?P<wrong>[^'’”\"]{1,60})['’”\"](?:을|를|은|는|이|가)?\s?(?:아니라|에서)?\s?['‘“\"](?P<right>[^'’”\"]{1,60})['’”\"](?:으로|로|입니다|이며)",
        rf"(?P<wrong>{FACT})(?:에서|을|를)\s?(?P<right>{FACT})(?:으로|로)\s?(?:정정|수정|바로잡)",
    )
)  # fmt: skip
_HAS_IDEOGRAPHS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def claims(statement: str | None) -> tuple[Claim, ...]:
    """Return what a notice's statement says was wrong and is right now, in the order it says so."""
    text = " ".join((statement or "")[:_SCANNED].split())
    found: dict[int, Claim] = {}
    taken: list[tuple[int, int]] = []
    known = _ASIAN + _patterns() if _HAS_IDEOGRAPHS.search(text) else _patterns()
    for pattern in known:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            named = match.groupdict()
            claim = Claim(wrong=_value(named.get("wrong")), right=_value(named.get("right")))
            if (claim.wrong or claim.right) and claim.wrong != claim.right:
                taken.append((start, end))
                found[start] = claim
    return tuple(found[start] for start in sorted(found))[:_MOST]


def checked_claims(statement: str | None, changes: Iterable[tuple[str | None, str | None]] | None) -> tuple[Claim, ...]:
    """Return the claims of a statement with what the changes make of each.

    ``changes``: (before, after) of every change; None where it is not known what the notice replaces. A statement that
    can be read both ways ("June 2 instead of June 4") is turned the way that the changes show.
    """
    sides = None if changes is None else [(_key(before or ""), _key(after or "")) for before, after in changes]
    return tuple(claim if sides is None else _checked(claim, sides) for claim in claims(statement))


def _checked(claim: Claim, sides: Sequence[tuple[str, str]]) -> Claim:
    if _shown(claim, sides):
        return replace(claim, state="confirmed")
    turned = Claim(wrong=claim.right, right=claim.wrong)
    if claim.wrong and claim.right and _shown(turned, sides):
        return replace(turned, state="confirmed")
    values = [key for value in (claim.wrong, claim.right) if (key := _key(value or ""))]
    seen = any(_holds(side, value) for value in values for pair in sides for side in pair)
    return replace(claim, state="unclear" if seen else "not found")


def _shown(claim: Claim, sides: Iterable[tuple[str, str]]) -> bool:
    wrong, right = _key(claim.wrong or ""), _key(claim.right or "")
    for before, after in sides:
        went = not wrong or (_count(before, wrong) > _count(after, wrong))
        came = not right or (_count(after, right) > _count(before, right))
        if went and came:
            return True
    return False


def _count(text: str, value: str) -> int:
    # Numbers whole: "5" does not stand in "15.2". Ideographs stand beside each other without a space.
    return sum(1 for _ in _places(text, value))


def _holds(text: str, value: str) -> bool:
    return any(True for _ in _places(text, value))


def _places(text: str, value: str) -> Iterator[re.Match[str]]:
    return re.finditer(rf"(?<![a-z0-9.,]){re.escape(value)}(?![a-z0-9]|[.,][0-9])", text)


def _key(text: str) -> str:
    return plain(text).casefold()


_EDGES = " \t\"“”„«»‘’'「」『』《》()[]（）【】,;:，、：；"


def _value(text: str | None) -> str | None:
    kept = re.sub(rf"^{_LEAD}(?=[\W\d])", "", text or "", flags=re.IGNORECASE).strip(_EDGES).rstrip(".。")
    return kept or None
