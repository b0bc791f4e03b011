"""A page reads the same in whatever charset it comes, and whatever it says of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.charset import decode

CHINESE = "海燈科技園今日宣布，將率領園區內十一家機械人企業前往里斯本參加春季展覽會，展示兩年來共用工場的研發成果。"
SIMPLIFIED = "海灯科技园今日宣布，将率领园区内十一家机械人企业前往里斯本参加春季展览会，展示两年来共用工场的研发成果。"
JAPANESE = "灯台ロボティクス株式会社は本日、階段をのぼることができる病院向けの運搬車を発売したと発表しました。"
KOREAN = "등대로보틱스는 오늘 계단을 오를 수 있는 병원용 운반차를 출시했다고 발표했습니다. 밤에는 약을 나릅니다."
RUSSIAN = "Верфь передала городу первый электрический паром, который заряжается у причала за семь минут."
GERMAN = "Die Werft übergibt die Fähre für größere Gäste – „leise“ und schön."


def markup(text: str, charset: str | None) -> str:
    meta = f'<meta charset="{charset}">' if charset else ""
    return f"<html><head>{meta}</head><body><p>{text}</p><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "codec", "declared", "header"),
    [
        (CHINESE, "utf-8", "utf-8", None),
        (CHINESE, "big5hkscs", "big5", None),
        (CHINESE, "big5hkscs", None, "text/html; charset=Big5"),
        (CHINESE, "utf-8", "big5", "big5"),
        (SIMPLIFIED, "gb18030", "gb2312", None),
        (SIMPLIFIED, "gb18030", "utf-8", None),
        (SIMPLIFIED, "gb18030", None, None),
        (JAPANESE, "cp932", "shift_jis", None),
        (JAPANESE, "cp932", "utf-8", None),
        (JAPANESE, "euc_jp", "euc-jp", None),
        (JAPANESE, "iso2022_jp", "iso-2022-jp", None),
        (KOREAN, "cp949", "euc-kr", None),
        (KOREAN, "cp949", "utf-8", None),
        (RUSSIAN, "cp1251", "windows-1251", None),
        (RUSSIAN, "cp1251", "iso-8859-1", None),
        (GERMAN, "cp1252", "iso-8859-1", None),
        (GERMAN, "cp1252", None, None),
        (GERMAN, "utf-8-sig", None, "iso-8859-1"),
        (GERMAN, "utf-16", None, None),
    ],
)
def test_declared_undeclared_and_wrongly_declared_charsets(text, codec, declared, header):
    assert text in decode(markup(text, declared).encode(codec), header=header)


def test_a_hint_decides_where_the_page_says_it_wrong():
    page = markup("Żółw łączy brzegi", "windows-1252").encode("cp1250")

    assert "Żółw łączy brzegi" in decode(page, hint="windows-1250")


def test_a_few_strange_bytes_do_not_spoil_a_page_in_utf8():
    page = markup(CHINESE, "utf-8").encode() + b"<p>caf\xe9</p>"

    text = decode(page)

    assert CHINESE in text
    assert "café" in text


@given(st.binary(max_size=600), st.sampled_from([None, "utf-8", "big5", "nonsense", "base64", "utf-7"]))
def test_any_bytes_become_text(raw, header):
    assert isinstance(decode(raw, header=header), str)
