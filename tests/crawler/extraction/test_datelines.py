"""Every form of dateline that the wires print; nothing where there is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.datelines import find_dateline

MOR = "Media OutReach Newswire"
FORMS = {
    "HONG KONG SAR - Media OutReach Newswire - 22 June 2026 - Gulls": ("HONG KONG SAR", MOR, "2026-06-22"),
    "COLOMBO, SRI LANKA- Media OutReach Newswire – 22 June 2026 – Gulls": ("COLOMBO, SRI LANKA", MOR, "2026-06-22"),
    "HONG KONG / PARIS, FRANCE - Media OutReach Newswire - 22 June 2026 - Gulls": (
        "HONG KONG / PARIS, FRANCE",
        MOR,
        "2026-06-22",
    ),
    "BOSTON--(BUSINESS WIRE)--Gulls": ("BOSTON", "Business Wire", None),
    "BOSTON--(BUSINESS WIRE)--Aug 29, 2024--Gulls": ("BOSTON", "Business Wire", "2024-08-29"),
    "PALO ALTO, Calif., April 25, 2016 /PRNewswire/ -- Gulls": ("PALO ALTO, Calif.", "PR Newswire", "2016-04-25"),
    "TOKYO, June 2, 2020 /PRNewswire-AsiaNet / -- Gulls": ("TOKYO", "PR Newswire", "2020-06-02"),
    "TOKYO, Jan. 5 /Kyodo JBN-AsiaNet/ -- Gulls": ("TOKYO", "Kyodo News PR Wire", None),
    "WINNIPEG, Manitoba, Dec.  03, 2019  (GLOBE NEWSWIRE) -- Gulls": (
        "WINNIPEG, Manitoba",
        "GlobeNewswire",
        "2019-12-03",
    ),
    "SAN FRANCISCO, CA--(Marketwired - April 06, 2016) - Gulls": ("SAN FRANCISCO, CA", "Marketwired", "2016-04-06"),
    "NEW YORK / ACCESSWIRE / Oct 5, 2026 / Gulls": ("NEW YORK", "ACCESS Newswire", "2026-10-05"),
    "Vancouver, British Columbia--(Newsfile Corp. - June 2, 2025) - Gulls": (
        "Vancouver, British Columbia",
        "Newsfile",
        "2025-06-02",
    ),
    "YERINGTON, NV, March 08, 2024 /24-7PressRelease/ -- Gulls": ("YERINGTON, NV", "24-7 Press Release", "2024-03-08"),
    "TORONTO, Ontario - (NewMediaWire) - November 12, 2024 - Gulls": ("TORONTO, Ontario", "NewMediaWire", "2024-11-12"),
    "PLEASANTON, CA - October 2, 2025 (NEWMEDIAWIRE) - Gulls": ("PLEASANTON, CA", "NewMediaWire", "2025-10-02"),
    "LOS ANGELES, CA — October 14, 2025 — (NOTICIAS NEWSWIRE) — Gulls": (
        "LOS ANGELES, CA",
        "Noticias Newswire",
        "2025-10-14",
    ),
    "Salt Lake City, UT (Newsworthy.ai) Tuesday Nov 21, 2023 @ 6:00 PM Eastern — Gulls": (
        "Salt Lake City, UT",
        "Newsworthy.ai",
        "2023-11-21",
    ),
    "WIESBADEN, GERMANY - EQS Newswire - 18 February 2026 - Gulls": (
        "WIESBADEN, GERMANY",
        "EQS Newswire",
        "2026-02-18",
    ),
    "HONG KONG, Jun 22, 2026 - (ACN Newswire) - Gulls": ("HONG KONG", "ACN Newswire", "2026-06-22"),
    "HONG KONG SAR - Harbour Line Newswire - 22 June 2026 - Gulls": (
        "HONG KONG SAR",
        "Harbour Line Newswire",
        "2026-06-22",
    ),
    "SINGAPORE - Tidings - 22 June 2026 - Gulls": ("SINGAPORE", "Tidings", "2026-06-22"),
    "SALT HILL - WHITE QUAY, BC, June 22, 2026 -- Gulls": ("SALT HILL - WHITE QUAY, BC", None, "2026-06-22"),
    "OSTRAVA, Nov. 22, 2026 /Pressline/ -- Gulls": ("OSTRAVA", "Pressline", "2026-11-22"),
    "OSTRAVA, November 22, 2026 (Gull & Tern) -- Gulls": ("OSTRAVA", "Gull & Tern", "2026-11-22"),
    "OSTRAVA--(GULL AND TERN)--Gulls": ("OSTRAVA", "GULL AND TERN", None),
    "上海2023年5月20日 /海鸥社/ -- 海鸥": ("上海", "海鸥社", "2023-05-20"),
    "LONDON, March 3 (Reuters) - Gulls": ("LONDON", "Reuters", None),
    "Toronto, ON - August 26, 2024 - Gulls": ("Toronto, ON", None, "2024-08-26"),
    "June 22, 2026 – NEW YORK – Gulls": ("NEW YORK", None, "2026-06-22"),
    "Berlin, 22. Juni 2026 – Möwen": ("Berlin", None, "2026-06-22"),
    "München, den 22. Juni 2026. Möwen": ("München", None, "2026-06-22"),
    "Hamburg (ots) - Möwen": ("Hamburg", "news aktuell", None),
    "PARIS, le 22 juin 2026 - Les mouettes": ("PARIS", None, "2026-06-22"),
    "MONTRÉAL, 22 juin 2026 (GLOBE NEWSWIRE) -- Les mouettes": ("MONTRÉAL", "GlobeNewswire", "2026-06-22"),
    "MADRID, 22 de junio de 2026 /PRNewswire/ -- Las gaviotas": ("MADRID", "PR Newswire", "2026-06-22"),
    "Madrid, 22 de junio de 2026.- Las gaviotas": ("Madrid", None, "2026-06-22"),
    "SÃO PAULO, 22 de junho de 2026 /PRNewswire/ -- As gaivotas": ("SÃO PAULO", "PR Newswire", "2026-06-22"),
    "HÀ NỘI, VIỆT NAM - Media OutReach Newswire - Ngày 22 tháng 6 năm 2026 - Chim": (
        "HÀ NỘI, VIỆT NAM",
        MOR,
        "2026-06-22",
    ),
    "香港 - Media OutReach Newswire - 2026年6月22日 - 海鷗": ("香港", MOR, "2026-06-22"),
    "上海2023年5月20日 /美通社/ -- 海鸥": ("上海", "PR Newswire", "2023-05-20"),
    "北京, 2026年6月22日 - (亞太商訊) - 海鷗": ("北京", "ACN Newswire", "2026-06-22"),
    "（香港，2026年6月22日）海鷗": ("香港", None, "2026-06-22"),
    "【東京2026年6月22日】カモメ": ("東京", None, "2026-06-22"),
    "2026年6月22日 東京 - カモメ": ("東京", None, "2026-06-22"),
    "서울, 2026년 6월 22일 /PRNewswire/ -- 갈매기": ("서울", "PR Newswire", "2026-06-22"),
    "홍콩 - Media OutReach Newswire - 2026년 6월 22일 - 갈매기": ("홍콩", MOR, "2026-06-22"),
}
NONE = [
    "The ferry line - founded on June 22, 2010 - sails at night",
    "In Paris on June 22, 2010, the gulls came back",
    "On 22 June 2026, the park opened its gates",
    "23 June 2026 - Our annual report is out",
    "Sales rose by a third - June 22, 2026 - Ferry Lines",
    "By Susan Harbour",
    "Research Highlights:",
    "Ferry Lines (Gulls) -- a play in three acts, first given on June 22, 2026",
    "On June 22, 2026 (Monday) - the day of the gulls - the harbour was closed",
    "The harbour master--(Ada Tern)--was there",
    "He wrote to Ada Tern, June 22, 2026, (see Appendix) and waited for the gulls",
    "* The gulls (NYSE: GULL) came back to the harbour, said the wardens",
]


@pytest.mark.parametrize("text", FORMS, ids=lambda text: text[:40])
def test_place_wire_and_date_are_read_and_the_text_begins_behind_them(text):
    found = find_dateline(text)

    assert found is not None
    assert (found.dateline.place, found.dateline.wire, found.dateline.date) == FORMS[text]
    assert text[found.end :] in {
        "Gulls",
        "Möwen",
        "Les mouettes",
        "Las gaviotas",
        "As gaivotas",
        "Chim",
        "海鷗",
        "海鸥",
        "カモメ",
        "갈매기",
    }


@pytest.mark.parametrize("text", NONE, ids=lambda text: text[:40])
def test_no_dateline_is_seen_where_there_is_none(text):
    assert find_dateline(text) is None


@given(st.text(max_size=400))
def test_any_text_has_a_dateline_within_it_or_none(text):
    found = find_dateline(text)

    assert found is None or 0 < found.end <= len(text)
