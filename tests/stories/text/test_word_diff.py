"""A text and what it became, in segments: what went, what came, and what kind of thing it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.text.word_diff import MAX_SIDE_LENGTH, Segment, marked_changes, plain, shortened


def told(before: str | None, after: str | None) -> str:
    """Return the segments as one line: ``[-went-]{+came+}``, with the kinds of what is no plain text."""
    return printed(marked_changes(before, after))


def printed(segments: tuple[Segment, ...]) -> str:
    marks = {"removed": "[-{}-]", "added": "{{+{}+}}", "kept": "{}"}
    return "".join(
        marks[segment.state].format(segment.text) + (f":{segment.kind}:" if segment.kind != "text" else "")
        for segment in segments
    )


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("A call on May 25 at 10:00.", "A call on June 12 at 10:00.",
         "A call on [-May 25-]:date:{+June 12+}:date: at 10:00."),
        ("It cost $5.2 billion.", "It cost $5.2 million.", "It cost [-$5.2 billion-]:amount:{+$5.2 million+}:amount:."),
        ("moves 400 boxes", "moves 380 boxes", "moves [-400-]:number:{+380+}:number: boxes"),
        ("First Nine Companies", "First Ten Companies", "First [-Nine-]:number:{+Ten+}:number: Companies"),
        ("said Ada Quay today", "said Adam Quay today", "said [-Ada-]:name:{+Adam+}:name: Quay today"),
        ("It opens at dawn.", "It opens at dusk.", "It opens at [-dawn-]{+dusk+}."),
        ("at 10:00 a.m. on Monday", "at 11:00 a.m. on Monday", "at [-10:00 a.m.-]:date:{+11:00 a.m.+}:date: on Monday"),
        ("投資者會議於五月二十五日舉行。", "投資者會議於六月十二日舉行。",
         "投資者會議於[-五月二十五日-]:date:{+六月十二日+}:date:舉行。"),
        ("新工場は4月1日に稼働", "新工場は4月10日に稼働", "新工場は[-4月1日-]:date:{+4月10日+}:date:に稼働"),
        ("營收為12.5億元，較去年成長。", "營收為15.2億元，較去年成長。",
         "營收為[-12.5億元-]:amount:{+15.2億元+}:amount:，較去年成長。"),
        ("매출은 120억 원을 기록했다.", "매출은 130억 원을 기록했다.",
         "매출은 [-120억 원-]:amount:{+130억 원+}:amount:을 기록했다."),
        ("海港公司宣布開幕。", "海灣公司宣布開幕。", "海[-港-]{+灣+}公司宣布開幕。"),
        ("Sie beträgt 1,20 Euro je Aktie.", "Sie beträgt 1,30 Euro je Aktie.",
         "Sie beträgt [-1,20 Euro-]:amount:{+1,30 Euro+}:amount: je Aktie."),
        ("payé le 26 mai 2026 à Lyon", "payé le 27 mai 2026 à Lyon",
         "payé le [-26 mai 2026-]:date:{+27 mai 2026+}:date: à Lyon"),
        ("a very good dock", "a good dock", "a[- very-] good dock"),
        ("a good dock", "a very good dock", "a{+ very+} good dock"),
    ],
)  # fmt: skip
def test_what_changed_is_told_by_word_and_kind(before: str, after: str, line: str) -> None:
    assert told(before, after) == line


def test_a_text_that_came_or_went_is_told_whole() -> None:
    assert told(None, "A second dock.") == "{+A second dock.+}"
    assert told("A second dock.", None) == "[-A second dock.-]"
    assert told(None, None) == ""


def test_typography_alone_is_no_change() -> None:
    assert told('"Yes" - he\u00a0said', "“Yes” – he said") == "“Yes” – he said"


def test_a_sentence_written_anew_is_not_told_word_by_word() -> None:
    line = told("Ministers came to see the ribbon cut, and sang.", "Tickets are sold out of a van, and bread.")
    assert line.count("[-") <= 2


def test_what_stayed_is_cut_for_those_who_have_little_room() -> None:
    before = "One two three four five six seven eight nine ten eleven 12 thirteen fourteen fifteen sixteen seventeen."
    segments = marked_changes(before, before.replace("12", "13"))
    assert printed(shortened(segments, 15)) == "… ten eleven [-12-]:number:{+13+}:number: thirteen …"


TEXT = st.text(max_size=120) | st.lists(
    st.sampled_from(["May 25", "$5.2 million", "400", "Ada", "the", "dock", ",", "“x”", "五月", "港", "  ", "\n"]),
    max_size=25,
).map(" ".join)


@given(before=TEXT, after=TEXT)
def test_nothing_of_either_text_is_lost(before: str, after: str) -> None:
    segments = marked_changes(before, after)
    assert "".join(segment.text for segment in segments if segment.state != "removed") == after
    was = "".join(segment.text for segment in segments if segment.state != "added")
    assert "".join(plain(was).split()) == "".join(plain(before).split())
    assert all(segment.text for segment in segments)


@given(text=TEXT)
def test_a_text_that_did_not_change_is_kept_whole(text: str) -> None:
    assert marked_changes(text, text) == ((Segment(state="kept", text=text),) if text else ())


@pytest.mark.parametrize("size", [3_000, MAX_SIDE_LENGTH - 100, MAX_SIDE_LENGTH * 50])
def test_a_text_without_end_is_told_too(size: int) -> None:
    for before, after in (
        ("a b " * (size // 4), "b a c " * (size // 6)),
        ("1" * size, "2" * size),
        ("五" * size, "六月" * (size // 2)),
        ("may " * (size // 4), "." * size),
    ):
        assert "".join(segment.text for segment in marked_changes(before, after) if segment.state != "removed") == after


def test_of_a_text_without_end_what_differs_is_told_in_one_piece() -> None:
    before = "a long way " * MAX_SIDE_LENGTH + "to 310 miles " + "and back " * MAX_SIDE_LENGTH
    went, came = (
        segment for segment in marked_changes(before, before.replace("310", "340")) if segment.state != "kept"
    )
    assert (went.text, came.text) == ("310", "340")


@given(before=st.text("ab c1", max_size=40), after=st.text("ab c1", max_size=40), stretch=st.sampled_from(["x", "x "]))
def test_nothing_is_lost_of_a_text_without_end_either(before: str, after: str, stretch: str) -> None:
    old, new = before + stretch * MAX_SIDE_LENGTH + after, after + stretch * MAX_SIDE_LENGTH + before
    segments = marked_changes(old, new)
    assert "".join(segment.text for segment in segments if segment.state != "removed") == new
    assert "".join(segment.text for segment in segments if segment.state != "added") == old
