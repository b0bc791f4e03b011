"""Scripts: which characters are compared one by one, and which are parts of words."""

from __future__ import annotations

import re
import unicodedata

import pytest

from stories.text import scripts
from stories.text.scripts import cjk_count, has_cjk, has_unspaced_or_hangul, unspaced_count

SAMPLES = {
    "KANA": "カタカナひらがな",
    "HAN": "漢字汉字佐々木〇𠮷",
    "HANGUL": "삼성전자ㄱ",
    "THAI": "ภาษาไทย",
    "LAO": "ພາສາລາວ",
    "TIBETAN": "བོད་སྐད",
    "MYANMAR": "မြန်မာဘာသာ",
    "KHMER": "ភាសាខ្មែរ",
    "CYRILLIC": "новости",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_script_has_all_characters_of_its_text_and_those_of_no_other_script(name: str) -> None:
    characters = re.compile(f"[{getattr(scripts, name)}]+")
    for other, text in SAMPLES.items():
        assert (characters.fullmatch(text) is not None) == (other == name)
        assert (characters.search(text) is not None) == (other == name)


@pytest.mark.parametrize(
    ("text", "cjk", "unspaced", "unspaced_or_hangul"),
    [
        ("12億美元", 3, 3, True),
        ("ドル高", 3, 3, True),
        ("삼성 전자", 4, 0, True),
        ("ภาษาไทย", 0, 7, True),
        ("ភាសា", 0, 4, True),
        ("Компания Müller", 0, 0, False),
        ("شركة", 0, 0, False),
        ("“$1.2 bn”", 0, 0, False),
        ("plain", 0, 0, False),
        ("", 0, 0, False),
    ],
)
def test_characters_are_counted_by_how_their_script_is_written(
    text: str, cjk: int, unspaced: int, unspaced_or_hangul: bool
) -> None:
    assert (cjk_count(text), unspaced_count(text)) == (cjk, unspaced)
    assert (has_cjk(text), has_unspaced_or_hangul(text)) == (cjk > 0, unspaced_or_hangul)


def test_no_letter_of_a_script_with_spaces_is_compared_alone() -> None:
    for code in range(0x250):
        assert not has_unspaced_or_hangul(chr(code)), unicodedata.name(chr(code), hex(code))
