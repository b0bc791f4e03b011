"""Events in words: the headline first, the change so that one sees it, and nothing hostile in between."""

from __future__ import annotations

import re
import unicodedata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest import digest_entries, digest_pages
from alerts.message import compose, mend
from alerts.message_context import MessageContext, label_tables


def corrected(event_of, number=2, **data):
    event = event_of(number, "release.corrected", headline="Acme earns 2.4 billion")
    event["data"] |= {
        "replaces": {
            "id": "rel_1",
            "url": "https://wire.example/news/1",
            "source": "example-wire",
            "headline": "Acme earns 2.1 billion",
            "published_at": "2026-02-11",
        },
        "changes": [
            {"field": "headline", "before": "Acme earns 2.1 billion", "after": "Acme earns 2.4 billion"},
            {"field": "body", "paragraph": 3, "before": "Net income was 2.1.", "after": "Net income was 2.4."},
            {"field": "body", "paragraph": 4, "before": None, "after": "A new paragraph."},
            {"field": "disclaimer", "before": "Old words.", "after": None},
        ],
    }
    event["data"] |= data
    event["data"]["release"]["notice"] = {
        "kind": "correction",
        "marker": "Correcting and Replacing",
        "statement": "In the second paragraph, the figure should read 2.4.",
    }
    return event


def test_a_correction_shows_what_it_is_about_and_before_and_after(event_of):
    message = compose(corrected(event_of))
    assert message.title == "CORRECTED: Acme earns 2.4 billion"
    assert message.lines[:9] == (
        "“2.1 billion” → “2.4 billion” (Headline)",
        "“2.1” → “2.4” (Paragraph 3)",
        "Headline: “Acme earns 2.1 billion” → “Acme earns 2.4 billion”",
        "Paragraph 3: “Net income was 2.1.” → “Net income was 2.4.”",
        "Paragraph 4: added “A new paragraph.”",
        "Disclaimer: removed “Old words.”",
        "Correcting and Replacing: In the second paragraph, the figure should read 2.4.",
        "It corrects: “2.4” is right (as the change below shows)",
        "About: “Acme earns 2.1 billion” https://wire.example/news/1",
    )
    assert message.lines[9:] == (
        "Acme Ltd · Example Newswire (example-wire)",
        "published 2026-02-11 09:00 UTC+08:00",
        "https://wire.example/news/2",
        "Watch: acme",
    )


def test_a_figure_that_changed_in_several_places_is_named_once_with_all_of_them(event_of):
    changes = [
        {"field": "headline", "before": "Acme earns HK$2.1 billion", "after": "Acme earns HK$2.4 billion"},
        {"field": "body", "paragraph": 1, "before": "It made HK$2.1 billion.", "after": "It made HK$2.4 billion."},
    ]
    line = compose(corrected(event_of, changes=changes)).lines[0]
    assert line == "“HK$2.1 billion” → “HK$2.4 billion” (Headline, Paragraph 1)"


def test_a_chinese_correction_shows_only_the_words_around_the_changed_figure(event_of):
    words = "本公司欣然宣佈截至二零二五年十二月三十一日止年度之經審核綜合業績連同上年度之比較數字"
    change = {"field": "body", "paragraph": 2, "before": f"{words}，收入為2.1億港元，{words}。"}
    change["after"] = change["before"].replace("2.1", "2.4")
    message = compose(corrected(event_of, changes=[change]), MessageContext(language="zh-Hant"))
    assert message.title.startswith("更正：")
    assert message.lines[0] == "「2.1億港元」→「2.4億港元」（段落 2）"
    assert message.lines[1].startswith("段落 2：「…")
    assert len(message.lines[1]) < 110


def test_a_message_names_titles_times_of_the_desk_and_the_story(event_of):
    context = MessageContext(
        timezone=ZoneInfo("Europe/Berlin"),
        pages="https://desk.example/wire",
        sources={"example-wire": "Example Wire Asia"},
        watches={"acme": "Acme (#ACME)"},
    )
    event = event_of(1, first_seen_at="2026-02-11T01:02:03Z")
    lines = compose(event, context).lines
    assert "Acme Ltd · Example Newswire (Example Wire Asia)" in lines
    assert "published 2026-02-11 02:00 UTC+01:00 · seen 2026-02-11 02:02 UTC+01:00" in lines
    assert "Watch: Acme (#ACME)" in lines
    assert f"Story: https://desk.example/wire/stories/{event['data']['story']['id']}" in lines


@pytest.mark.parametrize("language", sorted(label_tables()))
def test_every_language_has_every_label_with_the_same_places_to_fill(language):
    places = {name: sorted(re.findall(r"{(\w+)}", text)) for name, text in label_tables()["en"].items()}
    assert {name: sorted(re.findall(r"{(\w+)}", text)) for name, text in label_tables()[language].items()} == places


def test_a_correction_whose_original_is_unknown_has_no_line_about_it(event_of):
    assert not any(line.startswith("About:") for line in compose(corrected(event_of, replaces=None)).lines)


def test_a_page_that_was_changed_in_place_is_not_said_to_be_about_itself(event_of):
    event = corrected(event_of)
    event["data"]["replaces"]["id"] = event["data"]["release"]["id"]
    assert not any(line.startswith("About:") for line in compose(event).lines)


def test_a_change_deep_in_a_long_paragraph_is_in_sight(event_of):
    words = "Lorem ipsum dolor sit amet consetetur " * 30
    change = {"field": "body", "paragraph": 1, "before": f"{words}costs 5 euros", "after": f"{words}costs 7 euros"}
    line = compose(corrected(event_of, changes=[change])).lines[1]
    assert "costs 5 euros” → “…" in line
    assert "costs 7 euros”" in line
    assert len(line) < 400


def test_of_many_changes_some_are_shown_and_the_rest_counted(event_of):
    changes = [{"field": "body", "paragraph": n, "before": "a", "after": "b"} for n in range(1, 31)]
    assert "… and 22 more changes" in compose(corrected(event_of, changes=changes)).lines


def test_an_embargo_is_in_the_title_and_says_until_when(event_of):
    message = compose(event_of(1, embargoed_until="2026-02-12T07:00:00+08:00"))
    assert message.title == "NEW [EMBARGO]: Acme opens its plant number 1"
    assert "Embargoed until 2026-02-12 07:00 UTC+08:00" in message.lines


def test_a_release_that_says_little_makes_a_message_all_the_same(event_of):
    unknown = dict.fromkeys(("url", "wire", "published_at", "issuer"))
    message = compose(event_of(1, headline="", body=[], **unknown))
    assert (message.title, message.lines, message.link) == (
        "NEW: (no headline)",
        ("example-wire", "Watch: acme"),
        None,
    )


def test_the_monitors_own_events_say_which_source_and_why():
    event = {
        "type": "source.dead",
        "id": "evt_1",
        "data": {"watches": [], "source": "wire", "detail": "403 all day"},
    }
    message = compose(event)
    assert (message.title, message.text) == ("SOURCE DOES NOT ANSWER: wire", "403 all day")


def test_a_link_that_is_no_web_address_is_left_out(event_of):
    assert "javascript" not in compose(event_of(1, url="javascript:alert(1)")).text


@given(st.text(st.characters(), max_size=400), st.integers(1, 300))
def test_mended_text_is_one_short_line_without_control_characters(text, limit):
    mended = mend(text, limit)
    assert len(mended) <= limit
    assert not {unicodedata.category(character) for character in mended} & {"Cc", "Cs", "Zl", "Zp"}
    assert mended.encode("utf-8").decode("utf-8") == mended
    assert mended == mended.strip()


def test_mending_keeps_what_scripts_and_emoji_need():
    assert mend("می\u200cخواهم 👩\u200d🔬 ✔\ufe0f", 100) == "می\u200cخواهم 👩\u200d🔬 ✔\ufe0f"


def pages_of(events, **options):
    return digest_pages(digest_entries(events), **options)


def test_a_digest_names_each_story_once_as_it_is_now_corrections_first(event_of):
    original, other, correction = event_of(1), event_of(3, story="sty_2"), corrected(event_of)
    third = event_of(4, story="sty_3")
    third["data"]["watches"] = ["chips"]
    (page,) = pages_of([original, other, correction, third])
    assert page.message.title == "acme, chips: 1 corrected, 2 new"
    assert page.message.lines[:3] == (
        "• CORRECTED: Acme earns 2.4 billion https://wire.example/news/2",
        "• NEW: Acme opens its plant number 3 https://wire.example/news/3",
        "• NEW: Acme opens its plant number 4 https://wire.example/news/4",
    )
    assert "Paragraph 3: “Net income was 2.1.” → “Net income was 2.4.”" in page.message.lines
    assert "Acme opens its plant number 1" not in page.message.text
    assert sorted(page.alerts) == [0, 1, 2, 3]


def test_a_digest_of_one_story_reads_like_an_alert(event_of):
    (page,) = pages_of([event_of(1), corrected(event_of)])
    assert (page.message, sorted(page.alerts)) == (compose(corrected(event_of)), [0, 1])


@pytest.mark.parametrize("limit", [300, 777, 2_000, 30_000])
@pytest.mark.parametrize("count", [2, 7, 60])
def test_every_story_is_named_on_one_of_the_messages_that_a_service_takes(event_of, count, limit):
    events = [event_of(number, story=f"sty_{number}") for number in range(count)]
    pages = pages_of(events, fits=lambda title, lines: len(title) + sum(map(len, lines)) + len(lines) <= limit)
    named = [line for page in pages for line in page.message.lines if line.startswith("• ")]
    assert sorted(named) == sorted(f"• {compose(event).short}" for event in events)
    assert sorted(alert for page in pages for alert in page.alerts) == list(range(count))
    assert all(len(page.message.title) + len(page.message.text) <= limit for page in pages)


@pytest.mark.parametrize(
    ("kinds", "shown"),
    [
        (["new", "corrected"], ["CORRECTED"]),
        (["new", "updated", "revised"], ["REVISED"]),
        (["new", "corrected", "revised"], ["CORRECTED", "REVISED"]),
        (["new", "corrected", "syndicated"], ["CORRECTED", "SYNDICATED"]),
        (["corrected", "corrected"], ["CORRECTED"]),
        (["new", "corrected", "withdrawn"], ["WITHDRAWN"]),
        (["withdrawn", "corrected"], ["WITHDRAWN", "CORRECTED"]),
    ],
    ids=" then ".join,
)
def test_in_a_digest_a_later_event_replaces_what_weighs_no_more(event_of, kinds, shown):
    of_story = [event_of(number, f"release.{kind}") for number, kind in enumerate(kinds, 1)]
    (page,) = pages_of([event_of(9, story="sty_2"), *of_story])
    titles = [line.removeprefix("• ").partition(":")[0] for line in page.message.lines if line.startswith("• ")]
    assert sorted(titles) == sorted(["NEW", *shown])


def test_every_happening_of_the_monitor_stays_in_a_digest():
    dead, back = (
        {"type": f"source.{kind}", "data": {"watches": ["desk"], "source": "wire", "detail": kind}}
        for kind in ("dead", "recovered")
    )
    (page,) = pages_of([dead, back])
    lines = page.message.lines
    assert lines.index("• SOURCE DOES NOT ANSWER: wire") < lines.index("• SOURCE IS BACK: wire")


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("The figure should read 2.4 rather than 2.1.", "It corrects: “2.1” → “2.4” (as the change below shows)"),
        ("The date was stated as May 25 instead of June 12.", "It corrects: “May 25” → “June 12” (no change shows it)"),
    ],
)
def test_what_a_correction_says_it_corrects_is_held_against_what_changed(event_of, statement, line):
    event = corrected(event_of)
    event["data"]["release"]["notice"]["statement"] = statement
    assert line in compose(event).lines


def test_what_a_correction_of_something_unknown_says_it_corrects_is_not_judged(event_of):
    lines = compose(corrected(event_of, replaces=None)).lines
    assert not any(line.startswith("It corrects") for line in lines)
