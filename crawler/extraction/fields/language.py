"""The language of a release, by its own words; the script too where it matters (Chinese)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import py3langid

from crawler.extraction.text import weight

SAMPLE = 300  # characters; 600 say the same of every release measured, and take twice as long
ENOUGH = 60  # Latin characters by which a language is found
_TRADITIONAL = frozenset(
    "國學會對發來時後說這為個們與產業開關經實體現將電動車無讓傳買賣圖書務際區灣臺華報導進連運過還邊達適選點擊擴廣應從東馬鳥魚龍"
)
_SIMPLIFIED = frozenset(
    "国学会对发来时后说这为个们与产业开关经实体现将电动车无让传买卖图书务际区湾台华报导进连运过还边达适选点击扩广应从东马鸟鱼龙"
)


def find_language(paragraphs: Sequence[str], declared: str | None) -> str | None:
    """Return ISO 639-1, ``zh-Hant`` or ``zh-Hans``; what the page declares only where the text is too short."""
    text = " ".join(paragraphs)[:SAMPLE]
    if weight(text) >= ENOUGH:
        language = str(py3langid.classify(text)[0])
    elif declared and (match := re.match(r"[a-zA-Z]{2}\b", declared)):
        language = match[0].lower()
    else:
        return None
    return _script(text) if language == "zh" else language


def _script(text: str) -> str:
    traditional = sum(1 for char in text if char in _TRADITIONAL and char not in _SIMPLIFIED)
    simplified = sum(1 for char in text if char in _SIMPLIFIED and char not in _TRADITIONAL)
    return "zh-Hant" if traditional > simplified else "zh-Hans" if simplified else "zh"
