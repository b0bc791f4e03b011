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

SHOWN = 100  # characters of a block or a value in an explanation
EXPLAINED = (
    "headline", "subheadline", "dateline", "published_at", "embargoed_until", "issuer", "language", "wire", "wire_id",
    "tags", "tickers",
)  # fmt: skip


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
    explain: Annotated[
        bool, typer.Option("--explain", help="Print why: each block kept or dropped, the witnesses of each field.")
    ] = False,
) -> None:
    """Read one page and print the release; needs no Redis."""
    settings: Settings = context.obj.settings
    if source is not None:
        require_known(source, settings.sources, "source")
    if url is not None:
        web_address(url)
    if explain:
        if page.startswith(("http://", "https://")):
            raise CommandError("--explain reads a saved page: save the page, and name its URL with --url")
        typer.echo(plain_lines(_explained(settings, Path(page), url, source)))
        return
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
    from pipelines.tidy import tidy

    html = _bytes(file)
    name, hints = _source_hints(settings, url, source)
    try:
        release = extract_release(html, url, hints)
    except NotARelease as refusal:
        raise CommandError(f"{file} is no release: {refusal}") from refusal
    return tidy(release, name or "")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error


def _source_hints(settings: Settings, url: str | None, source: str | None) -> tuple[str | None, ReleaseHints]:
    from crawler.polling.polls import source_of

    name = source or (source_of(url, settings.sources) if url else None)
    known_source = settings.sources.get(name) if name else None
    return name, known_source.hints if known_source else ReleaseHints()


def _explained(settings: Settings, file: Path, url: str | None, source: str | None) -> str:
    """Return what becomes of each block of a page, and what each field was read from, a line each."""
    from crawler.extraction import explain_release

    explanation = explain_release(_bytes(file), url, _source_hints(settings, url, source)[1])
    release = explanation.release
    lines = [f"refused: {explanation.refusal}" if release is None else f"release: {release.headline}", "", "blocks:"]
    for verdict in explanation.evidence.verdicts():
        text = " ".join(verdict.text.split())
        lines.append(
            f"{verdict.index:5} {verdict.part:10} {text[:SHOWN]}{'…' * (len(text) > SHOWN)}  [{verdict.reason}]"
        )
    lines += ["", "fields:"]
    witnesses = explanation.evidence.witnesses
    fields = dict.fromkeys(witness.field for witness in witnesses)
    if release is not None:
        payload = release_payload(release)
        fields |= {name: None for name in EXPLAINED if name in payload}
    for name in fields:
        value = f" = {msgspec.json.encode(payload[name]).decode()}" if release is not None and name in EXPLAINED else ""
        lines.append(f"  {name}{value}")
        for witness in witnesses:
            if witness.field == name:
                mark = "*" if witness.is_used else "-"
                reason = f" ({witness.reason})" if witness.reason else ""
                lines.append(f"    {mark} {' '.join(witness.value.split())[:SHOWN]}  [{witness.origin}]{reason}")
    return "\n".join(lines)


def _text(release: Release, shape: Shape) -> str:
    if shape is Shape.TEXT:
        return release.text
    head = [f"# {release.headline}", *([f"*{release.subheadline}*"] if release.subheadline else [])]
    return "\n\n".join([*head, *release.body, *(["## About", *release.about] if release.about else [])])


def _json(release: Release) -> bytes:
    payload = release_payload(release) | {"source": release.source or None}
    return msgspec.json.format(msgspec.json.encode(payload), indent=2)
