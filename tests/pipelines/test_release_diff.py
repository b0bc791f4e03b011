"""What differs between a release and the one it replaces."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.release_diff import changes, only_noise
from stories.model.release import Change, Dateline, Image, Notice, Release

RELEASE = Release(
    url="https://wire.example/news/1",
    source="example-wire",
    headline="Harbour Robotics Opens a Dock",
    subheadline="Three cranes, no crew",
    dateline=Dateline(place="HONG KONG SAR", wire="Example Newswire", date="2026-05-25"),
    published_at="2026-05-25T09:00:00+08:00",
    tags=("HBR", "Docks"),
    tickers=("HKEX:0700",),
    issuer="Harbour Robotics Ltd.",
    language="en",
    body=(
        "Harbour Robotics today opened a dock that needs no crew.",
        "The dock moves 400 containers an hour, the company said.",
        "A call for investors is held on May 25 at 10:00.",
        "“We are proud of the cranes,” said Ada Quay, chief executive.",
    ),
    about=("Harbour Robotics builds docks.", "It was founded in 2009."),
    disclaimer="The issuer is responsible.",
    contacts=("press@harbour.example",),
    images=(Image(url="https://wire.example/1.jpg", caption="The dock at night"),),
)


def body(*paragraphs: str) -> Release:
    return replace(RELEASE, body=paragraphs)


ONE, TWO, THREE, FOUR = RELEASE.body


def test_a_changed_paragraph_is_told_with_both_texts_and_its_place() -> None:
    after = body(ONE, TWO, THREE.replace("May 25", "June 12"), FOUR)
    assert changes(RELEASE, after) == (
        Change(field="body", paragraph=3, before=THREE, after="A call for investors is held on June 12 at 10:00."),
    )


def test_an_added_paragraph_has_no_before() -> None:
    after = body(ONE, "A second dock follows in autumn.", TWO, THREE, FOUR)
    assert changes(RELEASE, after) == (Change(field="body", paragraph=2, after="A second dock follows in autumn."),)


SAID = "Please replace the release dated May 25, 2026 with the following corrected version due to a wrong date."


@pytest.mark.parametrize(
    ("advisory", "first"),
    [
        pytest.param((SAID,), 1, id="a paragraph of its own"),
        pytest.param((SAID, "The corrected release reads:"), 2, id="a line that leads on"),
        pytest.param((f"BOSTON--(BUSINESS WIRE)--{SAID} The corrected release reads:",), 1, id="both in one"),
        pytest.param((SAID, "The corrected release reads:", RELEASE.headline.upper()), 3, id="the headline again"),
        pytest.param(("CORRECTION...by Harbour Robotics Ltd.", SAID), 2, id="signed"),
    ],
)
def test_what_a_notice_says_of_the_earlier_release_is_no_change(advisory: tuple[str, ...], first: int) -> None:
    right = THREE.replace("May 25", "June 12")
    corrected = replace(
        body(*advisory, ONE, TWO, right, FOUR),
        url="https://wire.example/news/2",
        notice=Notice(kind="correction", marker="CORRECTING and REPLACING", headline=RELEASE.headline, statement=SAID),
    )
    assert changes(RELEASE, corrected) == (Change(field="body", paragraph=first + 3, before=THREE, after=right),)


def test_news_in_one_paragraph_with_the_advisory_is_told() -> None:
    corrected = replace(
        body(f"{SAID} The corrected release reads: {ONE.replace('no crew', 'a crew of two')}", TWO, THREE, FOUR),
        url="https://wire.example/news/2",
        notice=Notice(kind="correction", marker="CORRECTION", headline=RELEASE.headline, statement=SAID),
    )
    after = ONE.replace("no crew", "a crew of two")
    assert changes(RELEASE, corrected) == (Change(field="body", paragraph=1, before=ONE, after=after),)


def test_an_advisory_alone_removes_nothing_of_what_it_corrects() -> None:
    corrected = replace(
        body(SAID),
        url="https://wire.example/news/2",
        notice=Notice(kind="correction", marker="CORRECTION", headline=RELEASE.headline, statement=SAID),
    )
    assert changes(RELEASE, corrected) == ()


def test_a_page_whose_notice_says_something_else_again_has_changed() -> None:
    notice = Notice(kind="correction", marker="CORRECTION", headline=RELEASE.headline, statement=SAID)
    before = replace(body(SAID, ONE, TWO), notice=notice)
    said = SAID.replace("date.", "date and place.")
    after = replace(body(said, ONE, TWO), notice=replace(notice, statement=said))
    assert changes(before, after) == (Change(field="body", paragraph=1, before=SAID, after=said),)


def test_a_removed_paragraph_has_no_after_and_its_old_place() -> None:
    assert changes(RELEASE, body(ONE, TWO, FOUR)) == (Change(field="body", paragraph=3, before=THREE),)


def test_a_new_paragraph_beside_a_changed_one_is_not_taken_for_it() -> None:
    changed = TWO.replace("400", "380")
    after = body(ONE, "Ministers and mayors came to see the ribbon cut.", changed, THREE, FOUR)
    assert changes(RELEASE, after) == (
        Change(field="body", paragraph=2, after="Ministers and mayors came to see the ribbon cut."),
        Change(field="body", paragraph=3, before=TWO, after=changed),
    )


def test_a_paragraph_replaced_by_another_is_told_as_gone_and_new() -> None:
    after = body(ONE, TWO, THREE, "Tickets may be bought everywhere from Monday.")
    assert changes(RELEASE, after) == (
        Change(field="body", paragraph=4, before=FOUR),
        Change(field="body", paragraph=4, after="Tickets may be bought everywhere from Monday."),
    )


def test_changes_in_a_chinese_paragraph_are_aligned() -> None:
    before = body("海港公司今日宣布碼頭啟用。", "投資者會議於五月二十五日舉行。")
    after = body("海港公司今日宣布碼頭啟用。", "碼頭共有三台起重機。", "投資者會議於六月十二日舉行。")
    assert changes(before, after) == (
        Change(field="body", paragraph=2, after="碼頭共有三台起重機。"),
        Change(
            field="body",
            paragraph=3,
            before="投資者會議於五月二十五日舉行。",
            after="投資者會議於六月十二日舉行。",
        ),
    )


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        (
            "headline",
            "Harbour Robotics Opens Two Docks",
            Change(field="headline", before=RELEASE.headline, after="Harbour Robotics Opens Two Docks"),
        ),
        ("subheadline", None, Change(field="subheadline", before="Three cranes, no crew")),
        (
            "issuer",
            "Harbour Robotics Inc.",
            Change(field="issuer", before="Harbour Robotics Ltd.", after="Harbour Robotics Inc."),
        ),
        ("tickers", ("HKEX:0701",), None),
        (
            "about",
            ("Harbour Robotics builds docks.", "It was founded in 2008."),
            Change(field="about", paragraph=2, before="It was founded in 2009.", after="It was founded in 2008."),
        ),
        ("contacts", ("news@harbour.example",), None),
        (
            "images",
            (Image(url="https://wire.example/1.jpg", caption="The dock at noon"),),
            Change(field="images", paragraph=1, before="The dock at night", after="The dock at noon"),
        ),
        (
            "disclaimer",
            "The issuer is not responsible.",
            Change(field="disclaimer", before="The issuer is responsible.", after="The issuer is not responsible."),
        ),
        (
            "embargoed_until",
            "2026-05-26T00:00:00+08:00",
            Change(field="embargoed_until", after="2026-05-26T00:00:00+08:00"),
        ),
        (
            "dateline",
            Dateline(place="SINGAPORE", wire="Example Newswire", date="2026-05-25"),
            Change(field="dateline.place", before="HONG KONG SAR", after="SINGAPORE"),
        ),
        (
            "dateline",
            Dateline(place="HONG KONG SAR", date="2026-05-24"),
            Change(field="dateline.date", before="2026-05-25", after="2026-05-24"),
        ),
    ],
)
def test_each_field_that_says_something_is_told(field: str, value: object, told: Change | None) -> None:
    found = changes(RELEASE, replace(RELEASE, **{field: value}))
    assert {change.field.split(".")[0] for change in found} == {field}
    if told:
        assert found == (told,)


def test_tags_are_told_one_by_one_without_regard_to_order_and_case() -> None:
    assert changes(RELEASE, replace(RELEASE, tags=("docks", "Cranes"))) == (
        Change(field="tags", before="HBR"),
        Change(field="tags", after="Cranes"),
    )
    assert changes(RELEASE, replace(RELEASE, tags=("DOCKS", "hbr"))) == ()


@pytest.mark.parametrize(
    "after",
    [
        replace(RELEASE, url="https://other.example/9", original_url=RELEASE.url, wire_id="77", wire="Other Wire"),
        replace(RELEASE, published_at="2026-05-26T09:00:00+08:00", first_seen_at="2026-05-26T01:00:00Z", id="rel_2"),
        replace(RELEASE, text="another text", revision=7, language="zh"),
        replace(RELEASE, images=(Image(url="https://cdn.example/2.jpg", caption="The dock at night"),)),
        replace(RELEASE, issuer=None, tags=(), tickers=(), dateline=None),
        replace(RELEASE, headline="Harbour\u00a0Robotics  Opens a\u200b Dock"),
        body(ONE, TWO, THREE, FOUR.replace("“", '"').replace("”", '"')),
        body(ONE, f"  {TWO} ", THREE.replace(" ", "\u202f"), FOUR),
        body(ONE, f"{TWO} {THREE}", FOUR),
        body(ONE, "The dock moves 400 containers an hour,", "the company said.", THREE, FOUR),
        body(TWO, ONE, THREE, FOUR),
    ],
    ids=[
        "where it stands",
        "when it came",
        "what is derived",
        "image URL",
        "unknown",
        "headline spaces",
        "quotes",
        "spaces",
        "joined",
        "split",
        "moved",
    ],
)
def test_what_says_the_same_is_no_change(after: Release) -> None:
    assert changes(RELEASE, after) == ()
    assert only_noise(RELEASE, after)


def test_a_part_that_another_site_leaves_out_is_no_change_but_on_the_same_site_it_is() -> None:
    bare = replace(RELEASE, about=(), contacts=(), disclaimer=None, subheadline=None, images=())
    assert changes(RELEASE, replace(bare, source="copycat")) == ()
    assert {change.field for change in changes(RELEASE, bare)} == {
        "about",
        "contacts",
        "disclaimer",
        "subheadline",
        "images",
    }


def test_a_correction_of_the_next_day_is_not_told_for_its_date() -> None:
    after = replace(
        RELEASE,
        dateline=replace(RELEASE.dateline or Dateline(), date="2026-05-26"),
        published_at="2026-05-26T09:00:00+08:00",
    )
    assert changes(RELEASE, after) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Posted 5 minutes ago", "Posted 3 hours ago"),
        ("Posted 5 minutes ago", "Posted just now"),
        ("1,204 views", "1,310 views"),
        ("Views: 12", "Views: 90"),
        ("Last updated: 10:45", "Last updated: 11:02"),
        ("Mon, 25 May 2026 10:45:12 GMT", "Mon, 25 May 2026 10:46:13 GMT"),
        ("10:45 a.m.", "11:02 a.m."),
        ("vor 3 Minuten", "vor 2 Stunden"),
        ("3分钟前", "5小时前"),
        ("閱讀 120", "閱讀 340"),
        ("4 min read", "5 min read"),
        ("It’s here", "It's here"),
    ],
)
def test_clocks_and_counters_are_noise(before: str, after: str) -> None:
    assert only_noise(body(ONE, before, TWO), body(ONE, after, TWO))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (THREE, THREE.replace("10:00", "11:00")),
        (THREE, THREE.replace("May 25", "June 12")),
        (TWO, TWO.replace("400", "401")),
        ("The video has 1,204 views and counting.", "The video has 12,040 views and counting."),
        ("Price: $10.45", "Price: $11.02"),
        ("The deal closed.", "The deal was called off."),
        ("Founded 2009", "Founded 2008"),
        ("Revenue rose", ""),
    ],
)
def test_a_number_in_a_sentence_is_no_noise(before: str, after: str) -> None:
    assert not only_noise(body(ONE, before), body(ONE, after))


def test_a_title_that_became_a_bare_marker_matters_though_nothing_is_known_to_differ() -> None:
    # PR Newswire swaps the title of the same page for "/C O R R E C T I O N -- Company/".
    after = replace(RELEASE, headline="", notice=Notice(kind="correction", marker="C O R R E C T I O N", headline=""))
    assert changes(RELEASE, after) == ()
    assert not only_noise(RELEASE, after)


def test_a_changed_headline_matters() -> None:
    assert not only_noise(RELEASE, replace(RELEASE, headline="CORRECTION: Harbour Robotics Opens a Dock"))


PARAGRAPHS = st.lists(
    st.text("abcdefg hij 港口。", min_size=1, max_size=30).map(str.strip).filter(bool), max_size=12, unique=True
)


@given(before=PARAGRAPHS, after=PARAGRAPHS)
def test_what_is_told_leads_from_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    found = changes(body(*before), body(*after))
    for change in found:
        assert change.paragraph is not None
        if change.after is not None:
            assert after[change.paragraph - 1] == change.after
        else:
            assert before[change.paragraph - 1] == change.before
        assert change.before is None or change.before in before
    # Whatever is new in words is told, and whatever is gone.
    told_new = {change.after for change in found}
    told_gone = {change.before for change in found}
    if found and "".join("".join(before).split()) != "".join("".join(after).split()):
        merged = "".join("".join(before).split())
        assert all(text in told_new or text in before or "".join(text.split()) in merged for text in after)
        merged = "".join("".join(after).split())
        assert all(text in told_gone or text in after or "".join(text.split()) in merged for text in before)


@given(paragraphs=PARAGRAPHS)
def test_nothing_differs_from_itself_and_reversing_swaps_before_and_after(paragraphs: list[str]) -> None:
    assert changes(body(*paragraphs), body(*paragraphs)) == ()
    there, back = changes(RELEASE, body(*paragraphs)), changes(body(*paragraphs), RELEASE)
    assert sorted((c.before or "", c.after or "") for c in there) == sorted(
        (c.after or "", c.before or "") for c in back
    )


def test_very_long_texts_are_compared_in_bounded_time() -> None:
    before = body(*(f"alpha {number} beta" for number in range(3_000)))
    after = body(*(f"gamma {number * 7} beta" for number in range(3_000)))
    started = time.process_time()
    assert changes(before, after)
    assert time.process_time() - started < 5


# Paragraphs that are edited, moved, or a table's rows

TABLE = ("| in millions | 2025 | 2024 |", "| Revenue | 5.2 | 4.8 |", "| Costs | 3.1 | 2.9 |", "| Profit | 2.1 | 1.9 |")


def told(before: Release, after: Release) -> list[tuple[int | None, str | None, str | None]]:
    return [(change.paragraph, change.before, change.after) for change in changes(before, after)]


def test_a_paragraph_that_was_moved_and_edited_is_one_change_at_its_new_place() -> None:
    edited = FOUR.replace("Ada Quay", "Adam Quay")
    assert told(RELEASE, body(edited, ONE, TWO, THREE)) == [(1, FOUR, edited)]


def test_a_paragraph_that_was_only_moved_is_no_change() -> None:
    assert told(RELEASE, body(FOUR, ONE, TWO, THREE)) == []


def test_two_paragraphs_that_changed_places_and_one_of_them_its_words() -> None:
    edited = TWO.replace("400", "380")
    assert told(RELEASE, body(ONE, THREE, edited, FOUR)) == [(3, TWO, edited)]


def test_a_tables_rows_are_told_one_by_one_however_much_changed_in_them() -> None:
    before, after = (
        body(ONE, *TABLE),
        body(ONE, TABLE[0], "| Revenue | 6.75 | 5.03 |", TABLE[2], "| Profit | 3.6 | 2.1 |"),
    )
    assert told(before, after) == [
        (3, "| Revenue | 5.2 | 4.8 |", "| Revenue | 6.75 | 5.03 |"),
        (5, "| Profit | 2.1 | 1.9 |", "| Profit | 3.6 | 2.1 |"),
    ]


def test_a_row_that_came_is_told_as_come_and_no_other_is_taken_for_it() -> None:
    after = body(ONE, *TABLE[:2], "| Grants | 0.3 | 0.2 |", TABLE[2], "| Profit | 2.4 | 2.1 |")
    assert told(body(ONE, *TABLE), after) == [
        (4, None, "| Grants | 0.3 | 0.2 |"),
        (6, "| Profit | 2.1 | 1.9 |", "| Profit | 2.4 | 2.1 |"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_reported"),
    [
        ("2026-05-25T09:00:00+08:00", "2026-05-26T09:00:00+08:00", True),
        ("2026-05-25T09:00:00+08:00", "2026-05-25T01:00:00+00:00", False),
        ("2026-05-25", "2026-05-25T09:00:00+08:00", False),
        ("2026-05-25", None, False),
    ],
    ids=["another day", "another zone", "with the hour", "unknown now"],
)
def test_a_page_that_gives_another_time_of_publication_says_so_beside_what_else_changed(
    before: str, after: str | None, is_reported: bool
) -> None:
    old = replace(RELEASE, published_at=before)
    new = replace(RELEASE, published_at=after, headline="Harbour Robotics Opens Two Docks")
    fields = [change.field for change in changes(old, new)]
    assert fields == (["headline", "published_at"] if is_reported else ["headline"])
    assert changes(old, replace(RELEASE, published_at=after)) == (), "a new time alone is a clock"


def test_another_page_has_another_time_and_that_is_no_change() -> None:
    later = replace(RELEASE, url="https://wire.example/news/2", published_at="2026-05-26T09:00:00+08:00")
    assert changes(RELEASE, later) == ()
