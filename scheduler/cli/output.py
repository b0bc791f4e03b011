"""Results on standard output: a table for people, JSON for programs."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

LONG_COLUMNS = ("headline", "why", "error", "last_error", "off", "detail", "query", "reason")
"""Columns of free text."""
MIN_LONG_COLUMN_WIDTH = 30  # characters; less is no room to read a headline in
COLUMN_GAP = 2
EMPTY_CELL = "–"
CONTROLS = "[\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # of terminals, and those that turn the reading direction


class Format(StrEnum):
    """How a command prints data."""

    TABLE = "table"
    JSONL = "jsonl"
    JSON = "json"


FormatOption = Annotated[
    Format | None, typer.Option("--format", help="table on a terminal, jsonl in a pipe, unless given.")
]


def examples(*lines: str) -> str:
    """Return a command's epilog: its examples, each on a line of its own."""
    # The character \b keeps the help from filling the lines up; each paragraph needs its own.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def chosen(wanted: Format | None) -> Format:
    """Return the format that was asked for, or the one that fits where the output goes."""
    return wanted or (Format.TABLE if sys.stdout.isatty() else Format.JSONL)


def line(row: Any) -> None:
    """Print one JSON object on a line of its own, at once."""
    write(json_text(row if isinstance(row, bytes) else msgspec.json.encode(row)))


def json_text(row: bytes) -> str:
    """Return JSON as text; on a terminal with the control characters escaped that JSON lets through."""
    if not sys.stdout.isatty():
        return row.decode()
    return re.sub(CONTROLS, lambda found: f"\\u{ord(found[0]):04x}", row.decode())


def write(text: str) -> None:
    """Print a line at once; when the reader of the pipe has gone, what else is printed goes nowhere, without a word.

    A crawl is not broken off for that: it keeps and delivers what it finds.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let what else is printed go nowhere: who read it has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def show(
    rows: Iterable[dict[str, Any]], columns: Sequence[str], wanted: Format | None, *, empty: str = "Nothing yet."
) -> None:
    """Print rows; in a table only ``columns``, as text that a release cannot colour or break."""
    match chosen(wanted):
        case Format.JSONL:
            for row in rows:
                line(row)
        case Format.JSON:
            line(msgspec.json.format(msgspec.json.encode(list(rows)), indent=2))
        case Format.TABLE:
            _table(list(rows), columns, empty)


def _table(rows: list[dict[str, Any]], columns: Sequence[str], empty: str) -> None:
    if not rows:
        typer.echo(empty, err=True)
        return
    # Ids must stay whole to be copied and headlines to be read: where both do not fit beside each other, what is
    # long goes on lines of its own under the row.
    console = Console()
    texts = [[cell(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(text.cell_len for text in one))
        for column, one in zip(columns, zip(*texts, strict=True), strict=True)
    ]
    beside = [number for number, column in enumerate(columns) if column not in LONG_COLUMNS]
    room = console.width - sum(widths[number] + COLUMN_GAP for number in beside)
    if len(beside) == len(columns) or room >= MIN_LONG_COLUMN_WIDTH * (len(columns) - len(beside)):
        beside = list(range(len(columns)))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, COLUMN_GAP, 0, 0))
    for number in beside:
        long = columns[number] in LONG_COLUMNS
        table.add_column(columns[number].replace("_", " "), overflow="fold", no_wrap=not long)
    for one in texts:
        table.add_row(*(one[number] for number in beside))
    if len(beside) == len(columns):
        console.print(table)
        return
    lines = console.render_lines(
        table, console.options.update(width=max(console.width, sum(widths) + COLUMN_GAP * len(widths)))
    )
    for number, rendered in enumerate(lines):
        console.print(
            Text("".join(segment.text for segment in rendered).rstrip(), style="bold" if number == 0 else ""),
            soft_wrap=True,
        )
        for under in (
            (texts[number - 1][column] for column in range(len(columns)) if column not in beside) if number else ()
        ):
            if under.plain != EMPTY_CELL:
                console.print(Text("    ") + under, soft_wrap=True)


def cell(value: Any) -> Text:
    """Return a value as plain text without control characters."""
    if value is None:
        return Text(EMPTY_CELL)
    if isinstance(value, list | tuple):
        value = ", ".join(str(one) for one in value)
    return Text("".join(one if one.isprintable() else " " for one in str(value)))


def plain_lines(text: str) -> str:
    """Return text without control characters other than line ends."""
    return "\n".join(cell(line).plain for line in text.split("\n"))


def moment(text: str | None) -> str | None:
    """Return an ISO moment for a table: minutes are enough, the offset stays."""
    if text is None or len(text) <= len("2026-02-11"):
        return text
    day, _, time = text.partition("T")
    offset = next((time[time.index(mark) :] for mark in "+-Z" if mark in time), "")
    return f"{day} {time[:5]}{'' if offset == 'Z' else offset}"
