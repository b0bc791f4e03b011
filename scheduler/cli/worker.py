"""``wirewatch worker``: crawls for a daemon, on this machine or another."""

from __future__ import annotations

import asyncio

import typer

from scheduler.cli.output import examples


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(epilog=examples("wirewatch worker", "wirewatch --config desk.toml worker"))(worker)


def worker(context: typer.Context) -> None:
    """Take crawl jobs from Redis, for running on more machines, until SIGTERM or SIGINT.

    It needs the configuration of the daemon, with redis_url where that is on another machine; on the same machine the
    daemon's data_dir is enough.
    """
    from scheduler import loop
    from scheduler.daemon import stop_on_signals
    from scheduler.worker import run_worker

    loaded = context.obj.load()

    async def main() -> None:
        stop = asyncio.Event()
        stop_on_signals(stop)
        await run_worker(loaded.settings, stop, ready)

    def ready() -> None:
        typer.echo(f"wirewatch works: configuration: {loaded.file or 'no file (defaults)'}", err=True)

    loop.run(main)
