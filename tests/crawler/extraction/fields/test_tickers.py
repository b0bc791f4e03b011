"""Where the companies of a release are listed, as each wire and each country prints it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction import extract_release
from crawler.extraction.fields.tickers import find_tickers, is_isin

URL = "https://ledger.example/business/7-story"


@pytest.mark.parametrize(
    ("text", "tickers"),
    {
        "Gull Line (NASDAQ: GULL) sails": ("NASDAQ:GULL",),
        "Gull Line (Nasdaq:GULL) sails": ("NASDAQ:GULL",),
        "Gull Line (NYSE: GLL; TSX: GUL)": ("NYSE:GLL", "TSX:GUL"),
        "Gull Line (TSX and NYSE: GLL)": ("TSX:GLL", "NYSE:GLL"),
        "Gull Line (NASDAQ/TASE: GULL)": ("NASDAQ:GULL", "TASE:GULL"),
        "Gull Line (NASDAQ: GULL, GULLW)": ("NASDAQ:GULL", "NASDAQ:GULLW"),
        "Gull Line (NYSE: GLL.A, GLL.B)": ("NYSE:GLL.A", "NYSE:GLL.B"),
        "Gull Line (NYSE American: GLL)": ("NYSE AMERICAN:GLL",),
        "Gull Line (“NYSE”: GLL)": ("NYSE:GLL",),
        "Gull Line (TSXV: GUL)(OTCQB: GULLF)": ("TSXV:GUL", "OTCQB:GULLF"),
        "Gull Line (TSX.V: GUL) (OTC Pink: GULLF) (FSE: 9G1)": ("TSXV:GUL", "OTC PINK:GULLF", "FSE:9G1"),
        "Gull Line is listed on the NYSE under the ticker symbol “GLL”.": ("NYSE:GLL",),
        "Gull Line SA (Euronext Paris: GULL)": ("EURONEXT PARIS:GULL",),
        "Gull Line AB (Nasdaq Stockholm: GULL B)": ("STO:GULL B",),
        "Gull Line AG (SIX: GULN)": ("SIX:GULN",),
        "Gull Line plc (LSE: GULL)": ("LSE:GULL",),
        "Gull Line (ASX: GUL, OTCQX: GULLF)": ("ASX:GUL", "OTCQX:GULLF"),
        "Gull Line (NSE: GULL, BSE: 500209)": ("NSE:GULL", "BSE:500209"),
        "Gull Line Berhad (Bursa Malaysia stock code: 1155)": ("BURSA:1155",),
        "Gull Line (SGX: D05)": ("SGX:D05",),
        "Gull Line (HOSE: GUL)": ("HOSE:GUL",),
        "Gull Line (B3: GULL3)": ("B3:GULL3",),
        "Gull Line (HKEX: 0700)": ("HKEX:0700",),
        "Gull Line (HKEX: 700)": ("HKEX:0700",),
        "Gull Line (00700.HK)": ("HKEX:0700",),
        "Gull Line, SEHK stock code 0700, sails": ("HKEX:0700",),
        "Gull Line (Stock Code: 0700) sails": ("HKEX:0700",),
        "Gull Line of Hong Kong (Stock Code: 9888 (HKD counter) and 89888 (RMB counter))": ("HKEX:9888", "HKEX:89888"),
        "海鷗航運（股份代號：0700）今日宣布": ("HKEX:0700",),
        "海鷗航運（香港交易所股份代號：700）": ("HKEX:0700",),
        "海鸥航运（港交所：0700；上交所：600519）": ("HKEX:0700", "SSE:600519"),
        "海鸥航运（股票代码：000001）": ("SZSE:000001",),
        "海鷗航運（臺灣證券交易所：2330）": ("TWSE:2330",),
        "カモメ汽船株式会社（証券コード：7203）": ("TSE:7203",),
        "カモメ汽船（東証プライム：7203）": ("TSE:7203",),
        "갈매기해운 (KRX: 005930)": ("KRX:005930",),
        "갈매기해운(코스닥: 123456)": ("KOSDAQ:123456",),
        "$GULL sails tonight": ("$GULL",),
        "Gull Line ($GULL) (NASDAQ: GULL)": ("NASDAQ:GULL",),
        "Möwenlinie AG (ISIN: DE0005140008)": ("ISIN:DE0005140008",),
        "| ISIN: | DE0005140008, US0378331005 |": ("ISIN:DE0005140008", "ISIN:US0378331005"),
    }.items(),
)
def test_a_ticker_has_the_exchange_that_is_printed(text, tickers):
    assert find_tickers([text]) == tickers


@pytest.mark.parametrize(
    "text",
    [
        "Note: THIS is the aim: TO sail; a set: A, B and C",
        "The six: A, B, C, D, E and F",
        "The fare is US$ABC, HK$25 or $25 million, $USD and $MM",
        "Call 10:30 AM, see page NYSE",
        "Gull Line closed above the Nasdaq: 2021 was its best year",
        "A pier of four digits (Stock Code: 2330) in nobody knows which harbour",
        "海鷗航運（股票代號：2330）",
        "ISIN: DE0005140009",
        "Barge number DE0005140008",
        "(NYSE: a harbour)",
    ],
)
def test_what_only_looks_like_a_ticker_is_none(text):
    assert find_tickers([text]) == ()


def test_of_two_companies_in_brackets_the_second_has_its_own_exchange():
    assert find_tickers(["Gull (NASDAQ: GULL, NYSE: TERN) and IBN"]) == ("NASDAQ:GULL", "NYSE:TERN")


def page(tail: str, head: str = "") -> str:
    text = "".join(
        f"<p>Barge number {number} of the Gull Line (HKEX: 0700) carried salt, rope and two hundred letters last night.</p>"  # noqa: E501
        for number in range(1, 8)
    )
    return (
        f"<html><head><title>Gull Line sails at night</title>{head}</head><body><article>"
        f"<h1>Gull Line sails at night</h1><div>{text}{tail}</div></article><aside><h3>Markets</h3><p>Tern Works (NYSE: TERN) rises</p>"  # noqa: E501
        "<p>ISIN: US0378331005</p><ul><li><a href='/4'>Heron (NASDAQ: HRN) launches a barge</a></li></ul></aside></body></html>"  # noqa: E501
    )


def test_tickers_of_a_sidebar_are_not_the_releases():
    assert extract_release(page(""), URL).tickers == ("HKEX:0700",)


def test_the_table_at_the_end_of_an_ad_hoc_release_names_its_isin():
    tail = (
        "<p>End of Inside Information</p><table><tr><td>Language:</td><td>English</td></tr>"
        "<tr><td>Company:</td><td>Gull Line AG</td></tr><tr><td>ISIN:</td><td>DE0005140008</td></tr>"
        "<tr><td>EQS News ID:</td><td>1621957</td></tr></table>"
    )

    release = extract_release(page(tail), URL)

    assert release.tickers == ("HKEX:0700", "ISIN:DE0005140008")
    assert "ISIN" not in release.text
    assert (release.wire, release.wire_id) == ("EQS News", "1621957")


def test_the_head_of_a_page_names_the_ticker_too():
    assert extract_release(page("", '<meta name="ticker" content="Nasdaq:GULL">'), URL).tickers == (
        "HKEX:0700",
        "NASDAQ:GULL",
    )


@pytest.mark.parametrize("code", ["DE0005140008", "US0378331005", "GB0002634946", "AT0000A25NJ6"])
def test_an_isin_is_known_by_its_check_digit(code):
    assert is_isin(code)
    assert not any(is_isin(code[:-1] + other) for other in "0123456789" if other != code[-1])


@given(st.text(alphabet="NYSE:($)（）：, AB0123股份代號ISIN.HK"))
def test_any_line_has_tickers_or_none(text):
    assert all(":" in name or name.startswith("$") for name in find_tickers([text]))
