"""``wirewatch extract``: read one page and print the release."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from config.settings import Settings
from config.source_settings import ReleaseHints
from scheduler.cli.context import CommandError, require_known, web_address
from scheduler.cli.output import examples, line, plain_lines
from stories.model.ids import crawl_id
from stories.model.release import NotARelease, Release, release_payload
from stories.model.sighting import Poll


class Shape(StrEnum):
    """Output formats."""

    JSON = "json"
    TEXT = "text"
    MARKDOWN = "markdown"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("wirewatch extract page.html --url https://wire.example/news/1 --format text"))(extract)


def extract(
    context: typer.Context,
    page: Annotated[str, typer.Argument(metavar="FILE|URL", help="A saved page, or a URL to fetch.")],
    url: Annotated[str | None, typer.Option(help="The URL of a saved page.")] = None,
    source: Annotated[str | None, typer.Option(help="Use the hints of this source.")] = None,
    format: Annotated[Shape, typer.Option("--format", help="The output format.")] = Shape.JSON,  # noqa: A002
) -> None:
    """Read one page and print the release; needs no Redis."""
    settings: Settings = context.obj.settings
    if source is not None:
        require_known(source, settings.sources, "source")
    if url is not None:
        web_address(url)
    if page.startswith(("http://", "https://")):
        release = _fetched(settings, page, source)
    else:
        release = _saved(settings, Path(page), url, source)
    if format is Shape.JSON:
        line(_json(release))
    else:
        typer.echo(plain_lines(_text(release, format)))


def _fetched(settings: Settings, url: str, source: str | None) -> Release:
    from crawler.polling.polls import source_of
    from scheduler import reactor
    from scheduler.roles.one_off import try_polls
    from scheduler.wiring import now

    name = source or source_of(web_address(url), settings.sources)
    poll = Poll(source=name, urls=(url,), reason="crawl", crawl_id=crawl_id(), asked_at=now())
    tried = reactor.run(lambda: try_polls(settings, [poll], pages=0))
    if not tried.releases:
        raise CommandError("; ".join(tried.errors) or f"{url}: no release was read")
    return tried.releases[0]


def _saved(settings: Settings, file: Path, url: str | None, source: str | None) -> Release:
    from crawler.extraction import extract_release
    from crawler.polling.polls import source_of
    from pipelines.tidy import tidy

    try:
        html = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    name = source or (source_of(url, settings.sources) if url else None)
    known_source = settings.sources.get(name) if name else None
    try:
        release = extract_release(html, url, known_source.hints if known_source else ReleaseHints())
    except NotARelease as refusal:
        raise CommandError(f"{file} is no release: {refusal}") from refusal
    return tidy(release, name or "")


def _text(release: Release, shape: Shape) -> str:
    if shape is Shape.TEXT:
        return release.text
    head = [f"# {release.headline}", *([f"*{release.subheadline}*"] if release.subheadline else [])]
    return "\n\n".join([*head, *release.body, *(["## About", *release.about] if release.about else [])])


def _json(release: Release) -> bytes:
    payload = release_payload(release) | {"source": release.source or None}
    return msgspec.json.format(msgspec.json.encode(payload), indent=2)
