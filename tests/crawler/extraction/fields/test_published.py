"""When a release was published: the printed time in ten languages, what the head says, and never a guess."""

from __future__ import annotations

import json
from datetime import datetime

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


def linked(*nodes: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


OWN = {"@type": "NewsArticle", "headline": "Gull Line sails at night", "datePublished": "2026-06-22T09:00:00+08:00"}
OTHER = {"@type": "NewsArticle", "headline": "Old quarry closes", "datePublished": "2019-03-15T10:00:00+08:00"}
AT = OWN["datePublished"]


@pytest.mark.parametrize(
    "head",
    {
        "a graph": linked({"@graph": [{"@type": "WebPage", "datePublished": "2019-03-15T10:00:00Z"}, OWN]}),
        "a list": linked([OTHER, OWN]),
        "a related story first": linked(OTHER, OWN),
        "a comment before it": f'<script type="application/ld+json">/* data */ {json.dumps(OWN)}</script>',
        "a comment in it": f'<script type="application/ld+json">{json.dumps(OWN)[:-1]}, // more\n "a": 1}}</script>',
        "CDATA": f'<script type="application/ld+json">//<![CDATA[\n{json.dumps(OWN)}\n//]]></script>',
        "a trailing comma": f'<script type="application/ld+json">{json.dumps(OWN)[:-1]},}}</script>',
        "a charset in its type": f'<script type="application/ld+json; charset=utf-8">{json.dumps(OWN)}</script>',
        "broken JSON": f'<script type="application/ld+json">{json.dumps(OWN)[:-1]}, "text": "a "b" c"}}</script>',
        "a draft": linked({**OWN, "dateCreated": "2026-05-01T08:00:00+08:00"}),
        "meta and a draft": linked({**OWN, "datePublished": None, "dateCreated": "2026-05-01T08:00:00+08:00"})
        + f'<meta property="article:published_time" content="{AT}">',
        "Unix milliseconds": linked({**OWN, "datePublished": 1782090000000}),
    }.items(),
    ids=lambda item: item[0],
)
def test_linked_data_counts_for_the_story_of_this_page_however_it_is_written(head):
    published = extract_release(page(head=head[1]), URL).published_at

    assert datetime.fromisoformat(published) == datetime.fromisoformat(AT)


@pytest.mark.parametrize(
    ("line", "published"),
    {
        "By Jane Doe | 22 June 2026 | 3 min read": "2026-06-22",
        "<span>Jane Doe</span><span>22.06.2026</span>": "2026-06-22",
        "First published: 22 June 2026, last updated: 24 June 2026": "2026-06-22",
        "Last updated: 24 June 2026</p><p>First published: 22 June 2026": "2026-06-22",
        "Aktualisiert: 24.06.2026</p><p>22.06.26": "2026-06-22",
        "<span itemprop='datePublished'>22.06.2026 11:43</span>": "2026-06-22",
        "<abbr class='published' title='2026-06-22T21:05:00-07:00'>9:05 PM</abbr>": "2026-06-22T21:05:00-07:00",
        "เผยแพร่ 22 มิถุนายน 2569": "2026-06-22",
        "發布日期：115年6月22日": "2026-06-22",
        "令和8年6月22日": "2026-06-22",
        "الاثنين، 22 يونيو 2026": "2026-06-22",
    }.items(),
)
def test_a_line_between_headline_and_text_is_read_whatever_else_it_says(line, published):
    assert extract_release(page(line), URL).published_at == published


def test_a_date_line_above_ten_short_lines_is_found():
    lines = "".join(f"<p>Section {number}</p>" for number in range(20))
    assert extract_release(page(f"22 June 2026</p>{lines}<p>Share"), URL).published_at == "2026-06-22"


@pytest.mark.parametrize(
    "line",
    [
        "The Gull Line was founded on 15 March 2019.",
        "</p><aside><time datetime='2019-03-15'>15 March 2019</time></aside><p>",
        "</p><div class='related'><span class='date'>15 March 2019</span></div><p>",
        "1 January 1970",
    ],
)
def test_no_date_is_taken_from_text_from_what_is_next_to_it_or_from_a_placeholder(line):
    assert extract_release(page(line), URL).published_at is None


def test_a_date_says_where_it_comes_from():
    opening = (
        "GULLHAVEN, June 22, 2026 /Tidings/ -- The Gull Line sails at night from the first of May, its master said."
    )

    assert extract_release(page(opening=opening), URL).published_from == "text"
    assert extract_release(page("22 June 2026"), URL).published_from == "page"
    assert extract_release(page(), URL).published_from is None


def test_the_midnight_of_a_printed_day_is_no_time_and_a_moment_in_utc_is_told_on_the_day_that_is_printed():
    midnight = '<meta property="article:published_time" content="2026-06-21T22:00:00+00:00">'
    late = '<meta property="article:published_time" content="2026-06-21T22:14:00+00:00">'

    assert extract_release(page("22 June 2026", midnight), URL).published_at == "2026-06-22"
    published = extract_release(page("22 June 2026", late), URL).published_at
    assert published.startswith("2026-06-22T")
    assert datetime.fromisoformat(published) == datetime.fromisoformat("2026-06-21T22:14:00+00:00")


def test_two_kinds_of_places_outvote_one():
    head = linked({**OWN, "datePublished": "2020-02-02T10:00:00Z"}) + f'<meta name="pubdate" content="{AT}">'

    assert extract_release(page("22 June 2026", head), URL).published_at == AT
