"""Events in words: the headline first, the change so that one sees it, and nothing hostile in between."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digest import compose_digest
from alerts.message import compose, mend


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
    assert message.lines == (
        "Acme Ltd · Example Newswire (example-wire) · 2026-02-11 09:00 UTC+08:00",
        "https://wire.example/news/2",
        "Correcting and Replacing: In the second paragraph, the figure should read 2.4.",
        "It corrects: “2.4” is right (as the change below shows)",
        "About: “Acme earns 2.1 billion” https://wire.example/news/1",
        "Headline: “Acme earns 2.1 billion” → “Acme earns 2.4 billion”",
        "Paragraph 3: “Net income was 2.1.” → “Net income was 2.4.”",
        "Paragraph 4: added “A new paragraph.”",
        "Disclaimer: removed “Old words.”",
    )


def test_a_correction_whose_original_is_unknown_has_no_line_about_it(event_of):
    assert not any(line.startswith("About:") for line in compose(corrected(event_of, replaces=None)).lines)


def test_a_page_that_was_changed_in_place_is_not_said_to_be_about_itself(event_of):
    event = corrected(event_of)
    event["data"]["replaces"]["id"] = event["data"]["release"]["id"]
    assert not any(line.startswith("About:") for line in compose(event).lines)


def test_a_change_deep_in_a_long_paragraph_is_in_sight(event_of):
    words = "Lorem ipsum dolor sit amet consetetur " * 30
    change = {"field": "body", "paragraph": 1, "before": f"{words}costs 5 euros", "after": f"{words}costs 7 euros"}
    line = compose(corrected(event_of, changes=[change])).lines[-1]
    assert "costs 5 euros” → “…" in line
    assert "costs 7 euros”" in line
    assert len(line) < 400


def test_of_many_changes_some_are_shown_and_the_rest_counted(event_of):
    changes = [{"field": "body", "paragraph": n, "before": "a", "after": "b"} for n in range(1, 31)]
    assert compose(corrected(event_of, changes=changes)).lines[-1] == "… and 22 more changes"


def test_an_embargo_is_in_the_title_and_says_until_when(event_of):
    message = compose(event_of(1, embargoed_until="2026-02-12T07:00:00+08:00"))
    assert message.title == "NEW [EMBARGO]: Acme opens its plant number 1"
    assert "Embargoed until 2026-02-12 07:00 UTC+08:00" in message.lines


def test_a_release_that_says_little_makes_a_message_all_the_same(event_of):
    unknown = dict.fromkeys(("url", "wire", "published_at", "issuer"))
    message = compose(event_of(1, headline="", body=[], **unknown))
    assert (message.title, message.lines, message.link) == ("NEW: (no headline)", ("example-wire",), None)


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


def test_a_digest_groups_by_watch_and_shows_each_story_once_as_it_is_now(event_of):
    original, other, correction = event_of(1), event_of(3, story="sty_2"), corrected(event_of)
    third = event_of(4, story="sty_3")
    third["data"]["watches"] = ["chips"]
    message = compose_digest([original, other, correction, third])
    assert message.title == "3 alerts: acme (2), chips (1)"
    assert "• CORRECTED: Acme earns 2.4 billion" in message.lines
    assert "• NEW: Acme opens its plant number 3" in message.lines
    assert "Acme opens its plant number 1" not in message.text
    assert message.lines.index("acme:") < message.lines.index("chips:")


def test_a_digest_of_one_story_reads_like_an_alert(event_of):
    assert compose_digest([event_of(1), corrected(event_of)]) == compose(corrected(event_of))


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
    message = compose_digest([event_of(9, story="sty_2"), *of_story])
    titles = [line.removeprefix("• ").partition(":")[0] for line in message.lines if line.startswith("• ")]
    assert titles == ["NEW", *shown]


def test_every_happening_of_the_monitor_stays_in_a_digest():
    dead, back = (
        {"type": f"source.{kind}", "data": {"watches": ["desk"], "source": "wire", "detail": kind}}
        for kind in ("dead", "recovered")
    )
    message = compose_digest([dead, back])
    assert message.lines.index("• SOURCE DOES NOT ANSWER: wire") < message.lines.index("• SOURCE IS BACK: wire")


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
