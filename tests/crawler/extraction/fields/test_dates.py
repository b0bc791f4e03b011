"""Dates and times as printed: with an offset where one is said, never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.extraction.fields.dates import find_date, find_moment, is_date_line, read_machine_date

HKT = "Asia/Hong_Kong"


@pytest.mark.parametrize(
    "line",
    [
        "Jan 29, 2024, 07:00 ET",
        "Published on Wednesday, 30 September 2026 at 10:00 Eastern Daylight Time",
        "06.08.2026 / 07:30 CET/CEST",
        "6/22/2026 10:30:00 AM",
        "Donnerstag, 22. Juni 2026, 10:00 Uhr",
        "le 22 juin 2026 à 10h30",
        "2026年6月22日(月) 上午10:30",
        "2026년 6월 22일 (월) 10시 30분",
        "ngày 22 tháng 6 năm 2026",
        "22 июня 2026 г., 10:00",
        "22 June 2026, 10:00 Beijing Time",
        "2026年6月22日 下午3時30分（香港時間）",
        "Monday, 22 June 2026, 10:00 HKT/SGT",
        "22 juin 2026 à 10 h 30 HE",
        "2026-06-22T10:00:00Z",
        "June 22, 2026 | Updated June 23, 2026 09:00 GMT+8",
    ],
)
def test_a_line_of_nothing_but_a_date_and_a_time_is_known(line):
    assert is_date_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "Berlin, 22 June 2026",
        "The fair opens on 22 June 2026 at 10:00",
        "June 22, 2026: The gulls came back",
        "On June 22, 2026, at 10:00 am ET we will",
        "Q2 2026",
        "Room 7, 22 June 2026",
    ],
)
def test_a_line_that_says_more_than_a_date_is_none(line):
    assert not is_date_line(line)


@given(st.text(max_size=80))
def test_no_line_is_too_strange_to_be_asked_whether_it_is_a_date(line):
    assert is_date_line(line) in (True, False)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("issued on 3 March 2026", "2026-03-03"),
        ("Mar. 3rd, 2026", "2026-03-03"),
        ("3. März 2026", "2026-03-03"),
        ("1er février 2026", "2026-02-01"),
        ("3 de marzo de 2026", "2026-03-03"),
        ("ngày 3 tháng 3 năm 2026", "2026-03-03"),
        ("2026年3月3日", "2026-03-03"),
        ("２０２６年３月３日", "2026-03-03"),
        ("二〇二六年三月十三日", "2026-03-13"),
        ("2026년 3월 3일", "2026-03-03"),
        ("03.03.2026", "2026-03-03"),
        ("2026/03/03", "2026-03-03"),
        ("31 June 2026", None),
        ("4/6/2016", None),
        ("ngày 4/6/2016", "2016-06-04"),
        ("22/6/2016", "2016-06-22"),
        ("6/22/2016", "2016-06-22"),
        ("22 tháng sáu năm 2016", "2016-06-22"),
        ("22 Tháng Mười Hai 2016", "2016-12-22"),
        ("32/6/2016", None),
        ("in March 2026", None),
    ],
)
def test_a_printed_date_is_read_or_left_alone(text, day):
    found = find_date(text)

    assert (found.iso if found else None) == day


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("25 Apr, 2016, 03:39 ET", None, "2016-04-25T03:39:00-04:00"),
        ("January 25, 2016 3:39 PM EST", None, "2016-01-25T15:39:00-05:00"),
        ("02.05.2023 / 10:55 CET/CEST", None, "2023-05-02T10:55:00+02:00"),
        ("2 June 2025 at 9:00 a.m. HKT", None, "2025-06-02T09:00:00+08:00"),
        ("2 June 2025, 09:00 (GMT+8)", None, "2025-06-02T09:00:00+08:00"),
        ("2015年5月29日 03時35分", HKT, "2015-05-29T03:35:00+08:00"),
        ("2 June 2025 09:00", HKT, "2025-06-02T09:00:00+08:00"),
        ("2 June 2025 09:00", None, "2025-06-02"),
        ("2 June 2025 09:00 IST", HKT, "2025-06-02"),
        ("2 June 2025", HKT, "2025-06-02"),
        ("no date at all", HKT, None),
        ("22 June 2026, 10:00 Beijing Time", "America/New_York", "2026-06-22T10:00:00+08:00"),
        ("Jun 22, 2026, 07:00 ET", None, "2026-06-22T07:00:00-04:00"),
        ("Jan 22, 2026, 07:00 ET", None, "2026-01-22T07:00:00-05:00"),
        ("June 22, 2026 09:00 ET | Source: Gull Line", None, "2026-06-22T09:00:00-04:00"),
        ("June 22, 2026 09:00 AM Eastern Daylight Time", None, "2026-06-22T09:00:00-04:00"),
        ("June 22, 2026 9:00 AM EDT | Source: Gull", None, "2026-06-22T09:00:00-04:00"),
        ("Monday, 22 June 2026, 10:00 HKT/SGT", None, "2026-06-22T10:00:00+08:00"),
        ("22 June 2026 10:00 am (Hong Kong time)", None, "2026-06-22T10:00:00+08:00"),
        ("22 June 2026, 10:00 Beijing Time", None, "2026-06-22T10:00:00+08:00"),
        ("22 June 2026 10:00 UTC+8", None, "2026-06-22T10:00:00+08:00"),
        ("22 June 2026 10:00 (UTC +08:00)", None, "2026-06-22T10:00:00+08:00"),
        ("22 June 2026 at 10:00 BST", None, "2026-06-22T10:00:00+01:00"),
        ("22 June 2026 10.00 BST", None, "2026-06-22T10:00:00+01:00"),
        ("02.01.2023 / 10:55 CET/CEST", None, "2023-01-02T10:55:00+01:00"),
        ("22. Juni 2026, 10:00 Uhr MESZ", None, "2026-06-22T10:00:00+02:00"),
        ("22. Juni 2026, 10:00 Uhr (MESZ)", None, "2026-06-22T10:00:00+02:00"),
        ("22.06.2026 – 10:00", None, "2026-06-22"),
        ("le 22 juin 2026 à 10h30 HAE", None, "2026-06-22T10:30:00-04:00"),
        ("22 juin 2026 10:30 CEST", None, "2026-06-22T10:30:00+02:00"),
        ("22 juin 2026 à 10 h 30 HE", None, "2026-06-22T10:30:00-04:00"),
        ("22 de junio de 2026, 10:30 h CEST", None, "2026-06-22T10:30:00+02:00"),
        ("22 de junio de 2026 10:30 COT", None, "2026-06-22T10:30:00-05:00"),
        ("22 de junho de 2026 10h30 BRT", None, "2026-06-22T10:30:00-03:00"),
        ("22/06/2026 10:30 BRT", None, "2026-06-22T10:30:00-03:00"),
        ("22 tháng 6 năm 2026, 10:30 ICT", None, "2026-06-22T10:30:00+07:00"),
        ("2026年6月22日 10:30 (香港時間)", None, "2026-06-22T10:30:00+08:00"),
        ("2026年6月22日 上午10:30 HKT", None, "2026-06-22T10:30:00+08:00"),
        ("2026年6月22日 下午3時30分（香港時間）", None, "2026-06-22T15:30:00+08:00"),
        ("2026-06-22 10:30 北京时间", None, "2026-06-22T10:30:00+08:00"),
        ("2026年6月22日 10時30分 JST", None, "2026-06-22T10:30:00+09:00"),
        ("2026年6月22日 午後3時30分（日本時間）", None, "2026-06-22T15:30:00+09:00"),
        ("2026년 6월 22일 오전 10시 30분 KST", None, "2026-06-22T10:30:00+09:00"),
        ("2026년 6월 22일 10:30 (한국시간)", None, "2026-06-22T10:30:00+09:00"),
        ("06/22/2026 10:30 AM EDT", None, "2026-06-22T10:30:00-04:00"),
        ("Tuesday Nov 21, 2023 @ 6:00 PM Eastern", None, "2023-11-21T18:00:00-05:00"),
        ("08:30 ET, June 22, 2026", None, "2026-06-22T08:30:00-04:00"),
        ("June 22, 2026 08:30 HST", None, "2026-06-22T08:30:00-10:00"),
        ("June 22, 2026 08:30 CST", None, "2026-06-22"),
        ("June 22, 2026 08:30 Central Time", None, "2026-06-22T08:30:00-05:00"),
        ("June 22, 2026 12:01 a.m. PT", None, "2026-06-22T00:01:00-07:00"),
        ("June 22, 2026 12:00 noon ET", None, "2026-06-22T12:00:00-04:00"),
        ("June 22, 2026", None, "2026-06-22"),
        ("22 June 2026 15:00 GST", None, "2026-06-22T15:00:00+04:00"),
        ("22 June 2026 15:00 IST", None, "2026-06-22"),
        ("22 June 2026 15:00 SGT", None, "2026-06-22T15:00:00+08:00"),
        ("22 June 2026 15:00 AEST", None, "2026-06-22T15:00:00+10:00"),
        ("22 June 2026 15:00 NZST", None, "2026-06-22T15:00:00+12:00"),
        ("22 June 2026 15:00 London time", None, "2026-06-22T15:00:00+01:00"),
        ("22 June 2026 15:00 WIB", None, "2026-06-22T15:00:00+07:00"),
        ("22 June 2026 15:00 Z", None, "2026-06-22T15:00:00+00:00"),
    ],
    ids=lambda value: str(value),
)
def test_a_moment_has_the_zone_that_is_printed_else_that_of_the_source_else_it_is_a_date(text, zone, moment):
    assert find_moment(text, zone) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-04-25T03:39:00-04:00", "2016-04-25T03:39:00-04:00"),
        ("2016-04-25T03:39:00.000Z", "2016-04-25T03:39:00+00:00"),
        ("2016-04-25T03:39:00+0800", "2016-04-25T03:39:00+08:00"),
        ("2016-04-25T03:39:00", "2016-04-25"),
        ("2016-04-25", "2016-04-25"),
        ("Fri, 02 Oct 2026 18:06 GMT", "2026-10-02T18:06:00+00:00"),
        ("2016-13-25T03:39:00Z", None),
        ("4/6/2016 4:00:00 PM", None),
    ],
)
def test_dates_for_machines_are_read_without_guessing(text, moment):
    assert read_machine_date(text) == moment


@given(st.text(max_size=200), st.sampled_from([None, HKT]))
def test_any_text_has_a_moment_or_none(text, zone):
    moment = find_moment(text, zone)

    assert moment is None or len(moment) == 10 or moment[19:] != ""
