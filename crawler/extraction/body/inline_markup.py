"""Markup inside a line that changes what its figures mean, settled in the tree before it is read.

Removing tags alone makes other figures: ``10<sup>6</sup>`` would be 106, ``$12.4<sup>1</sup>`` $12.41. The rules:

- Raised digits are an exponent behind a unit, behind a bare 10, behind a single letter, and with a sign: they become
  superscript characters (m², 10⁶, 10⁻³, Ca²⁺). So do raised digits that begin a word or a line (¹⁷⁷Lu, the label of a
  footnote). Two raised digits of a price are cents ($12.99). All others are marks of footnotes, as letters, ``*`` and
  ``†`` are, and are left out.
- Lowered digits behind a chemical symbol or a variable stay plain digits (CO2), so that a search finds them; behind
  another digit they become subscript characters.
- A raised and a lowered number around a slash are a fraction, parted from the number before it (3 1/2).
- Deleted text (``del``, ``s``, ``strike``, ``line-through``) is not part of the release; inserted text is.
- Readings (``rt``) next to their base text, and duplicates for screen readers next to the visible text, are left out.
- A space parts two figures that only the layout parts (``<span>12.4</span><span>15.1</span>``); the pieces of one
  figure stay joined (``<span>1</span><span>,234</span>``).

What is left out stays in the tree as an empty ``span``: removing elements moves their tails, in quadratic time.
"""

from __future__ import annotations

import re
from typing import cast

import lxml.html
from lxml import etree

from stories.text.scripts import has_cjk

INLINE = frozenset({"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",  # noqa: E501
          "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike", "strong",  # noqa: E501
          "sub", "sup", "time", "tt", "u", "var", "wbr", "picture", "source", "nobr", "o:p", "st1:place", "meta", "link"})  # fmt: skip  # noqa: E501
CONTEXT = 32  # characters before and behind an element that decide what it means
STEPS = 12  # elements that are looked at for them
MOSTLY = 0.5  # of a page's text: a ``del`` that holds more was never closed
_SETTLED = "data-settled"  # an attribute: the element's text goes on with the text before it
SPOKEN = 3  # words for screen readers alone that explain a link or a picture
RAISED_LONGEST = 24  # characters of an exponent or a list of footnotes

_CURRENCY = r"(?:[$€£¥₩₹฿₫₱]|\b(?:USD|HKD|EUR|RMB|CNY|SGD|AUD|CAD|GBP|JPY|CHF|SEK|NOK|DKK|MYR|THB|INR|KRW|TWD|Rs|RM))"
_SUPERSCRIPTS = str.maketrans("0123456789+-−–n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−–", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋")
_FRACTION = re.compile(r"(\d{1,4})\s*[/⁄∕]\s*(\d{1,4})")
_SLASH = re.compile(r"\s*[/⁄∕]\s*")
_SYMBOLS = re.compile(r"[*†‡§¶※]{1,4}(?:[\s,]+[*†‡§¶※]{1,4})*")
_MARK = r"(?:\d{1,3}|[a-z]{1,2}|[ivx]{1,4}|[*†‡§¶※])"
_BRACKETED = re.compile(rf"(?:[\[(（【]\s*{_MARK}(?:\s*[,;&–-]\s*{_MARK})*\s*[\])）】][\s,]*)+|{_MARK}\)")
_SEVERAL = re.compile(r"\d{1,3}(?:\s*[,;&–-]\s*\d{1,3})+|[a-z](?:\s*[,;&]\s*[a-z])+")
_SIGNED = re.compile(r"[+\-−–]\s*\d{1,3}|\d{1,2}[+\-−–]|[+\-−–]")
_DIGITS = re.compile(r"\d{1,3}")
_UNIT = re.compile(
    r"(?:^|[\s\d(/·⋅.\u3000-\uffef-])(?:[kcdmµμn]?m|ft|in|yd|mi|sq|sec|s)$"
    # behind a slash any unit has an exponent: W/m², kg/cm³
    r"|/\s?[A-Za-zµμ]{1,4}$"
)
_MONEY_IN_MILLIONS = re.compile(rf"{_CURRENCY}\s?[\d.,]+\s?m$")
_BARE_TEN = re.compile(r"(?<![\d.,$€£¥₩₹฿])(?<![$€£¥]\s)10$")
_TIMES_BASE = re.compile(r"[x×·⋅∙*^=]\s*\d{1,3}$")
_SCALE = re.compile(
    r"\s*(?:%|％|per\s?cent|percent|million|billion|trillion|thousand|mn\b|bn\b|m\b|k\b|[万萬億亿兆억만]"
    r"|Millionen|Milliarden|Mio|Mrd|Tsd|milli(?:on|ard)s?|mill(?:ones|ón)|milh(?:ões|ão)|triệu|tỷ)",
    re.IGNORECASE,
)
_PRICE = re.compile(rf"{_CURRENCY}\s?\d[\d,]*$")
_ONE_LETTER = re.compile(r"(?:^|[^A-Za-zÀ-ÿ])[A-Za-zα-ωΑ-Ω]$")
_ION = re.compile(r"(?:^|[^A-Za-z])(?:CO|NO|SO|CH|NH|SF|PM)$")
_FORMULA = re.compile(r"(?:[A-Z][a-z]?|[)\]]|(?:^|[^A-Za-z])[a-z]|\blog|\bln)$")
_LONG_WORD = re.compile(r"[^\W\d_]{4}$|[^\w\s]$|\s$")
_ORDINAL_LETTERS = "aoedrhs"  # 1a, 2o, 2e, 3d, 1r, 8h (French time)

_STRUCK = etree.XPath("//body//*[contains(@style,'line-through') or contains(concat(' ',@class,' '),' line-through ')]")
_SCREEN_READERS = re.compile(r"(?<!not-)\b(?:sr-only|screen-?reader|visually-?hidden|off-?screen)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]+")
_PIECES = ("span", "ins", "b", "strong", "em", "i", "font")
_MARKUP = re.compile(r"<(?:sup|sub|del|s|strike|ruby|ins|span)\b", re.IGNORECASE)

_STARTS_WITH_MONEY = re.compile(rf"(?:[A-Z]{{0,3}}[$€£¥₩₹฿₫₱]|{_CURRENCY})\s?\d")
_DECIMAL_AT_END = re.compile(r"\d[.,]\d+$")
_GROUPED_AT_END = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3}){1,6}$")
_DECIMAL_AT_START = re.compile(r"\d+[.,]\d")


def settle_inline(tree: lxml.html.HtmlElement, source: str) -> None:
    """Change the tree so that its text alone says what a reader sees; see the rules of this module.

    ``source`` is the HTML that the tree was made from: what it does not name is not looked for.
    """
    for link in list(tree.iter("a")):
        if "#" in (link.get("href") or "") and _is_footnote_link(link):
            _empty(link)
    if "line-through" in source:
        _leave_out_deleted(tree, cast("list[lxml.html.HtmlElement]", _STRUCK(tree)))
    _leave_out_deleted(tree, list(tree.iter("del", "s", "strike")))
    for element in list(tree.iter("sup", "sub", "rt", "rp", "rtc")):
        if element.tag == "sup":
            _settle_raised(element)
        elif element.tag == "sub":
            _settle_lowered(element)
        else:
            bases = [base.text or "" for base in element.iter("rb")]  # <rt> is closed by <rb>, which libxml2 ignores
            _empty(element)
            element.text = "".join(bases)
    for element in list(tree.iter(*_PIECES)):
        names = element.get("class")
        if names and element.tag == "span" and _SCREEN_READERS.search(names) and _is_duplicate(element):
            _empty(element)
        following = None if element.tail or len(element) else element.getnext()
        if following is None or len(following) or following.tag not in _PIECES:
            continue
        if are_parted(element.text or "", following.text or ""):
            element.tail = " "


def _leave_out_deleted(tree: lxml.html.HtmlElement, deleted: list[lxml.html.HtmlElement]) -> None:
    whole = _length(tree) if deleted else 0
    for element in deleted:
        if _length(element) <= MOSTLY * whole:
            _empty(element)


def settled_markup(text: str) -> str:
    """Return a piece of HTML, as linked data and titles have them, with the same rules applied."""
    if not _MARKUP.search(text):
        return text
    try:
        tree = lxml.html.document_fromstring(f"<html><body><div>{text}</div></body></html>")
    except (etree.ParserError, ValueError):  # NUL and other characters that lxml refuses
        return text
    settle_inline(tree, text)
    return cast(str, lxml.html.tostring(tree.find("body"), encoding="unicode"))


def line_of(element: lxml.html.HtmlElement) -> str:
    """Return the text of a cell or a heading: spaces where blocks and words part, none inside a figure."""
    if not len(element):
        return element.text or ""
    parts: list[str] = []
    for event, found in etree.iterwalk(element, events=("start", "end")):
        if found is not element and (
            found.tag not in INLINE or (parts and not _is_joined(parts[-1], found, event == "start"))
        ):
            parts.append(" ")
        if said := _said(found, event == "start", element):
            parts.append(said)
    return "".join(parts)


def _said(found: lxml.html.HtmlElement, is_start: bool, whole: lxml.html.HtmlElement) -> str | None:
    if is_start or found is whole:
        return cast("str | None", found.text) if is_start else None
    return cast("str | None", found.tail)


def _is_joined(before: str, found: lxml.html.HtmlElement, is_start: bool) -> bool:
    """Whether what an inline element begins or ends with goes on with the figure or formula before it."""
    after = (found.text if is_start else found.tail) or ""
    if not before or not after or found.tag in ("sup", "sub") or found.get(_SETTLED):
        return True
    if has_cjk(before[-1]) and has_cjk(after[0]):
        return True
    return (before[-1] in "0123456789.,$€£¥₩₹(+-−" and after[0] in "0123456789.,%)⁰¹²³⁴⁵⁶⁷⁸⁹") and not are_parted(
        before, after
    )


def are_parted(left: str, right: str) -> bool:
    """Whether two texts without a space between them are two figures, not the pieces of one."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return False
    if left[-1] not in "([{/-–—$€£¥" and _STARTS_WITH_MONEY.match(right):
        return left[-1].isdigit() or left[-1] in "%％" or left[-1].isalpha()
    if not right[0].isdigit():
        return False
    left = left[-CONTEXT:]
    if left[-1] in "%％":
        return True
    if _GROUPED_AT_END.search(left):
        return True
    return _DECIMAL_AT_END.search(left) is not None and _DECIMAL_AT_START.match(right) is not None


def _settle_raised(element: lxml.html.HtmlElement) -> None:
    text = element.text_content()
    if not text.strip() or len(text) > RAISED_LONGEST:
        return
    around = element.getparent()
    is_in_link = around is not None and around.tag == "a" and "#" in (around.get("href") or "")
    is_linked = is_in_link or next(element.iter("a"), None) is not None
    following = element.getnext()
    is_numerator = following is not None and following.tag == "sub" and _SLASH.fullmatch(element.tail or "") is not None
    before, after = _before(element), _after(element)
    _say(element, raised(text, before, after, is_linked=is_linked, is_numerator=is_numerator))


def raised(text: str, before: str, after: str, *, is_linked: bool = False, is_numerator: bool = False) -> str:
    """Return what raised text is in plain text, between what is before and behind it in its line.

    ``is_linked``: it leads to another place of the page; ``is_numerator``: a slash and a lowered number follow.
    """
    said = text.strip()
    begins = not before.strip()
    digit_before, digit_after = before[-1:].isdigit(), after[:1].isdigit()
    if is_numerator or (match := _FRACTION.fullmatch(said)):
        plain = said if is_numerator else f"{match[1]}/{match[2]}"  # type: ignore[index]
        return f" {plain}" if digit_before else plain
    left_out = " " if digit_before and digit_after else ""
    if _SYMBOLS.fullmatch(said) or (not begins and (_BRACKETED.fullmatch(said) or _SEVERAL.fullmatch(said))):
        return said if begins else left_out
    if is_linked and not begins and len(said) <= 4:
        return left_out
    if _SIGNED.fullmatch(said):
        return said.translate(_SUPERSCRIPTS)
    if _DIGITS.fullmatch(said):
        opens_word = (begins or before[-1:] in " (\u00a0-–") and after[:1].isalpha()
        if begins or opens_word or _is_exponent(said, before, after):
            return said.translate(_SUPERSCRIPTS)
        if _ION.search(before):
            return said
        return _cents(said, before, after) or left_out
    if len(said) == 1 and said.isalpha() and said.islower():
        return _raised_letter(said, before, after)
    return f" {said}" if digit_before and said[:1].isdigit() else text


def _is_exponent(digits: str, before: str, after: str) -> bool:
    if _TIMES_BASE.search(before):
        return True
    if _BARE_TEN.search(before):
        return int(digits) > 1 and not _SCALE.match(after)
    if _UNIT.search(before):
        return digits in ("2", "3", "4") and not _MONEY_IN_MILLIONS.search(before)
    return _ONE_LETTER.search(before) is not None and len(digits) == 1


def _cents(digits: str, before: str, after: str) -> str | None:
    """Return the cents of a price printed as ``$12<sup>99</sup>``; no release has fifty footnotes."""
    if len(digits) != 2 or not _PRICE.search(before) or _SCALE.match(after):
        return None
    return f".{digits}" if int(digits) >= 49 or digits[0] == "0" else None


def _raised_letter(letter: str, before: str, after: str) -> str:
    if before[-1:].isdigit():
        if letter == "o" and after.lstrip()[:1] in ("C", "F"):
            return "°"
        if letter in _ORDINAL_LETTERS:
            return letter
        return letter.translate(_SUPERSCRIPTS) if letter == "n" else ""
    return "" if _LONG_WORD.search(before) and before.strip() else letter


def _settle_lowered(element: lxml.html.HtmlElement) -> None:
    text = element.text_content()
    if text.strip() and len(text) <= RAISED_LONGEST:
        _say(element, lowered(text, _before(element)))


def lowered(text: str, before: str) -> str:
    """Return what lowered text is in plain text behind what is before it in its line."""
    said = text.strip()
    if not said[:1].isdigit() or before[-1:] in ("/", "⁄", "∕"):
        return text
    if before[-1:].isdigit():
        return said.translate(_SUBSCRIPTS)
    if _DIGITS.fullmatch(said) and before.strip() and not _FORMULA.search(before):
        return ""  # a mark of a footnote
    return said


def _is_footnote_link(link: lxml.html.HtmlElement) -> bool:
    text = link.text_content().strip()
    if len(text) > 8 or (_BRACKETED.fullmatch(text) is None and _SYMBOLS.fullmatch(text) is None):
        return False
    return bool(_before(link).strip())


def _is_duplicate(element: lxml.html.HtmlElement) -> bool:
    """Whether what only screen readers are given repeats a figure, or what they are not given, in its line.

    Other such text is not seen but needed: the colon between the two parts of a headline, the sign of a hashtag.
    """
    neighbours = (element.getprevious(), element.getnext())
    text = element.text_content()
    if not any(sign.isdigit() for sign in text) and not any(
        neighbour is not None and neighbour.get("aria-hidden") == "true" for neighbour in neighbours
    ):
        return bool(_before(element).strip()) and len(_WORDS.findall(text)) >= SPOKEN  # "opens in a new window"
    return bool(_before(element).strip() or _after(element).strip())


def _length(element: lxml.html.HtmlElement) -> int:
    return len("".join(element.text_content().split()))


def _empty(element: lxml.html.HtmlElement) -> None:
    element.clear(keep_tail=True)
    element.tag = "span"
    element.set(_SETTLED, "1")


def _say(element: lxml.html.HtmlElement, text: str) -> None:
    if len(element) == 0 and element.text == text:
        return
    _empty(element)
    element.text = text


def _before(element: lxml.html.HtmlElement) -> str:
    """Return the last characters before an element in its line."""
    found, current = "", element
    for _ in range(STEPS):
        previous = current.getprevious()
        if previous is not None:
            found = (previous.tail or "")[-CONTEXT:] + found
            if previous.tag not in INLINE or len(found) >= CONTEXT:
                break
            found = _text(previous)[-CONTEXT:] + found
            current = previous
        else:
            parent = current.getparent()
            if parent is None:
                break
            found = (parent.text or "")[-CONTEXT:] + found
            if parent.tag not in INLINE:
                break
            current = parent
        if len(found) >= CONTEXT:
            break
    return found[-CONTEXT:]


def _after(element: lxml.html.HtmlElement) -> str:
    """Return the first characters behind an element in its line."""
    found, current = "", element
    for _ in range(STEPS):
        found += (current.tail or "")[:CONTEXT]
        if len(found) >= CONTEXT:
            break
        following = current.getnext()
        if following is not None:
            if following.tag not in INLINE:
                break
            found += _text(following)[:CONTEXT]
            current = following
        else:
            parent = current.getparent()
            if parent is None or parent.tag not in INLINE:
                break
            current = parent
    return found[:CONTEXT]


def _text(element: lxml.html.HtmlElement) -> str:
    return element.text_content() if len(element) else element.text or ""
