"""``/api/v1/releases``: stored releases, newest first."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from config.durations import parse_duration
from config.index_query import indexed, query_expression, watch_expression
from config.query import QuerySyntaxError
from stories.model.list_position import ListPosition, parse_list_position
from stories.model.release import release_payload
from stories.search.filters import ReleaseFilter, kind_of, page_of
from stories.search.reader_pool import QueryTooExpensiveError
from stories.store.archive import StoredRelease
from web.api.shapes import NOT_MODIFIED, Kind, ReleasesShape, ReleaseWithRevisionsShape, conditional_answer
from web.dependencies import Dependencies, dependencies_of
from web.problems import UnusableInputError, problem_response
from web.view_models.query_notes import query_notes

MAX_RELEASES_EXAMINED = 1_000  # for one page while there is no index; the next page continues
MAX_QUERY_CHARACTERS = 500  # characters

router = APIRouter(tags=["releases"])


def stored_payload(stored: StoredRelease) -> dict[str, Any]:
    """Return a release with its place in its story."""
    return {
        "release": release_payload(stored.release),
        "story": stored.story,
        "kind": kind_of(stored),
        "verdict": stored.verdict,
        "why": stored.why,
        "replaces": stored.replaces,
    }


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """Return the time for ``7d``, an ISO 8601 time or a date (UTC without an offset).

    Raises ``ValueError`` with the allowed forms.
    """
    if text is None:
        return None
    try:
        # An unescaped plus sign arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        return now - parse_duration(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@router.get("/releases", summary="Stored releases, newest first", response_model=ReleasesShape, responses=NOT_MODIFIED)
async def list_releases(
    request: Request,
    q: Annotated[
        str | None,
        Query(
            description='A search in headline and text, with the syntax of watches\' queries: words, `"phrases"`, '
            "`innov*`, `AND OR NOT ( )`, `field:value` and more (docs/reference/queries.md)",
            examples=['"science park" AND NOT golf', "半導體", "tag:HKSTP language:en"],
            max_length=MAX_QUERY_CHARACTERS,
        ),
    ] = None,
    tag: Annotated[str | None, Query(description="A hashtag; `#` and case do not matter", max_length=200)] = None,
    watch: Annotated[
        str | None, Query(description="The name of a watch: releases that it matches", max_length=64)
    ] = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[
        str | None, Query(description="First seen since: `7d`, `48h`, or an ISO 8601 time", max_length=40)
    ] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before", max_length=60)] = None,
) -> Response:
    """Return a page of releases; all given filters must match.

    Pass `next` as `cursor` until it is null. No release is missing or repeated, whatever arrives in the meantime.
    While the index is being built (some minutes after an update), a page may have fewer than `limit` releases, even
    none, and still have a `next`.
    """
    dependencies = dependencies_of(request)
    wanted = release_filter(dependencies, q=q, tag=tag, watch=watch, source=source, since=since, kind=kind)
    try:
        page = await page_of(
            dependencies.archive,
            wanted,
            finder=dependencies.finder,
            before=_place(cursor),
            limit=limit,
            look_at=MAX_RELEASES_EXAMINED,
        )
    except QueryTooExpensiveError as error:
        raise UnusableInputError("query.q", str(error)) from error
    releases = [
        release_payload(stored.release) | {"story": stored.story, "kind": kind_of(stored)} for stored in page.releases
    ]
    return conditional_answer(
        request,
        {
            "releases": releases,
            "next": str(page.next) if page.next is not None else None,
            "query": asdict(notes) if (notes := query_notes(dependencies.settings, q or "")) else None,
        },
    )


@router.get(
    "/releases/{id}", summary="A release with its revisions", response_model=ReleaseWithRevisionsShape,
    responses={**NOT_MODIFIED, 404: problem_response("No such release is stored")},
)  # fmt: skip
async def show_release(request: Request, id: str) -> Response:  # noqa: A002 (the contract's name)
    """Return a release, why it belongs to its story, and all its revisions."""
    archive = dependencies_of(request).archive
    stored = await archive.release(id)
    if stored is None:
        raise HTTPException(404, f"no release {id!r} is stored")
    revisions = [release_payload(revision) for revision in await archive.revisions(id)]
    return conditional_answer(request, stored_payload(stored) | {"revisions": revisions})


def release_filter(
    dependencies: Dependencies,
    *,
    q: str | None = None,
    tag: str | None = None,
    watch: str | None = None,
    source: str | None = None,
    since: str | None = None,
    kind: Kind | None = None,
) -> ReleaseFilter:
    """Return the filter for the parameters of a list of releases; 422 with the invalid parameter."""
    parts = []
    if watch is not None:
        if watch not in dependencies.settings.watches:
            names = ", ".join(dependencies.settings.watches) or "none"
            raise UnusableInputError("query.watch", f"no watch {watch!r}; the watches are: {names}")
        parts.append(
            indexed(
                lambda release: dependencies.matches(watch, release),
                watch_expression(dependencies.settings.watches[watch]),
            )
        )
    if q is not None and q.strip():
        try:
            parts.append(indexed(dependencies.query(q), query_expression(q)))
        except QuerySyntaxError as error:
            raise UnusableInputError("query.q", str(error)) from error
    try:
        moment = parse_since(since, dependencies.now())
    except ValueError as error:
        raise UnusableInputError("query.since", f"{error}, or an ISO 8601 date or time") from error
    return ReleaseFilter(tag=tag, source=source, kind=kind, since=moment, parts=parts)


def _place(cursor: str | None) -> ListPosition | None:
    if cursor is None:
        return None
    try:
        return parse_list_position(cursor)
    except ValueError as error:
        raise UnusableInputError("query.cursor", "is not a `next` of a page; start again without a cursor") from error
