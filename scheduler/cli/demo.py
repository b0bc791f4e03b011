"""``wirewatch demo``: a small newswire on loopback, and the real daemon watching it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from alerts.channels import channel_types
from config.loader import load
from scheduler.cli.output import cell, examples

KINDS = ("new", "corrected", "updated", "revised", "withdrawn")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch demo", "wirewatch demo --seconds 60"))(demo)


def demo(
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="Duration in seconds.")] = 30,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page; 0: any free port.")] = 0,
) -> None:
    """A small newswire publishes, syndicates, corrects, edits and withdraws; the real daemon watches it."""
    from scheduler import reactor

    with tempfile.TemporaryDirectory(prefix="wirewatch-demo-") as folder:
        reactor.run(lambda: _play(Path(folder), seconds, port))


async def _play(folder: Path, seconds: float, port: int) -> None:
    from scheduler.demo.configuration import configuration, toml_text
    from scheduler.demo.newswire import serve
    from scheduler.demo.script import Desk, play
    from scheduler.process.shutdown import stop_on_signals
    from scheduler.roles.daemon import run_daemon

    stop = asyncio.Event()
    stop_on_signals(stop)
    async with serve() as wire:
        table = configuration(wire, channels={"terminal": {"type": "console"}, "log": _log(folder)})
        table |= {"data_dir": str(folder / "data"), "web": {"port": port}}
        file = folder / "wirewatch.toml"
        file.write_text(toml_text(table), encoding="utf-8")
        settings = load(file, channel_types(), {}).settings
        ready = asyncio.Event()

        def started(address: str) -> None:
            typer.echo(
                f"A newswire of {len(wire.sites)} sites plays for {seconds:.0f} s. The page: {address}\n", err=True
            )
            ready.set()

        desk = Desk(wire)
        daemon = asyncio.create_task(run_daemon(settings, stop, started))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([daemon, waiting], return_when=asyncio.FIRST_COMPLETED)
        if daemon.done():
            waiting.cancel()
            return await daemon
        script = asyncio.create_task(play(wire, seconds, desk=desk))
        ended = asyncio.create_task(stop.wait())
        await asyncio.wait([script, daemon, ended], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        for task in (script, ended):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await daemon
    _report(folder / "alerts.jsonl")
    return None


def _log(folder: Path) -> dict[str, str]:
    return {"type": "file", "path": str(folder / "alerts.jsonl")}


def _report(log: Path) -> None:
    """Print the alerts as a table, and how often each kind and each story came."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    events = list({event["id"]: event for event in map(msgspec.json.decode, lines)}.values())
    table = Table(title="Alerts", title_justify="left", box=None, header_style="bold", pad_edge=False)
    for column in ("kind", "source", "headline", "replaces", "changes"):
        table.add_column(column, overflow="fold", no_wrap=column in ("kind", "source"))
    for event in events:
        data = event["data"]
        release, replaces = data["release"], data["replaces"]
        table.add_row(
            cell(event["type"].removeprefix("release.")),
            cell(release["source"]),
            cell(release["headline"]),
            cell(replaces and ("the same page" if replaces["id"] == release["id"] else replaces["headline"])),
            cell(len(data["changes"]) or None),
        )
    console = Console(width=None if os.isatty(1) else 140)
    console.print()
    console.print(table)
    kinds = Counter(event["type"].removeprefix("release.") for event in events)
    stories = Counter(event["data"]["story"]["id"] for event in events if event["type"] == "release.new")
    twice = sum(count > 1 for count in stories.values())
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS)
    console.print(f"\n{counted}; {len(stories)} stories alerted as new, {twice} of them twice")
