"""What holds whatever is published."""

from __future__ import annotations

import re
from dataclasses import replace

from announcements import BODY, HEADLINE, NOW, again, judged, release, serial, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import blocking_keys_of, identify
from pipelines.identity.normalized_words import words
from pipelines.notices import find_notice
from stories.model.release import Release

NOISE = st.sampled_from([" ", "  ", "\u00a0", "\u200b ", " \u2009", "\n"])
QUOTES = st.sampled_from(['"', "“", "”", "„", "«"])


@st.composite
def noisy(draw: st.DrawFn) -> tuple[str, ...]:
    """The text with other white space, quotation marks, apostrophes and dashes, some of it in capitals."""
    paragraphs = []
    for paragraph in BODY:
        text = draw(NOISE).join(paragraph.split(" ")).replace('"', draw(QUOTES))
        text = text.replace(", ", draw(st.sampled_from([", ", " – ", "; "])))
        paragraphs.append(text.upper() if draw(st.booleans()) else text)
    return tuple(paragraphs)


@given(body=noisy(), headline=st.sampled_from([HEADLINE, HEADLINE.upper(), f"{HEADLINE} ", f"“{HEADLINE}”"]))
def test_a_copy_with_other_typography_is_a_copy(body, headline):
    first = release()
    verdict = judged(again(release(headline, body)), stored(first))
    assert (verdict.kind, verdict.story) == ("copy", "sty_one"), verdict.why


@given(keep=st.integers(1, len(BODY)), extra=st.lists(st.text(max_size=60), max_size=3))
def test_a_copy_cut_short_or_lengthened_is_a_copy(keep, extra):
    first = release()
    assert judged(again(first, body=(*BODY[:keep], *extra)), stored(first)).kind == "copy"


figure = st.decimals(100, 999, places=1).map(str)
count = st.integers(1_000, 99_999).map("{:,}".format)


@given(
    one=st.fixed_dictionaries({"count": count, "price": figure, "low": figure, "high": figure, "held": count}),
    two=st.fixed_dictionaries({"count": count, "price": figure, "low": figure, "high": figure, "held": count}),
    days=st.tuples(st.integers(1, 27), st.integers(1, 27)).filter(lambda pair: pair[0] != pair[1]),
)
def test_another_issue_of_a_serial_is_new(one, two, days):
    if sum(one[key] != two[key] for key in one) < 4:
        return
    first = release("Transaction in Own Shares", serial(f"{days[0]} March 2026", **one))
    next_one = again(
        release("Transaction in Own Shares", serial(f"{days[1]} March 2026", **two)),
        source="harbour-wire",
        published_at="2026-03-11T09:00:00+00:00",
    )
    assert judged(next_one, stored(first)).kind == "new"


TEXT = st.text(max_size=200) | st.sampled_from([*BODY, HEADLINE, f"CORRECTION: {HEADLINE}", "更正：" + HEADLINE])
MAYBE_TEXT = st.none() | TEXT
DATE = st.none() | st.sampled_from(["2026-03-10", "2026-03-10T09:00:00+00:00", "yesterday", ""]) | st.text(max_size=30)


@st.composite
def anything(draw: st.DrawFn) -> Release:
    """Any release, as hostile as pages are."""
    headline, body = draw(TEXT), tuple(draw(st.lists(TEXT, max_size=5)))
    notice = find_notice(headline, body)
    return Release(
        id=draw(st.none() | st.text(max_size=5)),
        headline=notice.headline if notice else headline,
        body=body,
        notice=notice,
        url=draw(st.none() | st.sampled_from(["https://a.example/1", "https://a.example", "http://[", "x://%zz/%"])),
        original_url=draw(MAYBE_TEXT),
        source=draw(MAYBE_TEXT),
        wire=draw(MAYBE_TEXT),
        wire_id=draw(MAYBE_TEXT),
        issuer=draw(MAYBE_TEXT),
        published_at=draw(DATE),
        first_seen_at=draw(DATE),
    )


@settings(max_examples=200, deadline=None)
@given(new=anything(), known=st.lists(anything(), max_size=4))
def test_whatever_comes_gets_a_verdict_and_bounded_keys(new, known):
    assert len(blocking_keys_of(new)) <= 30
    candidates = [stored(other, f"sty_{n}", first=bool(n % 2)) for n, other in enumerate(known)]
    verdict = identify(new, candidates, NOW)
    assert verdict.why
    assert (verdict.story is None) == (
        verdict.kind == "new" or (verdict.kind == "notice" and verdict.of is None)
    ) or any(candidate.release.id is None for candidate in candidates)


@given(new=anything())
def test_a_release_read_again_changes_nothing(new):
    assert blocking_keys_of(new) == blocking_keys_of(replace(new))


@given(st.text(alphabet="ab.-+_@ é", max_size=80))
def test_words_are_those_that_stand_outside_of_mail_addresses(text):
    assert words(text) == words(re.sub(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+", " ", text).replace("@", " "))
