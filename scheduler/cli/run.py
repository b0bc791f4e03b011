"""``wirewatch run``: the daemon."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import structlog
import typer

from config.python_faults import interpreter_faults
from scheduler.cli.output import examples

log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch run", "wirewatch --config desk.toml run", "wirewatch run --standby"))(run)


def run(
    context: typer.Context,
    standby: Annotated[
        bool, typer.Option("--standby", help="While another daemon is the leader, wait to take its place.")
    ] = False,
) -> None:
    """Run the daemon: poll, alert and serve the page until SIGTERM or SIGINT."""
    from scheduler import reactor
    from scheduler.process.shutdown import stop_on_signals, stopping
    from scheduler.process.watchdog import exit_on_stall
    from scheduler.roles.configuration_reload import ConfigurationReload
    from scheduler.roles.daemon import run_daemon

    loaded = context.obj.load()
    settings = loaded.settings
    for fault in interpreter_faults(sys.version_info[:3]):
        log.warning("python_fault", reason=fault)

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop, ConfigurationReload(loaded, context.obj.load))
        async with exit_on_stall():
            await run_daemon(settings, stop, ready, standby=standby)

    def ready(address: str) -> None:
        enabled = sum(source.enabled for source in settings.sources.values())
        where = loaded.file or "no file (defaults)"
        typer.echo(f"wirewatch runs: {address}  configuration: {where}", err=True)
        typer.echo(
            f"{enabled} source(s), {len(settings.watches)} watch(es), {len(settings.channels)} channel(s)", err=True
        )
        if not settings.watches:
            typer.echo("No watch is configured, so nothing is alerted: add [watches.NAME] to the file.", err=True)

    reactor.run(main)
    stopping.finish()
