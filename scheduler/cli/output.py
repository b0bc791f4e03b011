"""Results on standard output: a table for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text


class Format(StrEnum):
    """How a command prints data."""

    TABLE = "table"
    JSONL = "jsonl"
    JSON = "json"


FormatOption = Annotated[
    Format | None, typer.Option("--format", help="table on a terminal, jsonl in a pipe, unless given.")
]


def chosen(wanted: Format | None) -> Format:
    """Return the format that was asked for, or the one that fits where the output goes."""
    return wanted or (Format.TABLE if sys.stdout.isatty() else Format.JSONL)


def line(row: Any) -> None:
    """Print one JSON object on a line of its own, at once."""
    data = row if isinstance(row, bytes) else msgspec.json.encode(row)
    sys.stdout.write(data.decode() + "\n")
    sys.stdout.flush()


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
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        wide = column in ("headline", "why", "error", "title", "detail", "matches")
        table.add_column(column.replace("_", " "), overflow="fold" if wide else "ellipsis", no_wrap=not wide)
    for row in rows:
        table.add_row(*(cell(row.get(column)) for column in columns))
    Console(soft_wrap=False).print(table)


def cell(value: Any) -> Text:
    """Return a value as plain text without control characters."""
    if value is None:
        return Text("–")
    if isinstance(value, list | tuple):
        value = ", ".join(str(one) for one in value)
    return Text("".join(one if one.isprintable() else " " for one in str(value)))


def moment(text: str | None) -> str | None:
    """Return an ISO moment for a table: minutes are enough, the offset stays."""
    if text is None or len(text) <= len("2026-02-11"):
        return text
    day, _, time = text.partition("T")
    offset = next((time[time.index(mark) :] for mark in "+-Z" if mark in time), "")
    return f"{day} {time[:5]}{'' if offset == 'Z' else offset}"
