"""Text as queries and the index of releases see it: words without case and accents, scripts without spaces as runs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from stories.text.chinese_scripts import simplified
from stories.text.scripts import UNSPACED_OR_HANGUL, UNSPACED_OR_HANGUL_CHARACTER

_TOKEN = re.compile(rf"[{UNSPACED_OR_HANGUL}]+|[^\W_{UNSPACED_OR_HANGUL}]+")
_ACCENTS = re.compile(
    "(?<=[\u0000-\u052f])[\u0300-\u036f]+"
)  # of Latin, Greek, Cyrillic; elsewhere a mark makes a word
_HASHTAG = re.compile(r"[#＃]([^\s#＃,;:!?|。，、；：！？()（）\[\]【】「」\"“”'’]+)")


def plain(text: str) -> str:
    """Return text without case, compatibility forms, and accents of Latin, Greek and Cyrillic letters.

    Traditional Chinese characters become simplified ones, so that a query in either script finds both.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return simplified(unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed)))


def flat(text: str) -> str:
    """Return the words of a text between single spaces; words of unspaced scripts stand without them.

    ``"AI芯片 发布!"`` gives ``" ai 芯片发布"``: a needle made the same way is found by ``in``.
    """
    parts: list[str] = []
    open_end = True
    for token in _TOKEN.findall(plain(text)):
        if UNSPACED_OR_HANGUL_CHARACTER.match(token):
            parts.append(token if open_end else f" {token}")
            open_end = True
        else:
            parts.append(f" {token}")
            open_end = False
    return "".join(parts) + ("" if open_end else " ")


def flat_lines(texts: Iterable[str | None]) -> str:
    """Return texts flattened, a line each: a phrase does not run from one into the next."""
    return "\n".join(flat(text) for text in texts if text)


def tag_word(text: str) -> str:
    """Return a tag without ``#``, case, spaces and compatibility forms, in simplified Chinese characters.

    Keywords print ``#SciencePark`` in two words.
    """
    return simplified("".join(unicodedata.normalize("NFKC", text).split()).lstrip("#").casefold().rstrip(".-–—"))


def tag_words(tags: Iterable[str], headline: str = "") -> frozenset[str]:
    """Return the tags of a hashtag line, with those that stand only in the headline ("… #HiDreamAI - …")."""
    return frozenset(map(tag_word, (*tags, *_HASHTAG.findall(headline)))) - {""}


def ticker_words(tickers: Iterable[str]) -> frozenset[str]:
    """Return each ticker as written, without case, and again without its exchange."""
    whole = [plain("".join(ticker.split())) for ticker in tickers]
    return frozenset(whole) | {ticker.rpartition(":")[2] for ticker in whole}
