"""``wirewatch worker``: takes polls and alerts from a daemon, on this or another machine."""

from __future__ import annotations

import asyncio
import sys

import structlog
import typer

from config.python_faults import interpreter_faults
from config.settings import Settings
from scheduler.cli.output import examples

log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch worker", "wirewatch --config desk.toml worker"))(worker)


def worker(context: typer.Context) -> None:
    """Take crawl jobs from Redis, for running on more machines, until SIGTERM or SIGINT.

    It needs the configuration of the daemon, with redis_url where that is on another machine; on the same machine the
    daemon's data_dir is enough.
    """
    from scheduler import reactor
    from scheduler.process.shutdown import stop_on_signals, stopping
    from scheduler.process.watchdog import exit_on_stall
    from scheduler.roles.configuration_reload import ConfigurationReload
    from scheduler.roles.worker import run_worker

    loaded = context.obj.load()
    for fault in interpreter_faults(sys.version_info[:3]):
        log.warning("python_fault", reason=fault)

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop, ConfigurationReload(loaded, context.obj.load))
        async with exit_on_stall():
            await run_worker(loaded.settings, stop, ready)

    def ready() -> None:
        typer.echo(f"wirewatch works: configuration: {loaded.file or 'no file (defaults)'}", err=True)
        if alone := of_this_machine(loaded.settings):
            typer.echo(alone, err=True)

    reactor.run(main)
    stopping.finish()


def of_this_machine(settings: Settings) -> str | None:
    """Return a warning that a worker without ``redis_url`` reaches no other machine; None with it."""
    if settings.redis_url is not None:
        return None
    return (
        f"No redis_url is set, so this worker serves only a daemon on this machine with the same data_dir "
        f"({settings.data_dir}). To use more machines, set the same redis_url on all of them (docs/operations.md)."
    )
