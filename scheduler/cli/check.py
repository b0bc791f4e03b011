"""``wirewatch check``: validates the configuration, Redis and the channels."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from alerts.channels import channel_types
from alerts.outbox import Outbox
from config.json_schema import schema
from config.python_faults import interpreter_faults
from config.settings import Settings
from scheduler.cli.context import CommandError, with_app_context
from scheduler.cli.output import examples, line
from scheduler.cli.query_warnings import query_warnings, stored_warnings
from scheduler.leader.redis_mirror import data_loss
from scheduler.leader.worker_key import REGISTRY_PURPOSE
from scheduler.wiring import AppContext, now
from stories.crawl_state.canary_reports import DAEMON, CanaryReport, CanaryReports
from stories.crawl_state.workers import WorkerRegistry
from stories.db import keys
from stories.db.clock import MAX_SKEW, skew_warning, timekeeper
from stories.db.connection import server_risks
from stories.model.timestamps import parse_timestamp, timestamp
from stories.store.receipts import ChannelCounts, count_alerts
from stories.text.shell_commands import command

CANARY_AGE = timedelta(minutes=3)  # a canary runs every minute


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch check", "wirewatch check --schema > wirewatch.schema.json"))(check)


def check(
    context: typer.Context,
    print_schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the configuration.")] = False,
) -> None:
    """Validate the configuration, Redis and the channels; opens no connection to a source."""
    if print_schema:
        line(schema(channel_types()))
        return
    loaded = context.obj.load()
    settings = loaded.settings

    reports: dict[str, CanaryReport] = {}
    queries = [fault for name in settings.watches for fault in query_warnings(settings, name)]

    async def risks(app: AppContext) -> list[str]:
        counts = await count_alerts(app.redis, list(settings.channels), others=True)
        settled = set(settings.channels)
        removed = [name for name in sorted(await Outbox(app.redis).channels()) if name not in settled]
        gone = await count_alerts(app.redis, removed)
        counts = [count for count in counts if count.channel not in removed] + gone
        skew = (await timekeeper.measure(app.redis, samples=3)).skew
        clocks = [skew_warning(skew)] if abs(skew) > MAX_SKEW else []
        living, _ = await WorkerRegistry(app.redis, sign=partial(app.signer.sign, REGISTRY_PURPOSE)).list_workers()
        queries.extend(
            [fault for name in settings.watches for fault in await stored_warnings(app, settings, name, now())]
        )
        holder = await app.redis.get(keys.leader_lease().name)
        reports.update(await CanaryReports(app.redis).read([*([DAEMON] if holder else []), *living]))
        return [
            *removed_channels(gone),
            *await server_risks(app.redis),
            *clocks,
            *([lost] if (lost := await data_loss(app.redis)) else []),
            *channel_faults(counts),
        ]

    if unwritable := unwritable_files(settings):
        raise CommandError("; ".join(unwritable))
    faults = interpreter_faults(sys.version_info[:3])
    found = with_app_context(settings, risks)
    for warning in (*faults, *found, *canary_faults(reports, now()), *silent_settings(settings), *queries):
        typer.echo(f"warning: {warning}", err=True)
    enabled = sum(source.enabled for source in settings.sources.values())
    typer.echo(f"configuration: {loaded.file or 'none found, defaults'}")
    typer.echo(
        "redis: " + ("embedded, in " + str(settings.data_dir) if settings.redis_url is None else "as configured")
    )
    for report in reports.values():
        typer.echo(f"canary: {canary_words(report, now())}")
    typer.echo(
        f"{len(settings.watches)} watch(es), {len(settings.channels)} channel(s), "
        f"{enabled} of {len(settings.sources)} source(s) enabled: no errors"
    )


def canary_words(report: CanaryReport, now: datetime) -> str:
    """Return the last canary report of a process as a sentence."""
    succeeded = parse_timestamp(report.succeeded_at)
    age = f"{max(0.0, (now - succeeded).total_seconds()):.0f} s ago" if succeeded else "never"
    return f"{report.process} read a listing and a page of its own {age}"


def canary_faults(reports: Mapping[str, CanaryReport], now: datetime) -> list[str]:
    """Return the processes that cannot read pages, by the reports of their canaries."""
    faults = []
    for report in reports.values():
        ran = parse_timestamp(report.at)
        if report.failures:
            state = f"is blind since {report.blind_since}" if report.blind_since else "may be blind"
            faults.append(
                f"{report.process} {state}: its canary failed {report.failures} time(s) in a row at {report.stage} "
                f"({report.reason}); see canary_failed in its log, and restart it"
            )
        elif ran is None or now - ran > CANARY_AGE:
            faults.append(f"the canary of {report.process} has not run since {report.at}; restart that process")
    return faults


def channel_faults(counts: list[ChannelCounts]) -> list[str]:
    """Return a warning for every channel that is off or has failed alerts."""
    off = [
        f"channel {count.channel!r} is off since {timestamp(count.off_at) if count.off_at else 'some time'}: "
        f"{count.off}. To switch it on: {command('alerts', 'test', count.channel)}, or alerts retry"
        for count in counts
        if count.off
    ]
    failed = [
        f"{count.failed} alert(s) of channel {count.channel!r} failed: wirewatch alerts --failed shows them"
        for count in counts
        if count.failed
    ]
    return off + failed


def removed_channels(counts: list[ChannelCounts]) -> list[str]:
    """Return a warning for every removed channel whose alerts still wait."""
    return [
        f"{count.waiting} alert(s) wait for channel {count.channel!r}, which is not in the configuration any more; a "
        f"running daemon gives them up. Add [channels.{count.channel}] again, then: wirewatch alerts retry --all"
        for count in counts
        if count.waiting
    ]


def unwritable_files(settings: Settings) -> list[str]:
    """Return an error for every file channel whose file cannot be written."""
    found = []
    for name, channel in settings.channels.items():
        if channel.type != "file":
            continue
        path = Path(str(getattr(channel, "path", ""))).expanduser()
        there = path if path.exists() else next((parent for parent in path.absolute().parents if parent.exists()), path)
        if path.is_dir() or (there != path and not there.is_dir()) or not os.access(there, os.W_OK):
            found.append(f"channel {name!r} cannot write {path}: {there} is no folder or file that this user may write")
    return found


def silent_settings(settings: Settings) -> list[str]:
    """Return a warning for valid settings that alert nothing."""
    found = []
    for name, watch in settings.watches.items():
        off = [source for source in watch.sources or () if not settings.sources[source].enabled]
        found += [
            f"watch {name!r} follows {source!r}, which is off: {settings.sources[source].reason or 'you said so'}. "
            f"To turn it on: [sources.{source}] enabled = true"
            for source in off
        ]
    if not settings.watches:
        found.append("no watch is configured, so nothing is alerted: add [watches.NAME]")
    elif not settings.channels:
        found.append("no channel is configured, so no alert is sent: add [channels.NAME]")
    return found
