"""A source can neither fill the log, nor forge a line in it, nor give orders to a terminal."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from config.observability.log_limits import (
    BURST,
    EVENT_MAX,
    EXCEPTION_MAX,
    LINES_A_MINUTE,
    SOURCES_MAX,
    VALUE_MAX,
    LimitLibraries,
    LimitLines,
    LineRates,
    bound_values,
    clean,
)
from config.observability.logging import configure_logging
from config.observability.redaction import hide


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_is_left_configured() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(False)
    structlog.reset_defaults()


HOSTILE = [
    "\x1b[31mred", "\x1b]0;title\x07", "\x9b2J", "line\nforged event=alert", "\r\x1b[2K", "\x00", "\x7f", "\u202eevil",
    "\u2066x", "\u2028next", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_control_characters_reach_no_log_neither_from_us_nor_from_a_library(text, stream, monkeypatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    written = stream()
    configure_logging(False, stream=written)
    structlog.get_logger("crawler").warning("page not read", url=text, several=[text, {"in": text}])
    logging.getLogger("scrapy.core").warning("Bad header %s", text)
    logging.getLogger("library").warning(f"bad {text}")
    lines = written.getvalue().rstrip("\n").split("\n")
    assert len(lines) == 3
    for line in lines:
        assert line.isprintable()
    written.getvalue().encode()


@given(st.text(), st.integers(0, 50))
def test_a_cleaned_text_is_short_and_printable_as_far_as_terminals_go(text: str, limit: int) -> None:
    found = clean(text, limit)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in found)
    found.encode()
    assert len(found) <= 10 * limit + 40


def test_plain_text_of_any_script_stays_as_it_is() -> None:
    for text in ("Grüße", "東京 新聞", "e\u0301", "👩\u200d💻", "a\u00a0b", "C:\\x"):
        assert clean(text) == text


@pytest.mark.parametrize("size", [1_000, 100_000, 10_000_000])
def test_a_line_is_short_whatever_it_names(size: int) -> None:
    written = io.StringIO()
    configure_logging(False, stream=written)
    structlog.get_logger("crawler").warning(
        "page not read", url="https://x.example/" + "a" * size, many=["b" * size] * 3
    )
    logging.getLogger("library").warning("%s", "c" * size)
    try:
        raise ValueError("d" * size)
    except ValueError:
        structlog.get_logger("crawler").exception("failed")
    ours, theirs, traceback = map(json.loads, written.getvalue().splitlines())
    assert ours["url"].startswith("https://x.example/aaa")
    assert "more characters" in ours["url"]
    assert len(ours["url"]) < VALUE_MAX + 60
    assert len(theirs["event"]) < EVENT_MAX + 60
    assert len(traceback["exception"]) < EXCEPTION_MAX + 60
    assert "\n" in traceback["exception"]


def test_a_list_or_mapping_of_any_size_and_depth_is_bounded() -> None:
    deep: object = "x"
    for _ in range(1_000):
        deep = [deep]
    event = bound_values(
        None, "", {"event": "e", "many": list(range(10_000)), "deep": deep, "of": {"a": "\x1b" * 9_999}}
    )
    assert len(json.dumps(event)) < 3_000


@pytest.mark.parametrize("before", [VALUE_MAX - 8, VALUE_MAX - 1, VALUE_MAX + 5, 4 * VALUE_MAX - 5])
def test_a_secret_at_the_place_of_the_cut_is_still_hidden(before: int) -> None:
    secret = "canary-8c21f7d04e"
    hide(secret)
    written = io.StringIO()
    configure_logging(False, stream=written)
    structlog.get_logger("crawler").warning("x", url="a" * before + secret + "b" * 5_000)
    assert "canary" not in written.getvalue()


def test_a_source_over_its_rate_is_silenced_and_the_number_told() -> None:
    rates, now = LineRates(), 0.0
    processor = LimitLines(rates, lambda: now)
    event = {"event": "page not read", "source": "loud"}
    for _ in range(BURST):
        assert processor(None, "", dict(event)) == event
    for _ in range(1_000):
        with pytest.raises(structlog.DropEvent):
            processor(None, "", dict(event))
    assert processor(None, "", {"event": "read", "source": "quiet"}) == {"event": "read", "source": "quiet"}
    assert processor(None, "", {"event": "no source"}) == {"event": "no source"}
    now = 60.0
    assert processor(None, "", dict(event)) == {**event, "suppressed": 1_000}
    written = 1
    for _ in range(1_000):
        try:
            processor(None, "", dict(event))
            written += 1
        except structlog.DropEvent:
            continue
    assert written == LINES_A_MINUTE


def test_a_librarys_lines_are_limited_too() -> None:
    now = 0.0
    limit = LimitLibraries(LineRates(), lambda: now)
    record = logging.LogRecord("library", logging.WARNING, "", 0, "bad %s", ("header",), None)
    assert sum(limit.filter(record) for _ in range(5 * BURST)) == BURST
    now = 60.0
    assert limit.filter(record)
    assert record.getMessage() == f"bad header (suppressed={4 * BURST})"


def test_a_flood_of_one_source_leaves_the_lines_of_others() -> None:
    written = io.StringIO()
    configure_logging(False, stream=written)
    log = structlog.get_logger("crawler")
    for number in range(3 * BURST):
        log.warning("page not read", source="loud", number=number)
    log.info("read", source="quiet")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert BURST <= sum(line["source"] == "loud" for line in lines) < 1.2 * BURST
    assert lines[-1]["source"] == "quiet"


def test_the_count_of_sources_is_bounded() -> None:
    rates = LineRates()
    for number in range(3 * SOURCES_MAX):
        assert rates.admit(f"source {number}", 0.0) == 0
    assert len(rates._left) == SOURCES_MAX
