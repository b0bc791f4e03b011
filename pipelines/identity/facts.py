"""Extracts what a release has in common with its translations: figures, Latin names, contacts, addresses, tickers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from pipelines.identity.normalized_words import COMMON, DAYS_AND_MONTHS, without_mail
from stories.model.release import Release
from stories.text.scripts import cjk_count

FACTS_KEPT = 256  # as many as features (pipelines/identity/features.py)
SCANNED_CHARACTERS = 20_000  # characters of a release; text beyond them repeats tables and small print
MIN_FIGURE_DIGITS = 3  # digits: half of all releases have figures of two digits
MAX_BARE_DIGITS = 6  # digits: a longer run without separators is a telephone number or an identifier
MAX_DIGITS = 12  # digits: a longer run is a registry number, a telephone number or an identifier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """The language-independent parts of a release. Compared by identity: ``facts_of`` caches them by content."""

    figures: tuple[str, ...]
    """Significant digits of the figures of headline and body, in their order: "12" for 1.2 billion and for 12億.

    Without years and single digits.
    """
    numerals: tuple[str, ...]
    """The same with years and single digits."""
    names: frozenset[str]
    """Latin names and acronyms of headline and body, in lower case, without those of the about section."""
    words: frozenset[str]
    """All Latin words of headline and body, in lower case."""
    issuer_names: frozenset[str]
    """Latin words of the about section, the contacts and the issuer's name."""
    mails: frozenset[str]
    domains: frozenset[str]
    """Domains of e-mail and web addresses in contacts, about section and body."""
    phones: frozenset[str]
    """The last eight digits of telephone numbers in the contacts."""
    tickers: frozenset[str]
    images: frozenset[str]
    tags: frozenset[str]
    paragraphs: int
    is_latin: bool
    """Whether the text is in Latin letters."""


def facts_of(release: Release) -> Facts:
    """Return the facts of a release; the same object for the same content."""
    images = tuple(image.url for image in release.images)
    said = (release.headline, *release.body)
    ending = (*release.about, *release.contacts)
    return _facts(said, ending, release.issuer or "", release.tickers, images, release.text_tags)


@lru_cache(maxsize=FACTS_KEPT)
def _facts(
    said: tuple[str, ...],
    ending: tuple[str, ...],
    issuer: str,
    tickers: tuple[str, ...],
    images: tuple[str, ...],
    tags: tuple[str, ...],
) -> Facts:
    news, small_print = _plain(said), "\n".join(ending)[:SCANNED_CHARACTERS]
    numerals = _numerals(said)
    text = _without_addresses(news)
    latin = [match[0] for match in _LATIN.finditer(text)]
    is_latin = EAST_ASIAN_SHARE * cjk_count(text) < len(text)
    issuer_names = frozenset(word.casefold() for word in _LATIN.findall(f"{small_print}\n{issuer}"))
    whole = f"{news}\n{small_print}"
    mails = frozenset(_mails(whole))
    hosts = {*_hosts(whole), *(mail.rpartition("@")[2] for mail in mails)}
    return Facts(
        figures=tuple(digits for digits, is_year in numerals if len(digits) > 1 and not is_year),
        numerals=tuple(digits for digits, _ in numerals),
        names=frozenset(_names(text, is_latin)) - issuer_names,
        words=frozenset(word.casefold() for word in latin),
        issuer_names=issuer_names,
        mails=mails,
        domains=frozenset(map(_domain, hosts)) - FREE_MAIL,
        phones=frozenset(digits[-8:] for digits in map(_digits, _PHONE.findall(small_print)) if len(digits) >= 8),
        tickers=frozenset(map(_ticker, tickers)),
        images=frozenset(image.partition("//")[2] for image in images),
        tags=frozenset(tag.casefold() for tag in tags if tag.isascii()),
        paragraphs=len(said) - 1,
        is_latin=is_latin,
    )


def figures_of(release: Release) -> frozenset[str]:
    """Return the significant digits of the figures of a release's headline and body."""
    numerals = _numerals((release.headline, *release.body))
    return frozenset(digits for digits, is_year in numerals if len(digits) > 1 and not is_year)


def _plain(said: tuple[str, ...]) -> str:
    news = "\n".join(said)[:SCANNED_CHARACTERS]
    return unicodedata.normalize("NFKC", news) if _FULL_WIDTH.search(news) else news


def _without_addresses(text: str) -> str:
    if "://" in text or "www." in text:
        text = _LINK.sub(" ", text)
    return without_mail(text) if "@" in text else text


def _mails(text: str) -> Iterator[str]:
    if "@" in text:
        yield from (mail.casefold() for mail in _MAIL.findall(text))


def _hosts(text: str) -> Iterator[str]:
    """Yield the hosts of web addresses."""
    if "://" in text or "www." in text:
        yield from (re.split("[/?#:]", link.partition("://")[2] or link, maxsplit=1)[0] for link in _LINK.findall(text))


FREE_MAIL = frozenset(["gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "163.com", "qq.com", "126.com"])
_MAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,64}){1,5}")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]，。、；）」]{1,500}")
EAST_ASIAN_SHARE = 8  # one such character in eight: a Chinese text may hold more Latin letters than characters
_LATIN = re.compile(r"[^\W\d_\u0370-\uffff]{2,40}")
_PHONE = re.compile(r"\+?\(?\d[\d ()/.-]{6,24}\d")
_FULL_WIDTH = re.compile("[\uff01-\uff5e]")
_PIECE = re.compile(r"[+0-9][0-9.,() /’'\u00a0\u202f年년月월日일兆조億亿억萬万만千천-]{0,60}")
"""Numbers with the characters in and behind them; the other patterns search only these matches."""
_TELEPHONE = re.compile(r"\+\d[\d ()-]{7,18}\d|\b\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}\b")
_DATES = re.compile(
    r"(?P<first>\d{1,4})(?:\s?[年년]\s?\d{1,2}\s?[月월]\s?|[./-]\d{1,2}[./-])(?P<last>\d{1,4})(?:\s?[日일]|\b)|"
    r"\d{1,2}\s?[月월]"
)
_SCALED = re.compile(r"\d[\d,.]{0,20}\s?[兆조億亿억萬万만](?:\s?\d[\d,.]{0,20}\s?[億亿억萬万만千천]?){0,3}")
_PART = re.compile(r"(\d[\d,.]{0,20})\s?([兆조億亿억萬万만千천]?)")
_SCALE = {"兆": 12, "조": 12, "億": 8, "亿": 8, "억": 8, "萬": 4, "万": 4, "만": 4, "千": 3, "천": 3, "": 0}
_NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u202f’']\d{3}){1,4}(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*")


@lru_cache(maxsize=FACTS_KEPT)
def _numerals(said: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    """Return the significant digits of all numbers of a text, each with whether it is a year."""
    text = _without_addresses(_plain(said))
    text = _TELEPHONE.sub(" ", ";".join(_PIECE.findall(text)))
    text = _DATES.sub(lambda date: f" {date['first'] or ''} ; {date['last'] or ''} ", text)
    scaled: set[str] = set()
    if not text.isascii():
        text = _SCALED.sub(lambda match: _written_out(match[0], scaled), text)
    found = []
    for match in _NUMBER.finditer(text):
        digits = _digits(match[0])
        telling = digits.strip("0")
        is_number = len(digits) <= MAX_BARE_DIGITS or len(match[0]) > len(digits) or match[0] in scaled
        if telling and is_number and len(digits) <= MAX_DIGITS + 8:
            found.append((telling, match[0] == digits and len(digits) == 4 and digits[:2] in ("19", "20")))
    return tuple(found)


def _written_out(number: str, scaled: set[str]) -> str:
    whole = str(_whole(number))
    scaled.add(whole)
    return f" {whole} "


def _whole(scaled: str) -> int:
    """Return 1億2,345万 as one number; the decimal part of a scale ("1.5億") is kept."""
    total = 0
    for number, scale in _PART.findall(scaled):
        power = _SCALE[scale]
        plain = number.replace(",", "").strip(".")
        whole, _, decimals = plain.partition(".")
        decimals = decimals.replace(".", "")[:power] if power else ""
        total += int(f"{whole[:MAX_DIGITS]}{decimals.ljust(power, '0')}")
    return total


_DIGITS = frozenset("0123456789")


def _digits(text: str) -> str:
    return "".join(filter(_DIGITS.__contains__, text))


_ABBREVIATIONS = """
ceo cfo cto coo usa usd eur gbp hkd hkex nyse nasdaq tsx asx esg ipo ltd llc inc plc gmbh prnewswire globe newswire pdf
html covid19 3rd 1st 2nd
"""
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())


def coined(spelled: Iterable[str], most: int) -> tuple[str, ...]:
    """Return words that no language translates, the longest first: those with a capital after their first letter."""
    if most < 1:
        return ()
    cased = (word for word in {*spelled} if not word.islower() and not word[1:].islower())  # few are left
    found = (word for word in cased if len(word) >= MIN_ACRONYM_LENGTH and word.isascii() and word.isalpha())
    telling = (word for word in found if word.casefold() not in ABBREVIATIONS)
    return tuple(sorted(telling, key=lambda word: (-len(word), word))[:most])


MIN_ACRONYM_LENGTH = 3  # letters


def _names(news: str, is_latin: bool) -> Iterator[str]:
    """Yield the Latin words that a translation keeps: all of an East Asian text, else those with a capital letter."""
    for line in news.split("\n"):
        for match in _LATIN.finditer(line):
            word = match[0]
            low = word.casefold()
            if low in COMMON or low in DAYS_AND_MONTHS:
                continue
            if not is_latin or (word[0].isupper() and not _opens_a_sentence(line, match.start())):
                yield low


def _opens_a_sentence(line: str, at: int) -> bool:
    before = line[:at].rstrip(" \"'“”„«»(")
    return not before or before[-1] in ".!?:"


_SECOND_LEVEL = frozenset(["com", "co", "org", "net", "gov", "edu", "ac", "or", "ne"])


def _domain(host: str) -> str:
    """Return the registered domain of a host name, by the usual second-level domains."""
    labels = host.casefold().strip(".").split(".")
    kept = 3 if len(labels) > 2 and labels[-2] in _SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-kept:])


def _ticker(ticker: str) -> str:
    exchange, _, symbol = ticker.casefold().rpartition(":")
    return f"{exchange}:{symbol.lstrip('0')}"


# Addresses

_LANGUAGES = (
    "en eng english e zh zht zhs cht chs tc sc hant hans chi chinese b5 gb c cn tw hk ja jp jpn japanese ko kr kor "
    "korean de ger deu german fr fra fre french es it pt nl sv se swe fi fin suomi da dk dan no nb nor norsk is "
    "pl th vi id"
)
_CODES = frozenset(_LANGUAGES.split())
_REGIONAL = re.compile(r"(?P<code>[a-z]{2})[-_](?:[a-z]{2}|hant|hans)", re.IGNORECASE)
_PARAMETERS = frozenset(["lang", "language", "locale", "hl", "l", "lng", "lc"])
_ENDING = re.compile(r"(?<=[0-9a-z\]])[_.-](?P<code>[a-z]{1,8}(?:[-_](?:[a-z]{2}|hant|hans))?)(?P<rest>\.[a-z]{3,5})?$")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_IDENTIFIER = re.compile(r"(?<![0-9])[0-9]{5,10}(?![0-9])")


@lru_cache(maxsize=4 * FACTS_KEPT)
def neutral_url(url: str | None) -> str | None:
    """Return a URL without its language, so that URLs of translations are equal; None if there is no URL."""
    if not url:
        return None
    address, _, query = url.partition("?")
    host, *path = address.partition("//")[2].casefold().rstrip("/").split("/")
    labels = host.split(".")
    if len(labels) > 2 and _is_language(labels[0]):
        labels[0] = "www"
    path = [segment for segment in path if not _is_language(segment)]
    if path:
        path[-1] = _ENDING.sub(_without_language_code, path[-1])
    parameters = [
        parameter
        for parameter in query.split("&")
        if parameter and parameter.partition("=")[0].casefold() not in _PARAMETERS
    ]
    return "/".join((".".join(labels), *path)) + ("?" + "&".join(parameters) if parameters else "")


def has_language(url: str | None) -> bool:
    """Return whether a URL names a language."""
    if not url:
        return False
    plain = url.partition("//")[2].casefold().rstrip("/")
    return neutral_url(url) != plain


def _is_language(segment: str) -> bool:
    if segment in _CODES:
        return True
    regional = _REGIONAL.fullmatch(segment)
    return regional is not None and regional["code"] in _CODES


def _without_language_code(match: re.Match[str]) -> str:
    return (match["rest"] or "") if _is_language(match["code"]) else match[0]


def uuids(url: str | None) -> frozenset[str]:
    """Return the UUIDs in a URL."""
    return frozenset(_UUID.findall((url or "").casefold()))


def identifiers(url: str | None) -> frozenset[str]:
    """Return the host with each number of five to ten digits in the last two parts of a path, without dates."""
    if not url:
        return frozenset()
    host, *path = unquote(url.partition("?")[0]).partition("//")[2].casefold().split("/")
    numbers = _IDENTIFIER.findall(_UUID.sub("", "/".join(path[-2:])))
    return frozenset(f"{_domain(host)} {number}" for number in numbers if not _is_date(number))


def _is_date(number: str) -> bool:
    return len(number) in (6, 8) and number[:2] in ("19", "20")


def rarest(figures: Iterable[str], most: int) -> tuple[str, ...]:
    """Return the most distinctive figures: those with the most digits."""
    telling = {figure for figure in figures if len(figure) >= MIN_FIGURE_DIGITS}
    return tuple(sorted(telling, key=lambda figure: (-len(figure), figure))[:most])


def day_of(release: Release) -> str:
    """Return the date that a release prints, else the one when it was first seen."""
    return (release.published_at or release.first_seen_at or "")[:10]


def contact_of(release: Release) -> str | None:
    """Return the contact of a release: its ticker, or the domain of its first e-mail address."""
    if release.tickers:
        return _ticker(release.tickers[0])
    lines = (*release.contacts, *release.about, *release.body[-3:])
    domains = (_domain(mail.rpartition("@")[2]) for line in lines for mail in _mails(line))
    return next((domain for domain in domains if domain not in FREE_MAIL), None)
