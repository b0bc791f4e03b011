"""``wirewatch watches``: the watches; ``test`` lists the stored releases that one matches."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from config.query_words import explain_query
from scheduler.cli.archive import COLUMNS, release_row
from scheduler.cli.context import require_known, watch_filter, with_app_context
from scheduler.cli.output import FormatOption, examples, show
from scheduler.cli.query_warnings import query_warnings, stored_warnings
from scheduler.wiring import AppContext, now
from stories.search.filters import ReleaseFilter, filtered

watches = typer.Typer(invoke_without_command=True, help="Show the watches; test one.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(watches, name="watches", epilog=examples("wirewatch watches", "wirewatch watches test hkstp"))


@watches.callback()
def list_watches(context: typer.Context, format: FormatOption = None) -> None:  # noqa: A002
    """Show the watches of the configuration."""
    if context.invoked_subcommand is not None:
        return
    rows = [
        {
            "name": name,
            "title": watch.title or name,
            "tags": list(watch.tags),
            "query": watch.query,
            "sources": list(watch.sources) if watch.sources is not None else ["all"],
            "events": list(watch.events),
            "channels": list(watch.channels) if watch.channels is not None else ["all"],
        }
        for name, watch in context.obj.settings.watches.items()
    ]
    empty = "No watch is configured: add [watches.NAME] with tags or a query (README.md)."
    show(rows, ("name", "title", "tags", "sources", "channels", "query"), format, empty=empty)


@watches.command("test", epilog=examples("wirewatch watches test hkstp"))
def test_watch(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A watch of the configuration.")],
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of releases.")] = 20,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """List the stored releases that a watch matches, newest first."""
    settings = context.obj.settings
    require_known(name, settings.watches, "watch")
    wanted = ReleaseFilter(parts=watch_filter(settings, name))
    query = settings.watches[name].query
    if query:
        typer.echo(f"matches if: {explain_query(query)}", err=True)
    for warning in query_warnings(settings, name):
        typer.echo(f"warning: {warning}", err=True)

    async def read(app: AppContext) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        async for stored in filtered(app.archive, wanted, app.index):
            rows.append(release_row(stored))
            if len(rows) == limit:
                break
        for warning in [] if rows else await stored_warnings(app, settings, name, now()):
            typer.echo(f"warning: {warning}", err=True)
        return rows

    show(with_app_context(settings, read), COLUMNS, format, empty="The watch matches no stored release.")
