"""``wirewatch crawl`` and ``wirewatch trigger``: crawl now, here or in the running daemon."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn
from rich.text import Text

from config.settings import Settings
from crawler.progress import Tally
from scheduler.cli.context import CommandError, require_known, web_address, with_app_context
from scheduler.cli.output import Format, FormatOption, cell, chosen, examples, json_text, line, write
from scheduler.wiring import AppContext, now, open_app_context
from stories.db import keys
from stories.model.event import Event, event_json, event_payload
from stories.model.ids import crawl_id
from stories.model.sighting import Poll


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "wirewatch crawl media-outreach --tag HKSTP",
            "wirewatch crawl --url https://wire.example/news/1 --no-alerts",
        )
    )(crawl)
    app.command(epilog=examples("wirewatch trigger media-outreach --tag HKSTP"))(trigger)


def crawl(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="Left out: all enabled sources.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Poll the listings of this tag; left out: the tags of all watches.")
    ] = None,
    url: Annotated[list[str] | None, typer.Option(help="Read only this page.")] = None,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Store the releases, send no alerts.")] = False,
    format: FormatOption = None,  # noqa: A002 (the option's name)
) -> None:
    """Crawl once now, and print one event a line."""
    from scheduler import reactor
    from scheduler.roles.one_off import CrawlResult, crawl_once, polls_for

    settings = _settings(context.obj.settings, sources or [], no_alerts)
    urls = [web_address(address) for address in url or []]
    polls = polls_for(settings, sources or [], [name.lstrip("#＃") for name in tag or []], urls)
    if not polls:
        raise CommandError(
            "nothing to poll: no source is enabled, or its listings need a tag; give --tag, or add tags to a watch"
        )
    wanted = chosen(format)
    printed = 0

    async def main() -> CrawlResult:
        async with open_app_context(settings) as app:
            with _progress() as bar:
                task = bar.add_task("polling …")

                def changed(tally: Tally) -> None:
                    nonlocal printed
                    for event in tally.events[printed:]:
                        _print(event, wanted, bar)
                    printed = len(tally.events)
                    bar.update(task, description=_said(tally))

                return await crawl_once(app, polls, changed)

    done = reactor.run(main)
    if wanted is Format.JSON:
        line([event_payload(event) for event in done.tally.events])
    for error in done.tally.errors:
        typer.echo(cell(error).plain, err=True)
    typer.echo(_said(done.tally), err=True)
    if done.waiting:
        typer.echo(f"{done.waiting} alert(s) wait; the daemon or the next crawl sends them", err=True)
    if not done.tally.listings and not done.tally.pages:
        raise CommandError("nothing could be read")


def trigger(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source of the configuration.")],
    tag: Annotated[str | None, typer.Option(help="Poll only the listing of this tag.")] = None,
) -> None:
    """Request a crawl of a source from a running daemon, and print its id."""
    settings = _settings(context.obj.settings, [source], no_alerts=False)

    async def ask(app: AppContext) -> str:
        if not await app.redis.exists(keys.leader_lease().name):
            raise CommandError(
                "no daemon runs on this Redis; start one with wirewatch run, or crawl here with wirewatch crawl"
            )
        wanted = tag.lstrip("#＃") if tag else None
        poll = Poll(source=source, tag=wanted, reason="trigger", crawl_id=crawl_id(), asked_at=now())
        await app.stores.crawl_requests.submit(poll)
        return poll.crawl_id or ""

    typer.echo(with_app_context(settings, ask))


def _settings(settings: Settings, sources: list[str], no_alerts: bool) -> Settings:
    for name in sources:
        require_known(name, settings.sources, "source")
        source = settings.sources[name]
        if not source.enabled:
            raise CommandError(
                f"source {name!r} is off: {source.reason or 'the configuration says so'}. "
                f"To turn it on: [sources.{name}] enabled = true"
            )
    # A console channel would write between the printed events.
    channels = {
        name: channel for name, channel in settings.channels.items() if not no_alerts and channel.type != "console"
    }
    return settings.model_copy(update={"channels": channels})


@contextlib.contextmanager
def _progress() -> Iterator[Bar]:
    """Show a progress bar on a terminal; results and log lines are printed above it."""
    console = Console(stderr=not sys.stdout.isatty())
    bar = Bar(
        SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True,
        disable=not console.is_terminal, redirect_stdout=False, redirect_stderr=sys.stderr.isatty(),
    )  # fmt: skip
    handlers = [candidate for candidate in logging.getLogger().handlers if isinstance(candidate, logging.StreamHandler)]
    streams = [log_handler.stream for log_handler in handlers]
    with bar:
        for handler in handlers:
            handler.setStream(sys.stderr)
        try:
            yield bar
        finally:
            for handler, stream in zip(handlers, streams, strict=True):
                handler.setStream(stream)


def _print(event: Event, wanted: Format, bar: Bar) -> None:
    match wanted:
        case Format.JSON:  # all at the end
            return
        case Format.JSONL:
            text = Text(json_text(event_json(event)))
        case Format.TABLE:
            kind = event.type.removeprefix("release.")
            text = Text.assemble((f"{kind:<11}", "bold"), *(f" {part}" for part in _parts(event)))
    if sys.stdout.isatty():
        bar.console.print(text, soft_wrap=True)
    else:
        write(text.plain)


def _parts(event: Event) -> list[Text]:
    release = event.release
    return [cell(release.source), cell(release.headline), cell(release.url)] if release else [cell(event.source)]


def _said(tally: Tally) -> str:
    return (
        f"{tally.listings} listing(s) read, {tally.sightings} sighting(s), {tally.pages} release(s), "
        f"{len(tally.events)} event(s), {len(tally.errors)} error(s)"
    )
