"""Identical errors are one line a minute, with how many were left out; different ones are all there."""

from __future__ import annotations

import logging

from config.observability.log_deduplication import RepeatFilter


def record(level=logging.ERROR, **said):
    return logging.LogRecord("wirewatch", level, __file__, 1, said, None, None)


def test_identical_errors_are_one_line_a_minute_with_the_number_left_out():
    now = [0.0]
    repeats, passed = RepeatFilter(lambda: now[0]), []
    for second in range(0, 61, 1):
        now[0] = float(second)
        entry = record(event="redis does not start", why=f"process {second} said no space", timestamp=str(second))
        passed += [entry.msg] if repeats.filter(entry) else []
    assert [passed_record.get("repeated") for passed_record in passed] == [None, 59]


def test_errors_of_different_pages_and_warnings_are_all_there():
    repeats = RepeatFilter(lambda: 0.0)
    assert all(repeats.filter(record(event="page_not_stored", url=f"https://wire.example/{n}")) for n in range(9))
    assert all(repeats.filter(record(logging.WARNING, event="put off")) for _ in range(9))
