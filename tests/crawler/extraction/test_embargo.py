"""Embargoes as releases print them: in the languages of the wires, with the zone that is named or the source's own."""

from __future__ import annotations

import pytest

from crawler.extraction import ReleaseHints, extract_release

PAGE = """<html><body><h1>Quarry Lane Robotics Opens a Plant in Harbour City</h1><article><p>{}</p>
<p>HARBOUR CITY, 9 March 2026 - Quarry Lane Robotics said today that it opened a plant for batteries, its third.</p>
<p>The plant employs 200 people and makes cells for buses and ferries, the company said in a statement.</p>
</article></body></html>"""


def embargo(line: str, zone: str | None = None) -> str | None:
    return extract_release(PAGE.format(line), "https://wire.example/1", ReleaseHints(timezone=zone)).embargoed_until


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("EMBARGOED UNTIL: 9 March 2026, 10:00 GMT", "2026-03-09T10:00:00+00:00"),
        ("Embargoed until March 9, 2026 at 6:00 a.m. ET", "2026-03-09T06:00:00-04:00"),
        ("STRICTLY EMBARGOED UNTIL 00:01 GMT, MONDAY 9 MARCH 2026", "2026-03-09T00:01:00+00:00"),
        ("Under embargo until 10 a.m. EST on March 9, 2026", "2026-03-09T10:00:00-05:00"),
        ("HOLD FOR RELEASE UNTIL March 9, 2026, 8:00 AM PT", "2026-03-09T08:00:00-07:00"),
        ("Not for publication before 9 March 2026 07:00 BST", "2026-03-09T07:00:00+01:00"),
        ("Embargo: 9 March 2026, 10:00 CET", "2026-03-09T10:00:00+01:00"),
        ("Sperrfrist bis 09.03.2026, 10 Uhr MEZ", "2026-03-09T10:00:00+01:00"),
        ("Sous embargo jusqu'au 9 mars 2026 à 10h00 CET", "2026-03-09T10:00:00+01:00"),
        ("Embargo hasta el 9 de marzo de 2026 a las 10:00 CET", "2026-03-09T10:00:00+01:00"),
    ],
)
def test_an_embargo_that_names_its_zone_is_read_whatever_the_source(line: str, until: str) -> None:
    assert embargo(line) == until
    assert embargo(line, "Asia/Hong_Kong") == until


@pytest.mark.parametrize(
    "line",
    [
        "Embargoed until 9 March 2026, 10:00",
        "Sperrfrist: 9. März 2026, 10:00 Uhr",
        "EMBARGATO fino al 9 marzo 2026 ore 10:00",
        "Onder embargo tot 9 maart 2026, 10.00 uur",
        "发布禁令：2026年3月9日10:00",
        "解禁時間：2026年3月9日 上午10時",
        "報道解禁日時：2026年3月9日 午前10時",
        "엠바고: 2026년 3월 9일 오전 10시",
    ],
)
def test_an_embargo_without_a_zone_is_in_the_sources_and_unknown_without_one(line: str) -> None:
    assert embargo(line, "Asia/Hong_Kong") == "2026-03-09T10:00:00+08:00"
    assert embargo(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "FOR IMMEDIATE RELEASE",
        "Embargoed until further notice",
        "The arms embargo, to be discussed on 9 March 2026 at 10:00 GMT, stands.",
        "The embargo was lifted on 9 March 2026 at 10:00 GMT.",
    ],
)
def test_what_only_speaks_of_an_embargo_is_none(line: str) -> None:
    assert embargo(line, "Asia/Hong_Kong") is None
