"""``wirewatch crawl`` and ``wirewatch trigger``: crawl now, here or in the running daemon."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn

from config.settings import Settings
from scheduler.cli.context import Failed, known, with_newsroom
from scheduler.cli.output import Format, FormatOption, cell, chosen, line
from scheduler.newsroom import Newsroom, now, open_newsroom
from stories import keys
from stories.event import Event, event_json, event_payload
from stories.ids import crawl_id
from stories.sighting import Poll


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(
        epilog="wirewatch crawl media-outreach --tag HKSTP\n"
        "wirewatch crawl --url https://wire.example/news/1 --no-alerts"
    )(crawl)
    app.command(epilog="wirewatch trigger media-outreach --tag HKSTP")(trigger)


def crawl(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(help="All that are enabled, if none is named.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Those of the watches, if none is given.")] = None,
    url: Annotated[list[str] | None, typer.Option(help="Take just these pages.")] = None,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Store what is found, tell nobody.")] = False,
    format: FormatOption = None,  # noqa: A002 (the option's name)
) -> None:
    """Crawl once, now, and print one event a line."""
    from scheduler import loop
    from scheduler.once import Crawled, crawl_once, polls_for

    settings = _settings(context.obj.settings, sources or [], no_alerts)
    polls = polls_for(settings, sources or [], [one.lstrip("#＃") for one in tag or []], url or [])
    if not polls:
        raise Failed(
            "nothing to poll: no source is enabled, or their listings ask for tags and no watch names any (--tag)"
        )
    wanted = chosen(format)
    collected: list[Event] = []
    printed = 0

    async def main() -> Crawled:
        async with open_newsroom(settings) as newsroom:
            console = Console(stderr=True)
            with Bar(
                SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True,
                disable=not console.is_terminal,
            ) as bar:  # fmt: skip
                task = bar.add_task("asking …")

                def changed(tally: object) -> None:
                    nonlocal printed
                    events = tally.events  # type: ignore[attr-defined]
                    for event in events[printed:]:
                        collected.append(event)
                        _print(event, wanted)
                    printed = len(events)
                    bar.update(task, description=_said(tally))

                return await crawl_once(newsroom, polls, changed)

    done = loop.run(main)
    if wanted is Format.JSON:
        line([event_payload(event) for event in collected])
    for error in done.tally.errors:
        typer.echo(error, err=True)
    typer.echo(_said(done.tally), err=True)
    if done.waiting:
        typer.echo(f"{done.waiting} alert(s) wait: the daemon delivers them, or the next crawl", err=True)
    if not done.tally.listings and not done.tally.pages:
        raise Failed("nothing could be read")


def trigger(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A source of the configuration.")],
    tag: Annotated[str | None, typer.Option(help="Only the listing of this tag.")] = None,
) -> None:
    """Ask a running daemon to crawl a source now; prints the crawl's id."""
    settings = context.obj.settings
    known(source, settings.sources, "source")

    async def ask(newsroom: Newsroom) -> str:
        if not await newsroom.redis.exists(keys.daemon().name):
            raise Failed("no daemon runs on this Redis; start one (wirewatch run), or crawl here (wirewatch crawl)")
        poll = Poll(source=source, tag=tag, reason="trigger", crawl_id=crawl_id(), asked_at=now())
        await newsroom.desk.ask(poll)
        return poll.crawl_id or ""

    typer.echo(with_newsroom(settings, ask))


def _settings(settings: Settings, sources: list[str], no_alerts: bool) -> Settings:
    for name in sources:
        known(name, settings.sources, "source")
        source = settings.sources[name]
        if not source.enabled:
            raise Failed(
                f"source {name!r} is off: {source.reason or 'the configuration says so'}. "
                f"To turn it on: [sources.{name}] enabled = true"
            )
    # The events are printed here: a console channel would write into them.
    channels = {
        name: channel for name, channel in settings.channels.items() if not no_alerts and channel.type != "console"
    }
    return settings.model_copy(update={"channels": channels})


def _print(event: Event, wanted: Format) -> None:
    if wanted is Format.JSONL:
        line(event_json(event))
    elif wanted is Format.TABLE and event.release is not None:
        release = event.release
        kind = event.type.removeprefix("release.")
        sys.stdout.write(f"{kind:<11} {cell(release.source)}  {cell(release.headline)}  {cell(release.url)}\n")
        sys.stdout.flush()


def _said(tally: object) -> str:
    counts = {name: getattr(tally, name) for name in ("listings", "sightings", "pages")}
    return (
        f"{counts['listings']} listing(s) read, {counts['sightings']} sighting(s), {counts['pages']} release(s), "
        f"{len(tally.events)} event(s), {len(tally.errors)} error(s)"  # type: ignore[attr-defined]
    )
