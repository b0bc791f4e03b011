"""Amounts of money and large numbers by value: "$1,200 million", "US$1.2 billion" and "12億美元" are the same; pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files

import msgspec

from stories.text.word_diff import plain

_SCANNED = 20_000  # characters of a text


class _Table(msgspec.Struct, frozen=True):
    scales: dict[int, list[str]]
    currencies: dict[str, list[str]]
    shared: dict[str, list[str]]


_TABLE = msgspec.convert(
    tomllib.loads((files("stories.text") / "amounts.toml").read_text(encoding="utf-8")), type=_Table, strict=False
)
_SCALES = {word: power for power, words in _TABLE.scales.items() for word in words}
_CURRENCIES = {word: code for code, words in _TABLE.currencies.items() for word in words}
AMOUNT_WORDS = frozenset(word for word in (*_SCALES, *_CURRENCIES) if word.isalpha())
"""Words of an amount that are not units of their own: scales and currencies."""


def _choice(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT = re.compile(
    rf"(?<![a-zà-ÿ0-9.,])(?P<before>{_choice(_CURRENCIES)})?\s?"
    r"(?P<figure>\d{1,18}(?:[.,'’ ]\d{3}(?!\d)){0,5}(?:[.,]\d{1,6})?)"
    rf"\s?(?P<scale>{_choice(_SCALES)})?(?![a-zà-ÿ])\s?(?P<after>{_choice(_CURRENCIES)})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number multiplied by its scale."""

    values: frozenset[Decimal]
    """More than one value if a separator is ambiguous ("1.200")."""
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
    """Return whether two amounts are equal in value, in currencies that may be the same ("$" is any dollar).

    Plain numbers without scale or currency are compared as words, not here: "5" is not specific enough.
    """
    if not (one.scaled or other.scaled or (one.currency and other.currency)):
        return False
    return bool(one.values & other.values) and _same_currency(one.currency, other.currency)


def _same_currency(one: str | None, other: str | None) -> bool:
    if one == other or one is None or other is None:
        return "%" not in (one, other) or one == other
    return other in _TABLE.shared.get(one, ()) or one in _TABLE.shared.get(other, ())


def _readings(figure: str) -> set[Decimal]:
    """Return the possible values of a figure: "1,200" is 1200, "1,2" is 1.2; "1.200" is either."""
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
