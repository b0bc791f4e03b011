"""What headers say to whoever asks again."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import Response

from crawler.http.response_headers import LABEL_MAX, VALIDATOR_MAX, charset, fresh_for, header, retry_after, validator

NOW = datetime(2026, 2, 11, 9, 0, tzinfo=UTC)
LATER = "Wed, 11 Feb 2026 09:10:00 GMT"


def answer(**headers):
    return Response(
        "https://wire.example/rss", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("600", 10),
        (LATER, 10),
        ("Wed, 11 Feb 2026 08:00:00 GMT", 0),
        ("0", 0),
        ("99999999999999999999", 366 * 24 * 60),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(said, minutes):
    assert retry_after(answer(Retry_After=said), NOW) == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        ({"Cache_Control": "public, max-age=600"}, 10),
        ({"Cache_Control": 'MAX-AGE="600"'}, 10),
        ({"Cache_Control": "s-maxage=600"}, 0),
        ({"Cache_Control": "max-age=600", "Age": "300"}, 5),
        ({"Cache_Control": "max-age=600", "Age": "3000"}, 0),
        ({"Cache_Control": "no-cache, max-age=600"}, 0),
        ({"Cache_Control": "max-age=60", "Expires": LATER}, 1),
        ({"Expires": LATER}, 10),
        ({"Expires": LATER, "Date": "Wed, 11 Feb 2026 09:08:00 GMT"}, 2),
        ({"Expires": "0"}, 0),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({}, 0),
    ],
)
def test_an_answer_stands_for_as_long_as_it_says(headers, minutes):
    assert fresh_for(answer(**headers), NOW) == timedelta(minutes=minutes)


def test_a_charset_is_read_from_the_content_type():
    assert charset(answer(Content_Type='text/html; Charset="Big5"; x=y')) == "big5"
    assert charset(answer(Content_Type="text/html")) is None
    assert header(answer(), "ETag") is None


@given(st.sampled_from(["Retry-After", "Cache-Control", "Age", "Expires", "Date"]), st.text(max_size=40))
def test_nothing_that_a_server_says_breaks_it(name, said):
    hostile = Response("https://wire.example/", headers={name: said.encode("utf-8", "surrogatepass")})
    assert fresh_for(hostile, NOW) >= timedelta()
    assert (retry_after(hostile, NOW) or timedelta()) >= timedelta()


@pytest.mark.parametrize("name", ["ETag", "Last-Modified"])
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ('"a"', True),
        ('W/"' + "a" * 200 + '"', True),
        ('"' + "a" * VALIDATOR_MAX + '"', False),
        ("a" * 100_000, False),
        ("\x1b[31m", False),
        ("é", False),
        ("", False),
    ],
)
def test_a_validator_is_kept_only_within_a_kilobyte_and_printable(name, said, kept):
    assert validator(answer(**{name.replace("-", "_"): said}), name) == (said if kept else None)


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Retry_After", ""),
        ("Retry_After", "Wed, 11 Feb 2026 09:10:00 "),
        ("Expires", "Wed, 11 Feb 2026 09:10:00 GMT"),
        ("Cache_Control", "max-age=60 "),
        ("Age", ""),
    ],
)
@pytest.mark.parametrize("filling", ["9", "; ", "(", ",", "no-cache, "])
def test_a_header_of_absurd_length_says_nothing(name, start, filling):
    said = answer(**{name: start + filling * 16_000, "Date": filling * 16_000})
    began = time.process_time()
    assert retry_after(said, NOW) is None or not filling.isdigit()
    assert fresh_for(said, NOW) == timedelta()
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    "said", ["text/html; charset=" + "a" * (LABEL_MAX + 1), "charset=" + " " * 16_000, "charset=;"]
)
def test_a_charset_of_absurd_length_is_none(said):
    assert charset(answer(Content_Type=said)) is None
