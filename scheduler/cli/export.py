"""``wirewatch export``: writes stored releases as JSON Lines, CSV or ninjs, newest first."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from scheduler.cli.archive import Kind, Query, Since, Source, Tag, WatchName, release_row, wanted_releases
from scheduler.cli.context import with_app_context
from scheduler.cli.ninjs import item
from scheduler.cli.output import discard_output, examples, json_text
from scheduler.wiring import AppContext, now
from stories.search.filters import ReleaseFilter, filtered
from stories.store.archive import StoredRelease

BATCH_RELEASES = 100  # read at a time
COLUMNS = (
    "id", "story", "kind", "revision", "source", "wire", "wire_id", "url", "headline", "subheadline", "place",
    "published_at", "first_seen_at", "embargoed_until", "issuer", "language", "tags", "tickers", "notice", "marker",
    "statement", "body", "about", "disclaimer", "contacts", "images",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Spreadsheets read cells that begin with these as formulas (OWASP, CSV Injection); the last four are full-width."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class ExportFormat(StrEnum):
    """Output formats."""

    JSONL = "jsonl"
    CSV = "csv"
    NINJS = "ninjs"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "wirewatch export > releases.jsonl",
            "wirewatch export --format csv --watch hkstp --since 30d > hkstp.csv",
            "wirewatch export --format ninjs --kind correction",
        )
    )(export)


def export(
    context: typer.Context,
    tag: Tag = None,
    watch: WatchName = None,
    source: Source = None,
    since_: Since = None,
    kind: Kind = None,
    query: Query = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Maximum number of releases; left out: all.")] = None,
    format: Annotated[  # noqa: A002
        ExportFormat, typer.Option("--format", help="ninjs: IPTC's ninjs 3.0, an item a line.")
    ] = ExportFormat.JSONL,
) -> None:
    """Export all stored releases, or those that match the options, newest first."""
    settings = context.obj.settings
    wanted = wanted_releases(settings, tag=tag, watch=watch, source=source, since_=since_, kind=kind, query=query)
    out = Out()

    async def work(app: AppContext) -> None:
        if format is ExportFormat.CSV:
            out.text(csv_line(COLUMNS))
        async for found in _chunks(app, wanted, limit):
            for line in await _lines(app, found, format):
                out.text(line)
            if not out.flush():
                return

    with_app_context(settings, work)


class Out:
    """Standard output; after its reader closed the pipe, further output is discarded."""

    def __init__(self) -> None:
        self._is_closed = False
        self._plain = not sys.stdout.isatty()

    def text(self, line: str) -> None:
        """Write a line that includes its line end."""
        self._try(lambda: sys.stdout.write(line if self._plain else json_text(line.encode())))

    def flush(self) -> bool:
        """Flush the output; False when its reader closed the pipe."""
        self._try(sys.stdout.flush)
        return not self._is_closed

    def _try(self, work: Callable[[], object]) -> None:
        if self._is_closed:
            return
        try:
            work()
        except BrokenPipeError:
            self._is_closed = True
            discard_output()


async def _chunks(app: AppContext, wanted: ReleaseFilter, limit: int | None) -> AsyncIterator[list[StoredRelease]]:
    found: list[StoredRelease] = []
    count = 0
    async for stored in filtered(app.archive, wanted, app.index):
        found.append(stored)
        count += 1
        if count == limit:
            break
        if len(found) == BATCH_RELEASES:
            yield found
            found = []
    yield found


async def _lines(app: AppContext, found: Sequence[StoredRelease], wanted: ExportFormat) -> list[str]:
    match wanted:
        case ExportFormat.CSV:
            return [csv_line([cell(value) for value in csv_cells(stored)]) for stored in found]
        case ExportFormat.JSONL:
            rows = [release_row(stored) for stored in found]
            for row in rows:
                del row["first_seen"]  # only for the table
            return [_json_line(row) for row in rows]
        case ExportFormat.NINJS:
            withdrawn = await app.archive.withdrawn(list({stored.story: None for stored in found}))
            moment = now()
            return [_json_line(item(stored, withdrawn=stored.story in withdrawn, now=moment)) for stored in found]


def _json_line(row: dict[str, Any]) -> str:
    return msgspec.json.encode(row).decode() + "\n"


def csv_cells(stored: StoredRelease) -> list[Any]:
    """Return a stored release as the values of ``COLUMNS``; lists become text with line breaks."""
    row = release_row(stored)
    notice = row["notice"] or {}
    row |= {
        "place": (row["dateline"] or {}).get("place"),
        "notice": notice.get("kind"),
        "marker": notice.get("marker"),
        "statement": notice.get("statement"),
        "tags": ", ".join(row["tags"]),
        "tickers": ", ".join(row["tickers"]),
        "body": "\n\n".join(row["body"]),
        "about": "\n\n".join(row["about"]),
        "contacts": "\n".join(row["contacts"]),
        "images": "\n".join(image["url"] for image in row["images"]),
    }
    return [row[name] for name in COLUMNS]


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet reads as a formula: an apostrophe precedes such text."""
    text = _UNPRINTABLE.sub(" ", "" if value is None else str(value))
    # Some programs skip blanks and invisible characters.
    return f"'{text}" if text.startswith(FORMULA) or text.strip().lstrip("\ufeff\u200b").startswith(FORMULA) else text


def csv_line(cells: Sequence[str]) -> str:
    """Return a line of CSV (RFC 4180), every cell in quotation marks."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
