"""Amounts of money and large numbers by value: "$1,200 million", "US$1.2 billion" and "12億美元" are the same; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from stories.wording import plain

_SCANNED = 20_000  # characters of a text
_SCALES = {
    "hundred": 2, "thousand": 3, "k": 3, "tsd": 3, "mille": 3, "mil": 3, "million": 6, "millions": 6, "millionen": 6, "mio": 6,
    "mln": 6, "mn": 6, "m": 6, "milliones": 6, "millones": 6, "milhoes": 6, "milhões": 6, "milioni": 6, "miljoner": 6,
    "millioner": 6, "miljoonaa": 6, "triệu": 6, "billion": 9, "billions": 9, "bn": 9, "b": 9, "mrd": 9, "milliarden": 9,
    "milliarde": 9, "milliard": 9, "milliards": 9, "miliardi": 9, "miljarder": 9, "milliarder": 9, "miljardia": 9, "tỷ": 9,
    "trillion": 12, "tn": 12, "lakh": 5, "crore": 7,
    "百": 2, "千": 3, "万": 4, "萬": 4, "만": 4, "百万": 6, "百萬": 6, "千万": 7, "千萬": 7, "億": 8, "亿": 8, "억": 8,
    "百億": 10, "百亿": 10, "千億": 11, "千亿": 11, "兆": 12, "조": 12,
}  # fmt: skip
_CURRENCIES = {
    "us$": "USD", "usd": "USD", "美元": "USD", "u.s.$": "USD", "hk$": "HKD", "hkd": "HKD", "港元": "HKD", "港幣": "HKD", "港币": "HKD",
    "nt$": "TWD", "a$": "AUD", "aud": "AUD", "c$": "CAD", "cad": "CAD", "s$": "SGD", "sgd": "SGD", "nz$": "NZD", "€": "EUR", "eur": "EUR",
    "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "¥": "¥", "円": "¥", "jpy": "¥", "人民币": "CNY", "人民幣": "CNY", "rmb": "CNY",
    "cny": "CNY", "元": "元", "₩": "KRW", "원": "KRW", "krw": "KRW", "$": "$", "dollars": "$", "dollar": "$", "chf": "CHF", "sek": "SEK",
    "nok": "NOK", "dkk": "DKK", "%": "%", "percent": "%", "per cent": "%",
}  # fmt: skip
_DOLLARS = frozenset(("USD", "HKD", "TWD", "AUD", "CAD", "SGD", "NZD"))


AMOUNT_WORDS = frozenset(word for word in (*_SCALES, *_CURRENCIES) if word.isalpha())
"""Words of an amount that are no unit of their own: scales and currencies."""


def _choice(words: dict[str, object]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT = re.compile(
    rf"(?<![a-zà-ÿ0-9.,])(?P<before>{_choice(dict.fromkeys(_CURRENCIES))})?\s?"
    r"(?P<figure>\d{1,18}(?:[.,'’ ]\d{3}(?!\d)){0,5}(?:[.,]\d{1,6})?)"
    rf"\s?(?P<scale>{_choice(dict.fromkeys(_SCALES))})?(?![a-zà-ÿ])\s?(?P<after>{_choice(dict.fromkeys(_CURRENCIES))})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its scale worked in."""

    values: frozenset[Decimal]
    """More than one where a separator can be read both ways ("1.200")."""
    currency: str | None
    scaled: bool


def amounts(text: str) -> list[Amount]:
    """Return the amounts of a text in order."""
    found = []
    for match in _AMOUNT.finditer(plain(text[:_SCANNED])):
        scale = (match["scale"] or "").lower()
        currency = (match["before"] or match["after"] or "").lower()
        factor = Decimal(10) ** _SCALES[scale] if scale else Decimal(1)
        values = frozenset(value * factor for value in _readings(match["figure"]))
        found.append(Amount(values, _CURRENCIES.get(currency), bool(scale)))
    return found


def same_amount(one: Amount, other: Amount) -> bool:
    """Whether two amounts are the same by value, in currencies that may be the same ("$" is any dollar).

    Plain numbers without scale or currency are compared as words, not here: "5" is too little to go by.
    """
    if not (one.scaled or other.scaled or (one.currency and other.currency)):
        return False
    return bool(one.values & other.values) and _same_currency(one.currency, other.currency)


def _same_currency(one: str | None, other: str | None) -> bool:
    if one == other or one is None or other is None:
        return "%" not in (one, other) or one == other
    pairs = {one, other}
    return ("$" in pairs and bool(pairs & _DOLLARS)) or ("元" in pairs and bool(pairs & {"CNY", "HKD", "TWD"}))


def _readings(figure: str) -> set[Decimal]:
    """Return what a figure can mean: "1,200" is 1200, "1,2" is 1.2; "1.200" is either."""
    plain_figure = re.sub(r"['’ ]", "", figure)
    marks = [mark for mark in plain_figure if mark in ".,"]
    whole = Decimal(re.sub(r"[.,]", "", plain_figure))
    if not marks:
        return {whole}
    head, _, tail = plain_figure.rpartition(marks[-1])
    decimal = Decimal(f"{re.sub('[.,]', '', head)}.{tail}")
    if len(set(marks)) > 1:
        return {decimal}
    if len(marks) > 1:
        return {whole}
    if len(tail) != 3:
        return {decimal}
    return {whole} if marks[-1] == "," else {whole, decimal}
