"""A page reads the same in whatever charset it comes, and whatever it says of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.source_settings import ReleaseHints
from crawler.extraction import extract_release
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


VIETNAMESE = "Công viên Hải Đăng hôm nay cho biết sẽ đưa mười một công ty rô-bốt đến hội chợ mùa xuân tại Lisbon."
POLISH = "Stocznia przekazała miastu pierwszy prom elektryczny, który ładuje się przy nabrzeżu w siedem minut."
GREEK = "Το ναυπηγείο παρέδωσε στην πόλη το πρώτο ηλεκτρικό πλοίο, που φορτίζει στην προβλήτα σε επτά λεπτά."
TURKISH = "Tersane, iskelede yedi dakikada şarj olan ilk elektrikli feribotu bugün şehre teslim ettiğini açıkladı."
HEBREW = "המספנה מסרה לעיר את המעבורת החשמלית הראשונה, הנטענת ברציף בתוך שבע דקות בלבד."
ARABIC = "سلّم حوض بناء السفن إلى المدينة أول عبّارة كهربائية تُشحن عند الرصيف في سبع دقائق فقط."
THAI = "อู่ต่อเรือส่งมอบเรือข้ามฟากไฟฟ้าลำแรกให้แก่เมืองแล้ว โดยชาร์จไฟที่ท่าเรือได้ภายในเจ็ดนาที"
RARE = "海燈科技園的𠮷野先生今日宣布，園區將率領十一家機械人企業前往里斯本參加春季展覽會，並展示研發成果。"


def release_page(text: str, meta: str) -> str:
    body = "".join(f"<p>{number}: {text}</p>" for number in range(1, 6))
    return (
        f"<html><head>{meta}<title>{text[:24]}</title></head><body><h1>{text[:24]}</h1><div>{body}</div></body></html>"
    )


@pytest.mark.parametrize(
    ("text", "codec", "declared", "header"),
    [
        (CHINESE, "utf-8", "utf-8", None),
        (CHINESE, "big5hkscs", "big5", None),
        (CHINESE, "big5", None, "Big5"),
        (CHINESE, "big5", None, None),
        (CHINESE, "big5", "utf-8", None),
        (SIMPLIFIED, "gb18030", "gb18030", None),
        (SIMPLIFIED, "gbk", "gb2312", None),
        (SIMPLIFIED, "gb2312", "iso-8859-1", "iso-8859-1"),
        (RARE, "gb18030", "gb2312", None),
        (JAPANESE, "shift_jis", "shift_jis", None),
        (JAPANESE, "cp932", None, "windows-31j"),
        (JAPANESE, "shift_jis", "utf-8", "utf-8"),
        (JAPANESE, "euc_jp", None, None),
        (KOREAN, "euc_kr", "euc-kr", None),
        (KOREAN, "cp949", "ks_c_5601-1987", None),
        (KOREAN, "euc_kr", "utf-8", None),
        (POLISH, "cp1250", "windows-1250", None),
        (RUSSIAN, "cp1251", None, "windows-1251"),
        (GERMAN, "cp1252", "iso-8859-1", None),
        (GERMAN, "cp1252", "utf-8", "utf-8"),
        (GERMAN, "utf-8", "iso-8859-1", "iso-8859-1"),
        (GREEK, "cp1253", "windows-1253", None),
        (TURKISH, "cp1254", "iso-8859-9", None),
        (HEBREW, "cp1255", "windows-1255", None),
        (ARABIC, "cp1256", "windows-1256", None),
        (VIETNAMESE, "utf-8", "windows-1258", None),
        (THAI, "cp874", "windows-874", None),
        (GERMAN, "utf-16", "utf-16", None),
    ],
)
def test_a_release_reads_the_same_in_whatever_charset_it_comes(text, codec, declared, header):
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={declared}">' if declared else ""

    release = extract_release(release_page(text, meta).encode(codec), header_charset=header)

    assert release.body == tuple(f"{number}: {text}" for number in range(1, 6))
    assert release.headline == text[:24].strip()


def test_a_hint_of_the_source_wins_over_what_the_page_says():
    raw = release_page(POLISH, '<meta charset="windows-1252">').encode("cp1250")

    assert extract_release(raw, hints=ReleaseHints(encoding="windows-1250")).body[0] == f"1: {POLISH}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Salt &amp; rope &mdash; &ldquo;light&rdquo; for &euro;5", "Salt & rope — “light” for €5"),
        ("Salt &#38; rope &#x2014; &#8220;light&#8221;", "Salt & rope — “light”"),
        ("Salt &#150; rope &#147;light&#148;", "Salt – rope “light”"),
        ("Salt\u200b and\u00ad rope\ufeff", "Salt and rope"),
        ("Salt\u00a0and\u2009rope\u3000by night", "Salt and rope by night"),
        ("Salt\x00 and\x07 rope\x1b", "Salt and rope"),
        ("\u200fSalt\u200e \u202band\u202c \u2067rope\u2069", "Salt and rope"),
        ("Cafe\u0301 am Ufer", "Café am Ufer"),
        ("Salt &amp;amp; rope", "Salt &amp; rope"),
    ],
    ids=["entities", "numbers", "windows-1252", "zero-width", "spaces", "controls", "directions", "combining", "once"],
)
def test_what_cannot_be_seen_is_not_in_the_text(written, read):
    ending = " are what the barges of the Gull Line carried up the river last night, said the harbour master."
    raw = release_page("", "").replace("<h1></h1>", "<h1>Gull Line sails</h1>")
    body = "".join(f"<p>{number}. {written}{ending}</p>" for number in range(1, 5))

    release = extract_release(raw.replace("<div>", f"<div>{body}").encode())

    assert release.body[0] == f"1. {read}{ending}"


def test_joiners_that_letters_need_stay():
    persian = "می\u200cرود و می\u200cآید"
    body = "".join(f"<p>{persian} {number}: کشتی‌ها هر شب نمک و طناب را از رودخانه بالا می‌برند و نامه‌ها را هم می‌آورند.</p>" for number in range(5))  # fmt: skip  # noqa: E501

    release = extract_release(f"<html><body><h1>کشتی‌ها شب‌ها می‌روند و می‌آیند</h1><div>{body}</div></body></html>")

    assert release.body[0].startswith(persian)
