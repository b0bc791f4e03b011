"""``wirewatch releases`` and ``wirewatch show``: the stored releases and stories."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from config.settings import Settings
from scheduler.cli.context import CommandError, query_filter, require_known, since, watch_filter, with_app_context
from scheduler.cli.output import Format, FormatOption, cell, chosen, examples, line, moment, show
from scheduler.wiring import AppContext
from stories.crawl_state.page_observations import PageStates
from stories.model.event import change_payload, claim_payload
from stories.model.release import Release, release_payload
from stories.search.filters import KINDS, ReleaseFilter, filtered, kind_of
from stories.store.archive import StoredRelease
from stories.text.correction_claims import checked_claims
from stories.text.word_diff import Segment, SegmentState, marked_changes

COLUMNS = ("first_seen", "kind", "source", "id", "headline")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        epilog=examples(
            "wirewatch releases --watch hkstp --since 7d",
            "wirewatch releases --kind correction",
            "wirewatch releases --query '\"science park\" AND NOT golf'",
        )
    )(releases)
    app.command("show", epilog=examples("wirewatch show sty_01…", "wirewatch show rel_01…"))(show_story)


Tag = Annotated[str | None, typer.Option(help="Only releases with this hashtag.")]
WatchName = Annotated[str | None, typer.Option(help="Only releases that this watch matches.")]
Source = Annotated[str | None, typer.Option(help="Only releases of this source.")]
Since = Annotated[str | None, typer.Option("--since", help="Only releases first seen within this time: 7d, 12h …")]
Kind = Annotated[str | None, typer.Option(help=", ".join(KINDS))]
Query = Annotated[
    str | None, typer.Option("--query", "-q", help='As a watch\'s query: words, "phrases", AND OR NOT, field:value.')
]


def releases(
    context: typer.Context,
    tag: Tag = None,
    watch: WatchName = None,
    source: Source = None,
    since_: Since = None,
    kind: Kind = None,
    query: Query = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of releases.")] = 50,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """List the stored releases, newest first."""
    settings = context.obj.settings
    wanted = wanted_releases(settings, tag=tag, watch=watch, source=source, since_=since_, kind=kind, query=query)

    async def read(app: AppContext) -> list[StoredRelease]:
        found: list[StoredRelease] = []
        async for stored in filtered(app.archive, wanted, app.index):
            found.append(stored)
            if len(found) == limit:
                break
        return found

    rows = [release_row(stored) for stored in with_app_context(settings, read)]
    show(rows, COLUMNS, format)


def wanted_releases(
    settings: Settings,
    *,
    tag: str | None,
    watch: str | None,
    source: str | None,
    since_: str | None,
    kind: str | None,
    query: str | None,
) -> ReleaseFilter:
    """Return the filter of the options; an invalid option is a usage error."""
    if kind is not None:
        require_known(kind, dict.fromkeys(KINDS), "kind")
    return ReleaseFilter(
        tag=tag,
        source=source,
        kind=kind,
        since=since(since_),
        parts=[*watch_filter(settings, watch), *query_filter(query)],
    )


def release_row(stored: StoredRelease) -> dict[str, Any]:
    """Return a stored release as one row of output."""
    return release_payload(stored.release) | {
        "story": stored.story,
        "kind": kind_of(stored),
        "first_seen": moment(stored.release.first_seen_at),
    }


def show_story(
    context: typer.Context,
    story: Annotated[str, typer.Argument(metavar="ID", help="The id of a story, a release or an event.")],
    format: FormatOption = None,  # noqa: A002
) -> None:
    """Show a story: its releases, why they belong to it, their revisions and changes."""

    async def read(app: AppContext) -> dict[str, Any]:
        found = await app.archive.story_of(story)
        if found is None:
            raise CommandError(
                f"no story, release or event has the id {story!r}; wirewatch releases lists stored releases"
            )
        return {
            "id": found.id,
            "watches": list(found.watches),
            "channels": list(found.channels),
            "releases": [
                _part(stored, await app.archive.revisions(stored.release.id or ""), found.releases)
                | _variation(await app.page_observations.page_states(stored.release.id or ""))
                for stored in found.releases
            ],
        }

    data = with_app_context(context.obj.settings, read)
    if chosen(format) is Format.TABLE:
        _print(data)
    else:
        line(data)


STATES = {
    "confirmed": "the changes confirm it",
    "not found": "the changes do not contain it",
    "unclear": "the changes neither confirm nor refute it",
}


def _claimed(release: Release, found: list[dict[str, Any]] | None) -> list[dict[str, str | None]]:
    """Return the claims of a notice, checked against the changes; None: the changes are unknown."""
    if release.notice is None:
        return []
    sides = None if found is None else [(change["before"], change["after"]) for change in found]
    return [claim_payload(claim) for claim in checked_claims(release.notice.statement, sides)]


def _part(stored: StoredRelease, revisions: list[Release], story: tuple[StoredRelease, ...]) -> dict[str, Any]:
    from pipelines.release_diff import changes

    original = next((candidate.release for candidate in story if candidate.release.id == stored.replaces), None)
    against = [change_payload(change) for change in changes(original, stored.release)] if original else []
    compared = against if original else None
    if original is not None and original.id == stored.release.id and len(revisions) > 1:
        compared = [
            change_payload(change) for change in changes(revisions[-2], stored.release)
        ]  # a notice about its own page
    return {
        "release": release_payload(stored.release),
        "kind": kind_of(stored),
        "why": stored.why,
        "replaces": stored.replaces,
        "changes": against,
        "claims": _claimed(stored.release, compared),
        "revisions": [
            {
                "revision": after.revision,
                "headline": after.headline,
                "changes": [change_payload(change) for change in changes(before, after)],
            }
            for before, after in pairwise(revisions)
        ],
    }


def _variation(states: PageStates) -> dict[str, Any]:
    """Return the volatile parts of a page, whose changes are not alerted."""
    return {
        "unstable": states.is_unstable,
        "volatile": [{"field": place.field, "text": place.text} for place in states.places if place.is_volatile],
    }


def _print(data: dict[str, Any]) -> None:
    console = Console()
    console.print(Text(data["id"], style="bold"), Text(f"  alerted: {', '.join(data['channels']) or 'no channel'}"))
    for part in data["releases"]:
        release = part["release"]
        console.print()
        console.print(Text(f"{part['kind']:<11}", style="bold"), cell(release["headline"]))
        console.print(Text(f"            {release['source']}  {release['published_at'] or 'no date'}  {release['id']}"))
        console.print(cell(f"            {release['url']}"))
        console.print(cell(f"            why: {part['why']}"))
        if release["notice"] and release["notice"]["statement"]:
            console.print(cell(f"            it says: {release['notice']['statement']}"))
        for claim in part["claims"]:
            said = " → ".join(part for part in (claim["wrong"], claim["right"] and f"now {claim['right']}") if part)
            console.print(cell(f"            it corrects: {said} ({STATES[str(claim['state'])]})"))
        _print_changes(console, part["changes"], f"against {part['replaces']}")
        for revision in part["revisions"]:
            _print_changes(console, revision["changes"], f"revision {revision['revision']}")
        if part["unstable"]:
            console.print(
                cell("            unstable: the page returns to earlier states; these changes are not alerted")
            )
        for place in part["volatile"]:
            console.print(cell(f"            volatile, not alerted: {place['field']}: {place['text'] or '(nothing)'}"))


def _kinds(pieces: Sequence[Segment]) -> str:
    """Return the kinds of changed words, " (date)", " (amount, name)" …; empty for plain text."""
    kinds = dict.fromkeys(piece.kind for piece in pieces if piece.state != "kept" and piece.kind != "text")
    return f" ({', '.join(kinds)})" if kinds else ""


def _print_changes(console: Console, found: list[dict[str, Any]], title: str) -> None:
    if not found:
        return
    console.print(cell(f"            {title}:"))
    for change in found:
        where = change["field"] + (f" {change['paragraph']}" if "paragraph" in change else "")
        pieces = marked_changes(change["before"], change["after"])
        console.print(cell(f"              {where}{_kinds(pieces)}"))
        if change["before"] is not None:
            console.print(Text("              - ", style="red"), _side(pieces, "removed", "red"), sep="")
        if change["after"] is not None:
            console.print(Text("              + ", style="green"), _side(pieces, "added", "green"), sep="")


def _side(pieces: Sequence[Segment], state: SegmentState, colour: str) -> Text:
    """Return one side of a change, its removed or added words in colour."""
    shown = (piece for piece in pieces if piece.state in ("kept", state))
    return Text.assemble(
        *((cell(piece.text).plain, "" if piece.state == "kept" else f"bold {colour}") for piece in shown)
    )
