"""``wirewatch sources``: the sources and their health; ``test`` polls one without storing anything."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from config.source_settings import SourceSettings
from crawler.polling.polls import listings_of
from scheduler.cli.context import CommandError, require_known, with_app_context
from scheduler.cli.output import Format, FormatOption, cell, chosen, examples, line, moment, show
from scheduler.wiring import AppContext, now
from stories.crawl_state.quarantine import how_to_read
from stories.crawl_state.source_status import SourceHealth
from stories.crawl_state.websub_subscriptions import push_payloads
from stories.model.ids import crawl_id
from stories.model.release import Release, release_payload

MAX_TEST_PAGES = 3  # release pages that a test reads
sources = typer.Typer(invoke_without_command=True, help="Show the sources and their health; test one.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(
        sources, name="sources", epilog=examples("wirewatch sources", "wirewatch sources test media-outreach")
    )


@sources.callback()
def list_sources(context: typer.Context, format: FormatOption = None) -> None:  # noqa: A002
    """The sources and their health."""
    if context.invoked_subcommand is not None:
        return
    settings = context.obj.settings

    async def read(app: AppContext) -> list[dict[str, Any]]:
        rows = []
        for name, source in settings.sources.items():
            health = await app.stores.source_status.health(name)
            pushes = await push_payloads(app.websub_store, [(name, listing.url) for listing in health.listings], now())
            rows.append(_row(name, source, health, [pushes.get((name, listing.url)) for listing in health.listings]))
        return rows

    rows = with_app_context(settings, read)
    show(rows, ("name", "state", "last_read", "sightings", "releases", "complete", "open_gaps", "push", "why"), format)


def _row(
    name: str, source: SourceSettings, health: SourceHealth, pushes: list[dict[str, Any] | None]
) -> dict[str, Any]:
    found = health.verdict
    return {
        "name": name,
        "title": source.title or name,
        "verified": source.verified,
        "reason": source.reason,
        **asdict(health),
        "state": _state(source.enabled, health),
        "since": found.since,
        "listings": [listing.url for listing in source.listings],
        "health": [asdict(listing) | {"push": push} for listing, push in zip(health.listings, pushes, strict=True)],
        "verdict": asdict(found),
        "last_read": moment(health.read_at),
        "complete": None if found.whole is None else f"{100 * found.whole:.0f} %",
        "open_gaps": len(health.gaps) or None,
        "push": ", ".join(sorted({push["state"] for push in pushes if push})) or None,
        "why": _why(source, health),
    }


def _state(enabled: bool, health: SourceHealth) -> str:
    if not enabled:
        return "off"
    if health.verdict.state is not None:
        return health.verdict.state
    if health.error:
        return "failing"
    return "working" if health.read_at else "not polled yet"


def _why(source: SourceSettings, health: SourceHealth) -> str | None:
    if not source.enabled:
        return source.reason
    found = health.verdict
    words = [found.detail or found.word or health.error] if found.state != "working" else []
    words += [f"since {moment(found.since)}"] if words and words[0] and found.since else []
    words += [f"gap {moment(gap.from_at)} to {moment(gap.to_at)}" for gap in health.gaps]
    if health.waiting_pages:
        words.append(f"{health.waiting_pages:,} page(s) wait for the budget of the source (docs/operations.md)")
    words += [f"{item.kind} quarantined: {item.why}, {how_to_read(item)}" for item in health.set_aside]
    return "; ".join(word for word in words if word) or None


@sources.command("test", epilog=examples("wirewatch sources test media-outreach --tag HKSTP"))
def test_source(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A source of the configuration.")],
    tag: Annotated[
        list[str] | None, typer.Option(help="The tag for {tag} listings; left out: the tags of all watches.")
    ] = None,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """Poll one source without storing anything, and print what was read and what failed."""
    from scheduler import reactor
    from scheduler.roles.one_off import try_polls

    settings = context.obj.settings
    require_known(name, settings.sources, "source")
    requested_at, crawl = now(), crawl_id()
    tags = [name.lstrip("#＃") for name in tag or []] or list(settings.watched_tags())
    listings = list(listings_of(name, settings.sources[name], tags, settings.polling.interval))
    if not settings.sources[name].listings:
        raise CommandError(f"source {name!r} has no listing: {settings.sources[name].reason or 'nothing to poll'}")
    if not listings:
        raise CommandError(f"every listing of {name!r} needs a tag: give --tag, or add tags to a watch")
    polls = [listing.poll(requested_at, "crawl", crawl) for listing in listings]
    tried = reactor.run(lambda: try_polls(settings, polls, MAX_TEST_PAGES, refetch_robots=True))
    if chosen(format) is Format.TABLE:
        typer.echo(f"{name}: {tried.listings} of {len(polls)} listing(s) read, {len(tried.sightings)} sighting(s)")
        for sighting in tried.sightings[:10]:
            typer.echo(f"  {cell(sighting.published_at or sighting.published_raw)}  {cell(sighting.headline)}")
            typer.echo(f"    {cell(sighting.url)}")
        for release in tried.releases:
            typer.echo(f"read: {cell(release.headline)}\n  {cell(_holds(release))}")
        for error in tried.errors:
            typer.echo(f"not read: {cell(error)}")
    else:
        line(
            {
                "source": name,
                "listings": tried.listings,
                "sightings": [{"url": found.url, "headline": found.headline} for found in tried.sightings],
                "releases": [release_payload(release) for release in tried.releases],
                "errors": tried.errors,
                "advice": tried.advice,
            }
        )
    if not tried.listings or (tried.sightings and not tried.releases):
        raise CommandError("the source could not be read; the lines above name the reason")
    if not tried.sightings:
        advice = "; ".join(tried.advice) or (
            "a feed or sitemap may be empty now; for an HTML page add selectors (docs/sources.md)"
        )
        raise CommandError(f"the listings were read, but they list no release: {advice}")


def _holds(release: Release) -> str:
    return (
        f"{len(release.body)} paragraphs, published {release.published_at or 'unknown'}, "
        f"wire {release.wire or 'unknown'}, id {release.wire_id or 'unknown'}, tags {', '.join(release.tags) or 'none'}"
    )
