"""What comes from the web is shown as text, whatever it is made of."""

from __future__ import annotations

import sys

import pytest

from scheduler.cli.output import Format, cell, json_text, moment, plain_lines, show

HOSTILE = {
    "a colour": "\x1b[31mred",
    "a window's title": "\x1b]0;owned\x07",
    "eight bits": "\x9b31mred",
    "a line of its own": "one\r\ntwo",
    "backwards": "\u202eevil",
    "a bell": "ding\x07",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_cell_holds_nothing_that_a_terminal_obeys(text):
    assert cell(text).plain.isprintable()
    assert len(cell(text).plain) == len(text)
    assert all(line.isprintable() for line in plain_lines(text).split("\n"))


def test_markup_is_shown_as_it_is_and_nothing_as_a_dash():
    assert cell("[bold]Reports[/bold] {0} %s").plain == "[bold]Reports[/bold] {0} %s"
    assert cell("[bold]Reports[/bold]").spans == []
    assert cell(None).plain == "–"
    assert cell(["HKSTP", "Golf"]).plain == "HKSTP, Golf"


def test_a_table_keeps_every_row_on_its_lines(capsys):
    show([{"name": "one\x1b[2J\ntwo", "state": "working"}], ("name", "state"), Format.TABLE)
    assert capsys.readouterr().out.splitlines()[1].split("  ")[0].strip() == "one [2J two"


def test_json_on_a_terminal_escapes_what_json_lets_through(monkeypatch):
    row = '{"headline":"\x9b31m\u202eevil – fine"}'.encode()
    assert json_text(row) == row.decode()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert json_text(row) == '{"headline":"\\u009b31m\\u202eevil – fine"}'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-02-11T09:00:00+08:00", "2026-02-11 09:00+08:00"),
        ("2026-02-11T01:02:03.456Z", "2026-02-11 01:02"),
        ("2026-02-11T09:00:00-05:00", "2026-02-11 09:00-05:00"),
        ("2026-02-11", "2026-02-11"),
        (None, None),
    ],
)
def test_a_moment_is_short_and_keeps_its_offset(text, shown):
    assert moment(text) == shown
