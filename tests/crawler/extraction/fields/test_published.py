"""When a release was published: the printed time in ten languages, what the head says, and never a guess."""

from __future__ import annotations

import pytest

from config.source_settings import ReleaseHints
from crawler.extraction import extract_release

URL = "https://ledger.example/business/7-story"
TEXT = "".join(
    f"<p>Barge number {number} of the Gull Line carried salt, rope and two hundred letters up the river last night.</p>"
    for number in range(1, 8)
)


def page(line: str = "", head: str = "", opening: str = "") -> str:
    return (
        f"<html><head><title>Gull Line sails at night | Ledger</title>{head}</head><body><h1>Gull Line sails at night</h1>"  # noqa: E501
        f"{line and f'<p>{line}</p>'}<div class='text'>{opening and f'<p>{opening}</p>'}{TEXT}</div></body></html>"
    )


@pytest.mark.parametrize(
    ("line", "published"),
    {
        "22 June 2026, 09:00 HKT/SGT": "2026-06-22T09:00:00+08:00",
        "June 22, 2026 09:00 ET | Source: Gull Line": "2026-06-22T09:00:00-04:00",
        "June 22, 2026 09:00 AM Eastern Daylight Time": "2026-06-22T09:00:00-04:00",
        "22.06.2026 / 09:00 CET/CEST": "2026-06-22T09:00:00+02:00",
        "22. Juni 2026, 9:00 Uhr MESZ": "2026-06-22T09:00:00+02:00",
        "le 22 juin 2026 à 9h00 HAE": "2026-06-22T09:00:00-04:00",
        "22 de junio de 2026, 09:00 CEST": "2026-06-22T09:00:00+02:00",
        "22 de junho de 2026, 9h00 BRT": "2026-06-22T09:00:00-03:00",
        "Ngày 22 tháng 6 năm 2026, 09:00 ICT": "2026-06-22T09:00:00+07:00",
        "2026年6月22日 上午9:00（香港時間）": "2026-06-22T09:00:00+08:00",
        "2026年6月22日 09:00 北京时间": "2026-06-22T09:00:00+08:00",
        "2026年6月22日 09時00分 JST": "2026-06-22T09:00:00+09:00",
        "2026년 6월 22일 오전 9시 00분 KST": "2026-06-22T09:00:00+09:00",
        "22 June 2026, 09:00": "2026-06-22",
        "22 June 2026, 09:00 IST": "2026-06-22",
        "22 June 2026": "2026-06-22",
        "22. Juni 2026": "2026-06-22",
        "22 juin 2026": "2026-06-22",
        "22 de junio de 2026": "2026-06-22",
        "22 de junho de 2026": "2026-06-22",
        "Ngày 22 tháng 6 năm 2026": "2026-06-22",
        "2026年6月22日": "2026-06-22",
        "2026년 6월 22일": "2026-06-22",
    }.items(),
)
def test_a_printed_time_has_its_printed_zone_and_a_date_stays_a_date(line, published):
    release = extract_release(page(line), URL)

    assert release.published_at == published
    assert len(release.body) == 7


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("22 June 2026, 09:00", "2026-06-22T09:00:00+08:00"),
        ("22 June 2026, 09:00 ET", "2026-06-22T09:00:00-04:00"),
        ("22 June 2026, 09:00 New York time", "2026-06-22T09:00:00-04:00"),
        ("22 June 2026", "2026-06-22"),
    ],
)
def test_the_sources_zone_counts_only_for_a_time_without_one(line, published):
    assert extract_release(page(line), URL, ReleaseHints(timezone="Asia/Hong_Kong")).published_at == published


def test_linked_data_with_keys_in_the_wrong_case_and_dates_in_the_us_order_leaves_the_word_to_the_time_element():
    head = (
        '<meta name="DC.date.issued" content="4/6/2016"><meta property="og:article:published_time" content="4/6/2016 4:00:00 PM">'  # noqa: E501
        '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle", '
        '"mainEntityOfPage": {"@type": "WebPage", "id": "https://ledger.example/7"}, "Headline": "Gull Line sails at night",'  # noqa: E501
        '"DatePublished": "4/6/2016", "DateModified": "4/6/2016", "Description": "x"}</script>'
    )
    time = '<time datetime="2016-04-06T20:00:00Z">April 06, 2016 16:00 ET</time>'

    assert extract_release(page(time, head), URL).published_at == "2016-04-06T16:00:00-04:00"
    assert extract_release(page("April 06, 2016 16:00 ET", head), URL).published_at == "2016-04-06T16:00:00-04:00"
    assert extract_release(page("", head), URL).published_at is None


def test_the_dateline_says_the_day_where_nothing_else_does():
    opening = (
        "GULLHAVEN, June 22, 2026 /Tidings/ -- The Gull Line sails at night from the first of May, its master said."
    )

    assert extract_release(page(opening=opening), URL).published_at == "2026-06-22"


def test_midnight_sharp_gives_way_to_a_time_that_is_printed():
    head = '<meta property="article:published_time" content="2026-06-22T00:00:00+00:00">'

    assert extract_release(page("June 22, 2026 09:00 ET", head), URL).published_at == "2026-06-22T09:00:00-04:00"
