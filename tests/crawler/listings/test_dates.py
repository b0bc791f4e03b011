"""Printed dates are found, and told only without guessing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.listings.dates import feed_moment, find_dates, may_hold_date, read_date

HONG_KONG = ZoneInfo("Asia/Hong_Kong")


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("Nov 22, 2026, 09:00 ET", "2026-11-22T09:00:00-05:00"),
        ("Jul 22, 2026, 09:00 ET", "2026-07-22T09:00:00-04:00"),
        ("25 Apr, 2016, 03:39 ET", "2016-04-25T03:39:00-04:00"),
        ("06.08.2026 / 07:30 CET/CEST", "2026-08-06T07:30:00+02:00"),
        ("Wednesday, February 11th, 2026 at 4:05 p.m. EST", "2026-02-11T16:05:00-05:00"),
        ("2026/02/11 15:00 (UTC+8)", "2026-02-11T15:00:00+08:00"),
        ("2026-02-11T09:00:00+08:00", "2026-02-11T09:00:00+08:00"),
        ("09:00 ET, Feb 11, 2026", "2026-02-11T09:00:00-05:00"),
        ("11 February 2026", "2026-02-11"),
        ("11. März 2026", "2026-03-11"),
        ("11.02.2026", "2026-02-11"),
        ("le 1er février 2026", "2026-02-01"),
        ("11 de febrero de 2026", "2026-02-11"),
        ("2026年2月11日", "2026-02-11"),
        ("2026년 2월 11일", "2026-02-11"),
        ("2026.02.11", "2026-02-11"),
        ("14/03/2026", "2026-03-14"),
        ("03/14/2026", "2026-03-14"),
        ("05/05/2026", "2026-05-05"),
        ("03/04/2026", None),
        ("31/02/2026", None),
        ("2 hours ago", None),
        ("vor 3 Stunden", None),
        ("3小时前", None),
        ("Feb 11", None),
        ("11 Feb 2026 10:00 CST", "2026-02-11"),
        ("11 Feb 2026 10:00", "2026-02-11"),
        ("Q1 2026 Results", None),
        ("no date at all", None),
        ("2026. 12. 1. 오후 3:05", "2026-12-01"),
        ("Τρι, 01 Δεκ 2026 09:00 EET", "2026-12-01T09:00:00+02:00"),
        ("15/12/2026 2:05 μ.μ. EET", "2026-12-15T14:05:00+02:00"),
        ("07 أكتوبر 2026 - 12:09 م", "2026-10-07"),
        ("2026년 12월 1일 오후 2시 5분 KST", "2026-12-01T14:05:00+09:00"),
        ("1 de diciembre de 2026, 2:05 p. m. CET", "2026-12-01T14:05:00+01:00"),
        ("1 ธันวาคม 2569", "2026-12-01"),
        ("1 ธ.ค. 2569 14:05 น.", "2026-12-01"),
        ("๑ ธันวาคม ๒๕๖๙", "2026-12-01"),
        ("15/12/2569", "2026-12-15"),
        ("on May 4, 2569 employees", None),
        ("民國115年12月1日", "2026-12-01"),
        ("115年12月1日", "2026-12-01"),
        ("令和8年12月1日", "2026-12-01"),
        ("令和元年12月1日", "2019-12-01"),
        ("20261201T090000Z", "2026-12-01T09:00:00+00:00"),
        ("1796115600", "2026-12-01T09:00:00+00:00"),
        ("1796115600000", "2026-12-01T09:00:00+00:00"),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("1900-01-01", None),
        ("2000-01-01T00:00:00Z", None),
        ("2000-01-01T10:05:00Z", "2000-01-01T10:05:00+00:00"),
    ],
)
def test_a_printed_date_is_told_without_guessing(printed: str, moment: str | None) -> None:
    assert read_date(printed) == moment


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("2026年2月11日 下午3:05", "2026-02-11T15:05:00+08:00"),
        ("2015年5月29日 03時35分", "2015-05-29T03:35:00+08:00"),
        ("11.02.2026, 10:30 Uhr", "2026-02-11T10:30:00+08:00"),
        ("12:10 AM 11 Feb 2026", "2026-02-11T00:10:00+08:00"),
        ("11 Feb 2026 10:00 CST", "2026-02-11T10:00:00+08:00"),
        ("11 Feb 2026 10:00 GMT", "2026-02-11T10:00:00+00:00"),
    ],
)
def test_a_local_time_is_in_the_sources_zone(printed: str, moment: str) -> None:
    assert read_date(printed, HONG_KONG) == moment


@pytest.mark.parametrize(("order", "moment"), [("dmy", "2026-04-03"), ("mdy", "2026-03-04")])
def test_an_order_that_is_known_settles_a_numeric_date(order: str, moment: str) -> None:
    assert read_date("03/04/2026", order=order) == moment  # type: ignore[arg-type]


def test_dates_are_found_where_they_stand() -> None:
    text = "HONG KONG | 11 February 2026 | Corporate, updated 2 hours ago"
    assert [(text[one.start : one.end].strip(" |"), one.raw) for one in find_dates(text)] == [
        ("11 February 2026", "11 February 2026"),
        ("2 hours ago", "2 hours ago"),
    ]


@settings(deadline=None)  # a shared core stalls now and then
@given(st.text(max_size=300))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    found = find_dates(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    read_date(text, HONG_KONG)
    if found and len(text) <= 60:
        assert may_hold_date(text)


@settings(deadline=None)  # a shared core stalls now and then
@given(
    st.datetimes(
        min_value=__import__("datetime").datetime(1990, 1, 1), max_value=__import__("datetime").datetime(2099, 1, 1)
    )
)
def test_every_day_survives_its_common_printings(moment: object) -> None:
    day = f"{moment:%Y-%m-%d}"
    for form in ("%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%d.%m.%Y", "%Y/%m/%d", "%Y年%m月%d日", "%A, %d %b %Y %H:%M"):
        assert read_date(format(moment, form)) == day


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("Tue, 01 Dec 2026 02:05:00 PM GMT", "2026-12-01T14:05:00+00:00"),
        ("Tue, 01 Dec 2026 12:05:00 AM +0800", "2026-12-01T00:05:00+08:00"),
        ("Tue, 01 Dec 2026 09:00:00 +08:00", "2026-12-01T09:00:00+08:00"),
        ("Tue, 01 Dec 2026 09:00:00 GMT+8", "2026-12-01T09:00:00+08:00"),
        ("Tue, 01 Dec 2026 09:00:00 GMT+0800", "2026-12-01T09:00:00+08:00"),
        ("1 December 2026 09:00 (GMT+8)", "2026-12-01T09:00:00+08:00"),
        ("Tue, 01 Dec 2026 09:00:00 +0000 (UTC)", "2026-12-01T09:00:00+00:00"),
        ("Tue, 01 Dec 2026 09:00:00 HKT", "2026-12-01T09:00:00+08:00"),
        ("Tue, 01 Dec 2026", "2026-12-01"),
        ("1796115600", "2026-12-01T09:00:00+00:00"),
        ("1796115600000", "2026-12-01T09:00:00+00:00"),
        ("12", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_a_feeds_date_keeps_its_half_of_the_day_and_its_offset_and_none_is_invented(
    printed: str, moment: str | None
) -> None:
    parsed = feedparser.datetimes._parse_date(printed)
    assert feed_moment(printed, parsed) == moment
