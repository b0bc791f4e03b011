"""``wirewatch alerts``: receipts; ``retry`` sends again, ``test`` sends a test alert."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from alerts.delivery import Delivery
from alerts.outbox import Outbox
from scheduler.channels import open_channels
from scheduler.cli.check import removed_channels
from scheduler.cli.context import CommandError, require_known, since, with_app_context
from scheduler.cli.output import Format, FormatOption, chosen, examples, moment, plain_lines, show
from scheduler.wiring import AppContext, now
from stories.model.timestamps import timestamp
from stories.store.receipts import ChannelCounts, Receipt, count_alerts, find_alert, list_alerts

RETRY_RESULTS = {
    "due": "it is due again; the daemon sends it",
    "sending": "it is being sent now",
    "unknown": "the alert does not exist any more",
}
CHANNEL_COLUMNS = ("channel", "waiting", "oldest", "failed", "sent", "last_sent", "off", "last_error")
TEST_TIMEOUT = timedelta(seconds=30)


class AlertState(StrEnum):
    """States of alerts, as ``--state`` takes them."""

    PENDING = "pending"
    LEASED = "leased"
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


alerts = typer.Typer(invoke_without_command=True, help="Show the receipts of alerts; send alerts again.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(
        alerts,
        name="alerts",
        epilog=examples(
            "wirewatch alerts --failed",
            "wirewatch alerts --channel desk --state waiting --since 24h",
            "wirewatch alerts channels",
            "wirewatch alerts retry --all",
            "wirewatch alerts test desk",
        ),
    )


@alerts.callback()
def list_receipts(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only failed alerts (given up after all attempts).")] = False,
    channel: Annotated[str | None, typer.Option(help="Only alerts of this channel.")] = None,
    state: Annotated[
        AlertState | None, typer.Option(help="Only alerts in this state; waiting: pending or leased.")
    ] = None,
    watch: Annotated[str | None, typer.Option(help="Only alerts whose event names this watch.")] = None,
    since_text: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="7d", help="Only alerts created within this time (failed ones: failed within it)."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of rows.")] = 50,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """Show receipts, newest first; on a terminal also the state of every channel."""
    if context.invoked_subcommand is not None:
        return
    if failed and state not in (None, AlertState.FAILED):
        raise typer.BadParameter("--failed and --state exclude each other; leave out one of them")
    settings = context.obj.settings
    wanted = AlertState.FAILED if failed else state
    if watch is not None:
        require_known(watch, settings.watches, "watch")
    moment_since = since(since_text)

    async def read(app: AppContext) -> tuple[list[Receipt], list[ChannelCounts]]:
        found = await list_alerts(
            app.redis,
            channel=channel,
            state=wanted.value if wanted else None,
            watch=watch,
            since=moment_since,
            limit=limit,
        )
        return found, await _counts(app, channel)

    found, counts = with_app_context(settings, read)
    rows = [_row(receipt) | {"at": moment(timestamp(receipt.settled or receipt.created))} for receipt in found]
    if chosen(format) is Format.TABLE:
        show([_count_row(count) for count in counts], CHANNEL_COLUMNS, format)
        typer.echo()
    if channel is None:
        _warn_of_removed_channels(counts, settings.channels)
    show(rows, ("at", "channel", "type", "state", "tries", "id", "error"), format, empty="No alerts.")


async def _counts(app: AppContext, channel: str | None) -> list[ChannelCounts]:
    if channel is not None:
        return await count_alerts(app.redis, [channel])
    configured = list(app.settings.channels)
    counts = await count_alerts(app.redis, configured, others=True)
    removed = sorted(await Outbox(app.redis).channels() - set(configured))
    gone = await count_alerts(app.redis, removed)
    found = [count for count in counts if count.channel not in removed]
    failed = {count.channel: count.failed for count in counts}
    return [*found, *(replace(count, failed=failed.get(count.channel, 0)) for count in gone)]


def _warn_of_removed_channels(counts: list[ChannelCounts], configured: Collection[str]) -> None:
    """Warn on standard error of channels that have alerts and are not in the configuration."""
    for line in removed_channels([count for count in counts if count.channel not in configured]):
        typer.echo(plain_lines(line), err=True)


@alerts.command(epilog=examples("wirewatch alerts channels", "wirewatch alerts channels --format json"))
def channels(context: typer.Context, format: FormatOption = None) -> None:  # noqa: A002
    """Show the state of every channel: waiting and failed alerts, the last error, whether it is off."""
    counts = with_app_context(context.obj.settings, lambda app: _counts(app, None))
    _warn_of_removed_channels(counts, context.obj.settings.channels)
    if chosen(format) is Format.TABLE:
        show([_count_row(count) for count in counts], CHANNEL_COLUMNS, format, empty="No channels.")
    else:
        show([_row(count) for count in counts], CHANNEL_COLUMNS, format)


def _count_row(counted: ChannelCounts) -> dict[str, Any]:
    row = _row(counted)
    off = f"since {moment(row['off_at'])}: {row['off']}" if counted.off else None
    return row | {"oldest": moment(row["oldest_waiting"]), "last_sent": moment(row["last_sent"]), "off": off}


def _row(counted: Receipt | ChannelCounts) -> dict[str, Any]:
    return {name: timestamp(value) if isinstance(value, datetime) else value for name, value in asdict(counted).items()}


@alerts.command(epilog=examples("wirewatch alerts retry evt_01…:desk", "wirewatch alerts retry --all"))
def retry(
    context: typer.Context,
    alert: Annotated[str | None, typer.Argument(metavar="ID", help="The alert to send again.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Send all failed alerts again.")] = False,
) -> None:
    """Send one alert or all failed alerts again; the daemon delivers them."""
    if (alert is None) == (not every):
        raise typer.BadParameter("give the ID of one alert, or --all")

    async def again(app: AppContext) -> str:
        outbox = Outbox(app.redis)
        off = await _disabled_channels(app)
        if alert is None:
            said = f"{await outbox.retry_all()} alert(s) are due again"
        elif await find_alert(app.redis, alert) is None:
            raise CommandError(f"alert {alert!r} does not exist; wirewatch alerts lists all alerts")
        else:
            said = RETRY_RESULTS[await outbox.retry(alert)]
        turned_on = sorted(off - await _disabled_channels(app))
        return "\n".join([said, *(f"channel {name!r} is on again" for name in turned_on)])

    typer.echo(with_app_context(context.obj.settings, again))


async def _disabled_channels(app: AppContext) -> set[str]:
    return {count.channel for count in await _counts(app, None) if count.off}


@alerts.command("test", epilog=examples("wirewatch alerts test desk"))
def test_channel(
    context: typer.Context, channel: Annotated[str, typer.Argument(help="A channel of the configuration.")]
) -> None:
    """Send a test alert to a channel and print the result; a channel that is off is switched on."""
    settings = context.obj.settings
    require_known(channel, settings.channels, "channel")

    async def send(app: AppContext) -> str:
        outbox = Outbox(app.redis)
        off = channel in await _disabled_channels(app)
        if off:
            await outbox.turn_on(channel)
        alert = await outbox.enqueue_test(channel, now())
        await Delivery(app.redis, open_channels(settings, only=[channel])).drain(TEST_TIMEOUT)
        receipt = await find_alert(app.redis, alert)
        if receipt is None or receipt.state != "sent":
            why = receipt.error if receipt else "its receipt was deleted"
            raise CommandError(f"the test alert did not arrive at {channel!r}: {why or 'it still waits'}")
        said = f"the test alert arrived at {channel!r}" + (f": {receipt.detail}" if receipt.detail else "")
        if off:
            said += f"\nchannel {channel!r} is on again; to send its failed alerts: wirewatch alerts retry --all"
        return said

    typer.echo(with_app_context(settings, send))
