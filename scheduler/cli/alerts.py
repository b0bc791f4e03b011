"""``wirewatch alerts``: receipts; ``retry`` sends again, ``test`` sends a test alert."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from alerts.channels import open_channel
from alerts.delivery import Delivery
from alerts.outbox import Outbox
from alerts.receipts import ChannelCounts, Receipt, count_alerts, find_alert, list_alerts
from config.addresses import AddressPolicy
from scheduler.cli.context import Failed, known, with_newsroom
from scheduler.cli.output import Format, FormatOption, chosen, examples, moment, show
from scheduler.newsroom import Newsroom, now
from stories.moments import timestamp

RETRIED = {
    "due": "it is due again; the daemon delivers it",
    "sending": "it is being sent at this moment",
    "unknown": "there is no such alert any more",
}
TEST_PATIENCE = timedelta(seconds=30)
alerts = typer.Typer(invoke_without_command=True, help="Receipts of alerts.")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.add_typer(
        alerts,
        name="alerts",
        epilog=examples("wirewatch alerts --failed", "wirewatch alerts retry --all", "wirewatch alerts test desk"),
    )


@alerts.callback()
def list_receipts(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that were given up.")] = False,
    channel: Annotated[str | None, typer.Option(help="Only of this channel.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """Receipts, newest first."""
    if context.invoked_subcommand is not None:
        return

    settings = context.obj.settings

    async def read(newsroom: Newsroom) -> tuple[list[Receipt], list[ChannelCounts]]:
        found = await list_alerts(newsroom.redis, channel=channel, state="failed" if failed else None, limit=limit)
        return found, await count_alerts(newsroom.redis, [channel] if channel else list(settings.channels))

    found, counts = with_newsroom(settings, read)
    rows = [_row(receipt) | {"at": moment(timestamp(receipt.settled or receipt.created))} for receipt in found]
    if chosen(format) is Format.TABLE:
        show([_row(one) for one in counts], ("channel", "waiting", "failed", "sent", "off", "last_error"), format)
        typer.echo()
    show(rows, ("at", "channel", "type", "state", "tries", "id", "error"), format, empty="No alerts.")


def _row(counted: Receipt | ChannelCounts) -> dict[str, Any]:
    return {name: timestamp(value) if isinstance(value, datetime) else value for name, value in asdict(counted).items()}


@alerts.command(epilog=examples("wirewatch alerts retry evt_01…:desk", "wirewatch alerts retry --all"))
def retry(
    context: typer.Context,
    alert: Annotated[str | None, typer.Argument(metavar="ID", help="Of one alert.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    """Send again: one alert, or all that were given up; the daemon delivers them."""
    if (alert is None) == (not every):
        raise typer.BadParameter("name one alert's ID, or --all")

    async def again(newsroom: Newsroom) -> str:
        outbox = Outbox(newsroom.redis)
        if alert is None:
            return f"{await outbox.retry_all()} alert(s) are due again"
        if await find_alert(newsroom.redis, alert) is None:
            raise Failed(f"there is no alert {alert!r}; wirewatch alerts lists them")
        return RETRIED[await outbox.retry(alert)]

    typer.echo(with_newsroom(context.obj.settings, again))


@alerts.command("test", epilog=examples("wirewatch alerts test desk"))
def test_channel(
    context: typer.Context, channel: Annotated[str, typer.Argument(help="A channel of the configuration.")]
) -> None:
    """Send a test alert to a channel, and say how it went."""
    settings = context.obj.settings
    known(channel, settings.channels, "channel")

    async def send(newsroom: Newsroom) -> str:
        alert = await Outbox(newsroom.redis).enqueue_test(channel, now())
        policy = AddressPolicy(settings.polling.private_addresses)
        opened = open_channel(channel, settings.channels[channel], policy)
        await Delivery(newsroom.redis, {channel: opened}).drain(TEST_PATIENCE)
        receipt = await find_alert(newsroom.redis, alert)
        if receipt is None or receipt.state != "sent":
            why = receipt.error if receipt else "its receipt is gone"
            raise Failed(f"the test alert did not arrive at {channel!r}: {why or 'it still waits'}")
        return f"the test alert arrived at {channel!r}" + (f": {receipt.detail}" if receipt.detail else "")

    typer.echo(with_newsroom(settings, send))
