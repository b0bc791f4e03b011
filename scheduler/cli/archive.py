"""``wirewatch releases`` and ``wirewatch show``: what is stored."""

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
from stories.text.diff import Segment, SegmentState, marked_changes

COLUMNS = ("first_seen", "kind", "source", "id", "headline")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(
        epilog=examples(
            "wirewatch releases --watch hkstp --since 7d",
            "wirewatch releases --kind correction",
            "wirewatch releases --query '\"science park\" AND NOT golf'",
        )
    )(releases)
    app.command("show", epilog=examples("wirewatch show sty_01…", "wirewatch show rel_01…"))(show_story)


Tag = Annotated[str | None, typer.Option(help="With this hashtag.")]
WatchName = Annotated[str | None, typer.Option(help="That this watch matches.")]
Source = Annotated[str | None, typer.Option(help="Of this source.")]
Since = Annotated[str | None, typer.Option("--since", help="First seen within: 7d, 12h …")]
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
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    format: FormatOption = None,  # noqa: A002
) -> None:
    """What is stored, newest first."""
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
    """Return what the options ask for; a usage error names what cannot be used."""
    if kind is not None:
        require_known(kind, dict.fromkeys(KINDS), "kind")
    return ReleaseFilter(
        tag=tag,
        source=source,
        kind=kind,
        since=since(since_),
        asked=[*watch_filter(settings, watch), *query_filter(query)],
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
    story: Annotated[str, typer.Argument(metavar="ID", help="Of a story, a release or an event.")],
    format: FormatOption = None,  # noqa: A002
) -> None:
    """A story: its releases, why they belong to it, its revisions and what each changed."""

    async def read(app: AppContext) -> dict[str, Any]:
        found = await app.archive.story_of(story)
        if found is None:
            raise CommandError(f"nothing is stored with the id {story!r}; wirewatch releases lists what is")
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
    "confirmed": "what changed shows it",
    "not found": "nothing that changed shows it",
    "unclear": "what changed does not tell",
}


def _claimed(release: Release, found: list[dict[str, Any]] | None) -> list[dict[str, str | None]]:
    """Return what a notice says it puts right, held against what changed (None: against what is not known)."""
    if release.notice is None:
        return []
    sides = None if found is None else [(one["before"], one["after"]) for one in found]
    return [claim_payload(claim) for claim in checked_claims(release.notice.statement, sides)]


def _part(stored: StoredRelease, revisions: list[Release], story: tuple[StoredRelease, ...]) -> dict[str, Any]:
    from pipelines.changes import changes

    original = next((one.release for one in story if one.release.id == stored.replaces), None)
    against = [change_payload(one) for one in changes(original, stored.release)] if original else []
    told = against if original else None
    if original is not None and original.id == stored.release.id and len(revisions) > 1:
        told = [change_payload(one) for one in changes(revisions[-2], stored.release)]  # it says so of its own page
    return {
        "release": release_payload(stored.release),
        "kind": kind_of(stored),
        "why": stored.why,
        "replaces": stored.replaces,
        "changes": against,
        "claims": _claimed(stored.release, told),
        "revisions": [
            {
                "revision": after.revision,
                "headline": after.headline,
                "changes": [change_payload(one) for one in changes(before, after)],
            }
            for before, after in pairwise(revisions)
        ],
    }


def _variation(states: PageStates) -> dict[str, Any]:
    """Return what a page shows by chance: changes of it are not alerted."""
    return {
        "unstable": states.is_unstable,
        "volatile": [{"field": place.field, "text": place.text} for place in states.places if place.is_volatile],
    }


def _print(data: dict[str, Any]) -> None:
    console = Console()
    console.print(Text(data["id"], style="bold"), Text(f"  alerted: {', '.join(data['channels']) or 'nobody'}"))
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
            said = " → ".join(one for one in (claim["wrong"], claim["right"] and f"now {claim['right']}") if one)
            console.print(cell(f"            it corrects: {said} ({STATES[str(claim['state'])]})"))
        _print_changes(console, part["changes"], f"against {part['replaces']}")
        for revision in part["revisions"]:
            _print_changes(console, revision["changes"], f"revision {revision['revision']}")
        if part["unstable"]:
            console.print(cell("            unstable: the page goes back to earlier states, which are not alerted"))
        for place in part["volatile"]:
            console.print(cell(f"            volatile, not alerted: {place['field']}: {place['text'] or '(nothing)'}"))


def _kinds(pieces: Sequence[Segment]) -> str:
    """Return " (date)", " (amount, name)" …: what went or came in a change, where it is more than words."""
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
    """Return a text as it was or became, the words that went or came in colour."""
    shown = (piece for piece in pieces if piece.state in ("kept", state))
    return Text.assemble(
        *((cell(piece.text).plain, "" if piece.state == "kept" else f"bold {colour}") for piece in shown)
    )
