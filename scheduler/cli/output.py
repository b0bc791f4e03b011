"""Prints results on standard output: a table on a terminal, JSON for programs."""

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
MIN_LONG_COLUMN_WIDTH = 30  # characters; a headline is unreadable in less
COLUMN_GAP = 2
EMPTY_CELL = "–"
CONTROLS = "[\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # of terminals and of text direction


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
    """Return the given format; left out: a table on a terminal, else JSON Lines."""
    return wanted or (Format.TABLE if sys.stdout.isatty() else Format.JSONL)


def line(row: Any) -> None:
    """Print one JSON object as a line, and flush it."""
    write(json_text(row if isinstance(row, bytes) else msgspec.json.encode(row)))


def json_text(row: bytes) -> str:
    """Return JSON as text; on a terminal, control characters that JSON allows are escaped."""
    if not sys.stdout.isatty():
        return row.decode()
    return re.sub(CONTROLS, lambda found: f"\\u{ord(found[0]):04x}", row.decode())


def write(text: str) -> None:
    """Print a line and flush it; after the reader closed the pipe, discard further output.

    A crawl goes on in that case: it stores and alerts what it finds.
    """
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Discard further output, because its reader closed the pipe."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def show(
    rows: Iterable[dict[str, Any]], columns: Sequence[str], wanted: Format | None, *, empty: str = "Nothing yet."
) -> None:
    """Print rows; a table has only ``columns``, and control characters of values are removed."""
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
    # Ids must be copied and headlines be read completely. Where both do not fit in one row, long columns are printed on
    # lines of their own below it.
    console = Console()
    texts = [[cell(row.get(column)) for column in columns] for row in rows]
    widths = [
        max(len(column), *(text.cell_len for text in column_texts))
        for column, column_texts in zip(columns, zip(*texts, strict=True), strict=True)
    ]
    in_row = [number for number, column in enumerate(columns) if column not in LONG_COLUMNS]
    room = console.width - sum(widths[number] + COLUMN_GAP for number in in_row)
    if len(in_row) == len(columns) or room >= MIN_LONG_COLUMN_WIDTH * (len(columns) - len(in_row)):
        in_row = list(range(len(columns)))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, COLUMN_GAP, 0, 0))
    for number in in_row:
        long = columns[number] in LONG_COLUMNS
        table.add_column(columns[number].replace("_", " "), overflow="fold", no_wrap=not long)
    for row_texts in texts:
        table.add_row(*(row_texts[number] for number in in_row))
    if len(in_row) == len(columns):
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
            (texts[number - 1][column] for column in range(len(columns)) if column not in in_row) if number else ()
        ):
            if under.plain != EMPTY_CELL:
                console.print(Text("    ") + under, soft_wrap=True)


def cell(value: Any) -> Text:
    """Return a value as plain text without control characters."""
    if value is None:
        return Text(EMPTY_CELL)
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    return Text("".join(character if character.isprintable() else " " for character in str(value)))


def plain_lines(text: str) -> str:
    """Return text without control characters other than line ends."""
    return "\n".join(cell(line).plain for line in text.split("\n"))


def moment(text: str | None) -> str | None:
    """Return an ISO time for a table: to the minute, with its offset."""
    if text is None or len(text) <= len("2026-02-11"):
        return text
    day, _, time = text.partition("T")
    offset = next((time[time.index(mark) :] for mark in "+-Z" if mark in time), "")
    return f"{day} {time[:5]}{'' if offset == 'Z' else offset}"
