"""Where the companies of a release are listed: tickers with their exchange, cashtags, ISINs.

``EXCHANGE:SYMBOL``, ``$SYMBOL`` for a cashtag whose exchange the release does not name, ``ISIN:CODE``. An exchange is
never guessed: a stock code of four digits may be one of Hong Kong, Taiwan, Malaysia or Tokyo.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import lxml.html

from crawler.extraction.body.blocks import Block, is_under
from crawler.extraction.fields.exchanges import ALSO_WORDS, EXCHANGES
from crawler.extraction.page import Page

_WHOLE = sorted(EXCHANGES, key=len, reverse=True)
_EXCHANGE = (
    "(?:"
    + "|".join(re.escape(name).replace(r"\ ", r"\s") for name in _WHOLE if name in ALSO_WORDS)
    + "|(?i:"
    + "|".join(re.escape(name).replace(r"\ ", r"\s") for name in _WHOLE if name not in ALSO_WORDS)
    + "))"
)
_SYMBOL = r"(?-i:[A-Z0-9]{1,6}(?:[.\-/][A-Z0-9]{1,4}){0,2}(?:\s[AB](?=\s*[)）,;]))?)"
_QUOTES = "[\"'“”‘’«»]?"
_AND = r"\s{0,9}(?:,\s{0,9}and|[,/;&、]|\band\b|\bund\b|\bet\b|\by\b|及|和|、)\s{0,9}"
_NAMED = re.compile(
    rf"(?<![\w]){_QUOTES}(?P<exchanges>{_EXCHANGE}(?:{_AND}{_EXCHANGE}){{0,8}}){_QUOTES}(?:®|™|\u2122)?(?:\s(?:stock\scode|ticker|symbol))?"
    rf"\s?[:：]\s?{_QUOTES}\$?(?P<symbol>{_SYMBOL})(?![\w:：]){_QUOTES}"
)
_LIKELY = re.compile(r"[:：]\s?[\"'“‘«]?\$?[A-Z0-9]{1,6}(?![a-z0-9:])")
"""What every named exchange ends with; most lines have nothing like it, and finding out is cheap."""
_NEXT = re.compile(rf"{_AND}{_QUOTES}\$?(?P<symbol>{_SYMBOL})(?![\w]){_QUOTES}(?!\s?[:：])")
_UNDER_SYMBOL = re.compile(
    rf"\b(?:on|in|at)\s(?:the\s)?(?P<exchange>{_EXCHANGE})\b[^.;()]{{0,40}}\bunder\s(?:the\s)?(?:\w+\s)?(?:symbols?|tickers?|codes?)"
    rf"(?:\ssymbols?)?\s[\"'“‘«]?\$?(?P<symbol>{_SYMBOL})(?![\w])"
)
_SUFFIX = re.compile(r"\.(?:HK|S[HSZ]|TWO?|K[SQ])")
_SUFFIXED = re.compile(r"(?<![\w.])(\d{4,6})\.(HK|SH|SS|SZ|TW|TWO|KS|KQ)(?![\w.])")
_SUFFIXES = {"HK": "HKEX", "SH": "SSE", "SS": "SSE", "SZ": "SZSE", "TW": "TWSE", "TWO": "TPEX", "KS": "KRX", "KQ": "KOSDAQ"}  # fmt: skip  # noqa: E501
_CODE = re.compile(
    r"(?P<label>(?i:stock|share|securities|counter|listing)\s(?i:codes?|numbers?)|"
    r"(?:股份|股票|證券|证券|上市)(?:代[號号碼码]|編號|编号)|証券コード|コード番号|銘柄コード|종목\s?코드|mã\s(?:chứng\skhoán|cổ\sphiếu))"
    r"\s?(?:[:：]|(?i:is\s|no\.?\s)|(?=\d))?\s?(?P<codes>\d[\dA-Z]{2,5}(?:\.[A-Z]{2,3})?(?:\s?[(（][^)）]{2,30}[)）])?"
    r"(?:(?:\s*(?:and|及|和|[,/、;；])\s*)\d[\dA-Z]{2,5}(?:\.[A-Z]{2,3})?(?:\s?[(（][^)）]{2,30}[)）])?)*)"
)
_HAS_CODE = re.compile(
    r"(?:[Cc]odes?|CODES?|[Nn]umbers?|代[號号碼码]|編號|编号|コード|코드|khoán|phiếu)\s?(?:[:：]|is\s|[Nn]o|\d)"
)
_ONE_CODE = re.compile(r"(?<![\w.])\d[\dA-Z]{2,5}(?![\w.])")
_HONG_KONG = re.compile(r"H(?:ong|ONG)\s?K(?:ong|ONG)|\bHK|SEHK|港")
_CASHTAG = re.compile(r"(?<![\w$.])[$＄]([A-Z]{2,6}(?:\.[A-Z]{1,2})?)(?![\w$])")
_MONEY = frozenset("USD CAD AUD NZD HKD SGD TWD MM BN TN MN MXN ARS CLP COP BRL US CA AU NZ HK SG".split())  # noqa: SIM905
_ISIN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[A-Z0-9]{9}\d(?![A-Z0-9])")


def find_tickers(lines: Iterable[str]) -> tuple[str, ...]:
    """Return every listing that the text names, in order, each once: ``HKEX:0700``, ``$ABC``, ``ISIN:DE0005140008``.

    A cashtag is alone only where no exchange is named for its symbol; an ISIN counts with its check digit.
    """
    text = list(lines)
    chinese = any(_HAS_CODE.search(line) for line in text) and any(_HONG_KONG.search(line) for line in text)
    found: dict[str, None] = {}
    before = ""
    for line in text:
        places = [*_named(line), *_coded(line, in_hong_kong=chinese), *_cashtags(line), *_isins(line, before)]
        found.update(dict.fromkeys(name for _, name in sorted(places, key=lambda place: place[0])))
        before = line
    named = {name.rpartition(":")[2] for name in found if ":" in name}
    return tuple(name for name in found if not (name.startswith("$") and name[1:] in named))


_FACT = re.compile(r"^\W*(?:ISINs?|Listed|Börsen?|Listing|Tickers?|Symbols?|Stock\s(?:code|symbol))\b", re.I)


def listed_beside_the_text(page: Page, blocks: Sequence[Block], article: lxml.html.HtmlElement | None) -> Iterator[str]:
    """Yield the lines that name listings but are no text: the head's ``ticker``, the table that ends EQS's."""
    yield from page.meta.get("ticker", ())[:3]
    opens = next((block.index for block in blocks if block.chosen), 0)
    for block in blocks[opens:]:
        if (
            len(block.text) <= 300
            and _FACT.match(block.text)
            and not block.is_boilerplate
            and is_under(block.element, article)
        ):
            yield block.text


def _named(line: str) -> Iterator[tuple[int, str]]:
    """Yield where an exchange is named with a symbol, and both: ``(NYSE: ABC; TSX: XYZ)``, ``0700.HK``."""
    if (":" in line or "：" in line) and _LIKELY.search(line):
        for match in _NAMED.finditer(line):
            enclosed = _is_enclosed(line, match.start())
            symbols = [match["symbol"]]
            at = match.end()
            while enclosed and (more := _NEXT.match(line, at)) and more["symbol"].upper() not in EXCHANGES:
                symbols.append(more["symbol"])
                at = more.end()
            for exchange in re.split(_AND, match["exchanges"]):
                for symbol in symbols:
                    name = _name(exchange, symbol, enclosed=enclosed)
                    if name:
                        yield match.start(), name
    if "under" in line:
        for match in _UNDER_SYMBOL.finditer(line):
            if name := _name(match["exchange"], match["symbol"], enclosed=True):
                yield match.start(), name
    for match in _SUFFIXED.finditer(line) if _SUFFIX.search(line) else ():
        yield match.start(), f"{_SUFFIXES[match[2]]}:{_hong_kong(match[1]) if match[2] == 'HK' else match[1]}"


def _is_enclosed(line: str, at: int) -> bool:
    """Whether a place in a line is in brackets."""
    opened = max(line.rfind("(", 0, at + 1), line.rfind("（", 0, at + 1), line.rfind("[", 0, at + 1))
    return opened >= 0 and not re.search("[)）\\]]", line[opened:at])


def _name(exchange: str, symbol: str, *, enclosed: bool) -> str | None:
    printed = re.sub(r"\s", " ", exchange).upper()
    known = EXCHANGES.get(printed)
    if known is None or symbol == "ISIN" or (printed in ALSO_WORDS and not enclosed):
        return None
    symbol = symbol.split(".")[0] if re.fullmatch(r"\d+\.[A-Z]{2,3}", symbol) else symbol
    if known == "HKEX":
        return f"HKEX:{_hong_kong(symbol)}" if symbol.isdigit() else None
    if known in ("NYSE", "NASDAQ") and not symbol[0].isalpha():
        return None
    if printed == "TSE" and symbol.isalpha():
        known = "TSX"  # as Toronto was called until 2001, and still is by some of its issuers
    return f"{known}:{symbol}"


def _hong_kong(code: str) -> str:
    return str(int(code)).zfill(4)


def _coded(line: str, *, in_hong_kong: bool) -> Iterator[tuple[int, str]]:
    """Yield the stock codes that a line names as such, where their exchange is clear."""
    for match in _CODE.finditer(line) if _HAS_CODE.search(line) else ():
        before = line[max(0, match.start() - 40) : match.start()]
        for code in _ONE_CODE.findall(re.sub(r"[(（][^)）]{2,30}[)）]", " ", match["codes"])):
            exchange = _exchange_of(before, match["label"], code, in_hong_kong=in_hong_kong)
            if exchange:
                yield match.start(), f"{exchange}:{_hong_kong(code) if exchange == 'HKEX' else code}"


def _exchange_of(before: str, label: str, code: str, *, in_hong_kong: bool) -> str | None:
    """Return the exchange of a stock code, as words before it, label and form say; None where they do not."""
    if label in ("証券コード", "コード番号", "銘柄コード"):
        return "TSE" if len(code) == 4 else None
    if label.startswith("종목"):
        return "KRX" if len(code) == 6 else None
    if not code.isdigit():
        return None
    if re.search(r"Bursa|Malaysia|KLSE", before):
        return "BURSA"
    if re.search(r"TWSE|Taiwan\sStock|[臺台](?:股|[灣湾]證券交易所|證所)", before):
        return "TWSE"
    if len(code) == 6:
        first = code[:2]
        return (
            "SSE" if first in ("60", "68") else "SZSE" if first in ("00", "30") else "BJSE" if first == "92" else None
        )
    if len(code) == 5 or code.startswith("0") or _HONG_KONG.search(before) or label.startswith("股份代"):
        return "HKEX" if len(code) in (4, 5) or label.startswith("股份代") else None
    return "HKEX" if in_hong_kong and len(code) == 4 else None


def _cashtags(line: str) -> Iterator[tuple[int, str]]:
    if "$" in line or "＄" in line:
        for match in _CASHTAG.finditer(line):
            if match[1] not in _MONEY:
                yield match.start(), f"${match[1]}"


def _isins(line: str, before: str) -> Iterator[tuple[int, str]]:
    if "ISIN" in line or (len(before) <= 20 and "ISIN" in before):
        for match in _ISIN.finditer(line):
            if is_isin(match[0]):
                yield match.start(), f"ISIN:{match[0]}"


def is_isin(code: str) -> bool:
    """Whether a code has the check digit of an ISIN (ISO 6166): letters as 10–35, then as Luhn has it."""
    digits = [int(digit) for char in code for digit in str(int(char, 36))]
    doubled = [sum(divmod(2 * digit, 10)) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
