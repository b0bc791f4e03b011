"""Splits a release's text into words, independent of typography, case, mojibake and markup."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from config.wires import closing_lines, wire_name_pattern
from stories.text.chinese_scripts import simplified
from stories.text.date_words import month_names, weekday_names
from stories.text.scripts import UNSPACED

_PLAIN_WORD = re.compile(r"[a-zA-Z]+|\d+(?:[.,]\d+)*", re.ASCII)
_TYPOGRAPHY = "’‘“”–—…•\u00a0"
"""Characters that separate words in any text. Without them most English text is ASCII, which is read twice as fast."""
_WORD = re.compile(rf"[{UNSPACED}]|\d+(?:[.,]\d+)*|[^\W\d_{UNSPACED}]+")
_LINK = re.compile(r"\]\((?:https?:|mailto:)[^)]{0,2000}\)|(?:https?://|www\.)\S+")
MAIL_NAME = 64  # characters before the "@", and
MAIL_DOMAIN = 320  # after it: RFC 5321, 4.5.3.1
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+")
_OF_A_NAME = re.compile(r"[\w.+-]")
_FANCY = re.compile("[^\\x00-\\x7f\u2010-\u2027\u2030-\u203a\u20a0-\u20bf\u2022£«»°·\u3000-\u3002\u4e00-\u9fff]")
"""Characters that may need normalisation; typographic quotes, dashes and plain Han are not among them."""
_MARKS = re.compile("[\u0300-\u036f]+")
_DUST = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff™®©]+")
_MOJIBAKE = re.compile("[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ\u00a0]{1,3}")
_ENTITY = re.compile(r"&(?:amp|nbsp|quot|apos|lt|gt|#0*39|#x27|rsquo|lsquo|rdquo|ldquo|ndash|mdash);")

_WIRES = re.compile(rf"\b(?:{wire_name_pattern()})\b|newswire|mediawire", re.IGNORECASE)
_DATE = (
    r"(?:(?:mon|tue|wed|thu|fri|sat|sun)\w*\W+)?(?:[^\W\d_]{3,9}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}|"
    r"\d{1,2}\.?\s+[^\W\d_]{3,9}\.?,?\s+\d{4}|\d{4}[年/-]\s?\d{1,2}[月/-]\s?\d{1,2}日?)"
    r"(?:,?\s*@?\s*\d{1,2}:\d\d(?:\s*[ap]\.?m\.?)?(?:\s+(?:[A-Z]{2,4}T?\b|eastern|central|mountain|pacific|america/\w+))?)?"
)
_AFTER_WIRE = re.compile(rf"(?:\.(?:ai|com)\b|corp\b|{_DATE}|[^\w\n])*", re.IGNORECASE)
_PLACE_AND_DATE = re.compile(
    rf"\W*(?:[^\W\d_][^\d.!?。]{{1,60}}?\W+)?{_DATE}\W*?(?:[-–—]+(?:[^\W\d_][^\d.!?]{{1,40}}?[-–—]+)?|[:|])\s*",
    re.IGNORECASE,
)
DATELINE_WITHIN = 160  # characters: "SAN MATEO / HANOI - Media OutReach Newswire - 22 September 2026 - " with room

_TAIL = re.compile(
    r"(?:about|über|acerca de|sobre|à propos d\w*|om)\b(?P<name>.{0,90})$|"
    r"(?:cautionary\W+)?(?:note (?:on|regarding) )?(?:forward.?looking\s+(?:statement|information)|safe harbou?r)s?\b"
    r".{0,90}$|"
    r"(?:(?:media|press|investor|company|ir|pr)\b.{0,30})?\bcontacts?\b.{0,30}:|contacts?$|contact details|"
    r"source:? [^.]{2,60}$|###|disclaimer\b|关于.{1,30}$|關於.{1,30}$|會社概要$|.{0,30}について$",
    re.IGNORECASE,
)
"""Patterns that begin a release's standard end parts, whatever its news."""
_FURNITURE = re.compile(
    r"view (?:the )?(?:original|source)|the post .{0,300} (?:first )?appeared first|read (?:more|the full)|"
    r"to view the (?:full|source)|hash\s*tags?:|"
    r"the issuer is solely responsible|note to investors: the latest news|the latest news and updates|"
    r"for (?:more|further|additional) information|please see full terms|to receive sms|learn more at|"
    r"image may be ordered|photograph by|if \(!window"
    rf"|(?:{closing_lines()})\W*$",
    re.IGNORECASE,
)
"""Paragraphs that wires and syndicators append to every release."""

BODY_OPENS_WITH = 160  # characters of news before the end parts may begin: some releases begin with a box "Contact: …"

NUMERIC = re.compile(r"\d")
MONTHS = frozenset(month_names(without_year=True))
WEEKDAYS = weekday_names()
DAYS_AND_MONTHS = MONTHS | WEEKDAYS
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_NUMBERS.split())}
"""Number words that style guides write as digits, and the reverse."""
_COMMON = """
a an and are as at be been but by can for from had has have he her his if in into is it its more new not of on or
our over said she so than that the their them these they this to up us was we were which who will with would you your
am pm et est edt s t inc ltd llc corp co plc
"""
COMMON = frozenset(_COMMON.split())
"""Words that do not distinguish releases."""


def repaired(text: str) -> str:
    """Return the text with entities, mojibake, invisible characters and look-alike letters normalised; case is kept."""
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    if text.isascii() or not _FANCY.search(text):
        return text
    once = _MOJIBAKE.sub(_repair, text)
    twice = once if once == text else _MOJIBAKE.sub(_repair, once)  # some copies were decoded wrongly twice
    text = _DUST.sub("", twice)
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text)))


def _entity(match: re.Match[str]) -> str:
    return "&" if match[0] == "&amp;" else " " if match[0] in ("&nbsp;", "&ndash;", "&mdash;") else "'"


def _repair(match: re.Match[str]) -> str:
    """Undo UTF-8 that was decoded as Windows-1252; other text is returned unchanged."""
    try:
        return b"".join(_byte(c) for c in match[0]).decode()
    except UnicodeError:
        return match[0]


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def words(text: str) -> list[str]:
    """Return the words of a text with their case: numbers as one word, no addresses, each ideograph one word."""
    if "&" in text:
        text = _ENTITY.sub(_entity, text)
    if text.isascii():
        return _PLAIN_WORD.findall(_without_addresses(text))
    # Most texts are ASCII except for quotes and dashes, and so are most lines of the others: others cost twice as much.
    if "www." not in text and "://" not in text:  # an address ends only at a space
        bare = _without_typography(text)
        if bare.isascii():
            return _PLAIN_WORD.findall(_without_addresses(bare))
    return [word for line in text.split("\n") for word in _line(line)]


def _line(line: str) -> list[str]:
    if not line.isascii():
        line = simplified(repaired(line))
    line = _without_typography(_without_addresses(line))
    return (_PLAIN_WORD if line.isascii() else _WORD).findall(line)


def _without_typography(text: str) -> str:
    if not text.isascii():
        for mark in _TYPOGRAPHY:
            text = text.replace(mark, " ")
    return text


def _without_addresses(text: str) -> str:
    if "www." in text or "://" in text or "](" in text:
        text = _LINK.sub(" ", text)
    return without_mail(text) if "@" in text else text


def without_mail(text: str) -> str:
    """Return the text without e-mail addresses, searching only around each "@", which takes a tenth of the time.

    A name is followed backwards from its "@": a search forwards from every position would take seconds on some texts.
    """
    parts: list[str] = []
    start, at = 0, text.find("@")
    while at >= 0:
        begin, first = at, max(start, at - MAIL_NAME)
        while begin > first and _OF_A_NAME.match(text, begin - 1):
            begin -= 1
        found = _MAIL.match(text, begin, at + MAIL_DOMAIN)
        if found:
            parts.append(text[start : found.start()])
            start = found.end()
        at = text.find("@", max(start, at + 1))
    return " ".join((*parts, text[start:]))


def folded(spelled: Sequence[str]) -> list[str]:
    """Return the words in lower case, position by position."""
    return "\n".join(spelled).lower().split("\n") if spelled else []


def compact_key(text: str) -> str:
    """Return only letters and digits, in lower case: equal for headlines that differ in typography and spacing."""
    return "".join(words(text)).lower()


def without_rubric(headline: str) -> str | None:
    """Return the text after a rubric (``TechMediaBreaks – …``, ``Investor Alert: …``); None if there is no rubric."""
    head, dash, rest = _partition(headline)
    if dash and len(words(head)) <= 3 and len(words(rest)) >= 5:
        return rest.strip()
    return None


_RUBRIC_END = re.compile(r"\s[-–—|]+\s|:\s")


def _partition(headline: str) -> tuple[str, bool, str]:
    match = _RUBRIC_END.search(headline)
    return (headline[: match.start()], True, headline[match.end() :]) if match else (headline, False, "")


def news_paragraphs(paragraphs: Iterable[str], skip: str | None = None) -> list[str]:
    """Return the paragraphs of the news: without dateline, page furniture, contact blocks and about sections.

    ``skip`` is the statement of a notice: a paragraph with little other text is left out.
    """
    news: list[str] = []
    size = 0
    for paragraph in paragraphs:
        text = paragraph.strip()
        if not text or _FURNITURE.match(text):
            continue
        if _TAIL.match(text):
            if size >= BODY_OPENS_WITH:
                break
            continue
        if skip and len(text) < 2 * len(skip) and (skip in text or text in skip):
            continue
        if size < BODY_OPENS_WITH:
            text = without_dateline(text)
        if text:
            news.append(text)
            size += len(text)
    return news


def without_dateline(paragraph: str) -> str:
    """Return a first paragraph without ``PLACE - Wire - date -``, for pages whose dateline was not extracted."""
    wire = _WIRES.search(paragraph, 0, DATELINE_WITHIN)
    if wire:
        after = _AFTER_WIRE.match(paragraph, wire.end())
        if after and after.end() > wire.end() and re.search(r"[-–—]|/\s*$", after[0]):
            return paragraph[after.end() :]
    match = _PLACE_AND_DATE.match(paragraph, 0, DATELINE_WITHIN)
    return paragraph[match.end() :] if match else paragraph
