"""Stop 6, extract: hashtags, and tickers with their exchange.

Media OutReach glues its tail together: ``Hashtag: #HKSTPThe issuer is solely responsible …About X``; tags hold ``&``
(``#I&T``, ``#Belt&Road``) and stand behind a full-width ``＃`` in Chinese and Japanese releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crawler.extraction.phrases import DISCLAIMER, HASHTAG_LABEL

_TAG = re.compile(r"(?<![\w&/#＃])[#＃](\w+(?:[&＆]\w+)*)")
_ANY_TAG = re.compile(r"[#＃]\w[\w&＆]*")
_GLUED = re.compile(rf"(?<=\S)(?=(?:https?://|(?<!//)www\.|{DISCLAIMER}|About\s+[A-Z0-9]|Über\s+[A-Z]|[關关][於于]\S))")
_GLUED_TAGS = re.compile(r"([#＃][\w&＆]+)(?=[#＃])")
_DISCLAIMER_WORDS = (
    "issuer",
    "mittent",
    "erausgeber",
    "metteur",
    "emisor",
    "emissor",
    "內容",
    "内容",
    "내용",
    "phát hành",
)
_LINE_LEFT = re.compile(r"[\s,;、，|/·.:：#＃]*")


def unglue(text: str) -> str:
    """Return a tail of a release with a line break before an address, a disclaimer or an about section glued to it."""
    if "#" in text or "＃" in text or "://" in text or any(word in text for word in _DISCLAIMER_WORDS):
        return _GLUED.sub("\n", text)
    return text


def is_tag_line(text: str) -> bool:
    """Whether a line holds hashtags and nothing else but their label."""
    if "#" not in text and "＃" not in text:
        return HASHTAG_LABEL.fullmatch(text.strip()) is not None
    rest = _ANY_TAG.sub("", HASHTAG_LABEL.sub("", text, count=1))
    return not _LINE_LEFT.sub("", rest)


def find_tags(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the hashtags of some text as printed, without ``#``, each once (case does not matter)."""
    found: dict[str, str] = {}
    for line in lines:
        if "#" not in line and "＃" not in line:
            continue
        for match in _TAG.finditer(_GLUED_TAGS.sub(r"\1 ", unglue(line))):
            tag = match[1].replace("＆", "&")
            if not tag.isdigit() and not re.fullmatch(r"\d+\w{0,2}", tag):
                found.setdefault(tag.lower(), tag)
    return tuple(found.values())


EXCHANGES = {
    "NYSE": "NYSE", "NYSE AMERICAN": "NYSE AMERICAN", "NYSE MKT": "NYSE AMERICAN", "NYSEAMERICAN": "NYSE AMERICAN", "NYSE ARCA": "NYSE ARCA",  # noqa: E501
    "AMEX": "AMEX", "NASDAQ": "NASDAQ", "NASDAQCM": "NASDAQ", "NASDAQGS": "NASDAQ", "NASDAQ GLOBAL SELECT": "NASDAQ",
    "NASDAQ GLOBAL MARKET": "NASDAQ", "NASDAQ CAPITAL MARKET": "NASDAQ", "NASDAQ GM": "NASDAQ", "NASDAQ CM": "NASDAQ", "NASDAQ GS": "NASDAQ",  # noqa: E501
    "OTC": "OTC", "OTCQB": "OTCQB", "OTCQX": "OTCQX", "OTC PINK": "OTC PINK", "OTC PINKS": "OTC PINK", "OTCMKTS": "OTC", "OTC MARKETS": "OTC",  # noqa: E501
    "OTCBB": "OTCBB", "OTCID": "OTCID", "OTCPK": "OTC PINK", "PINK": "OTC PINK", "TSX": "TSX", "TSXV": "TSXV", "TSX-V": "TSXV", "TSX.V": "TSXV", "TSX VENTURE": "TSXV",  # noqa: E501
    "CSE": "CSE", "NEO": "NEO", "CBOE": "CBOE", "CBOE CA": "CBOE", "LSE": "LSE", "LON": "LSE", "AIM": "AIM", "HKEX": "HKEX", "HKSE": "HKEX", "SEHK": "HKEX",  # noqa: E501
    "HKG": "HKEX", "SGX": "SGX", "SES": "SGX", "ASX": "ASX", "FSE": "FSE", "FRA": "FRA", "FRANKFURT": "FSE", "XETRA": "XETRA", "ETR": "XETRA",  # noqa: E501
    "EURONEXT": "EURONEXT", "EURONEXT PARIS": "EURONEXT PARIS", "EPA": "EURONEXT PARIS", "EBR": "EURONEXT BRUSSELS", "AMS": "EURONEXT AMSTERDAM",  # noqa: E501
    "SIX": "SIX", "SWX": "SIX", "SSE": "SSE", "SHA": "SSE", "SHSE": "SSE", "SZSE": "SZSE", "SHE": "SZSE", "TSE": "TSE", "TYO": "TSE", "TOKYO": "TSE",  # noqa: E501
    "KRX": "KRX", "KOSPI": "KRX", "KOSDAQ": "KOSDAQ", "BSE": "BSE", "NSE": "NSE", "TWSE": "TWSE", "TPE": "TWSE", "TPEX": "TPEX", "JSE": "JSE",  # noqa: E501
    "BIT": "BIT", "BME": "BME", "BMV": "BMV", "B3": "B3", "IDX": "IDX", "SET": "SET", "BURSA": "BURSA", "PSE": "PSE", "HOSE": "HOSE", "HNX": "HNX", "NZX": "NZX",  # noqa: E501
    "TADAWUL": "TADAWUL", "ADX": "ADX", "DFM": "DFM", "OSE": "OSE", "OSLO": "OSE", "STO": "STO", "OMX": "OMX", "TASE": "TASE", "WSE": "WSE",  # noqa: E501
}  # fmt: skip
"""Exchanges as printed → one spelling each."""
_TICKER = re.compile(
    r"(?<![\w])("
    + "|".join(sorted(map(re.escape, EXCHANGES), key=len, reverse=True))
    + r")(?:®|™)?\s?[:：]\s?\$?([A-Z0-9]{1,6}(?:[.\-/][A-Z0-9]{1,4})?)(?![\w])",
    re.IGNORECASE,
)
_HONG_KONG = re.compile(
    r"(?:(?:HKEX|HKSE|SEHK|Hong Kong)\s+)?(?:stock\s+code|股份代[號号]|港交所代[號码碼])\s?[:：]\s?0?(\d{4,5})(?:\.HK)?\b|\b(\d{4,5})\.HK\b",  # noqa: E501
    re.I,
)


def find_tickers(lines: Iterable[str]) -> tuple[str, ...]:
    """Return ``EXCHANGE:SYMBOL`` for every listing that the text names, in order, each once."""
    found: dict[str, None] = {}
    for line in lines:
        if ":" in line or "：" in line:
            for exchange, symbol in _TICKER.findall(line):
                if symbol.upper() == symbol and not symbol.startswith("ISIN"):
                    found[f"{EXCHANGES[exchange.upper()]}:{symbol}"] = None
        if "HK" in line or "tock" in line or "代" in line:
            for first, second in _HONG_KONG.findall(line):
                found[f"HKEX:{(first or second)[-5:].zfill(4)}"] = None
    return tuple(found)
