"""``/api/v1/releases``: what is stored, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from config.durations import parse_duration
from stories.archive import Stored
from stories.filtering import ReleaseFilter, kind_of, passes
from stories.release import release_payload
from web.api.shapes import Kind, ReleasesShape, ReleaseWithRevisionsShape, answer
from web.problems import problem_response
from web.views import Views, views

LOOKED_AT = 5_000  # releases for one page of a rare filter; further ones are the next page's, with the same cursor

router = APIRouter(tags=["releases"])


def stored_payload(stored: Stored) -> dict[str, Any]:
    """Return a release with its part in its story."""
    return {
        "release": release_payload(stored.release),
        "story": stored.story,
        "kind": kind_of(stored),
        "verdict": stored.verdict,
        "why": stored.why,
        "replaces": stored.replaces,
    }


def parse_since(text: str | None, now: datetime) -> datetime | None:
    """Return the moment that ``7d``, an ISO 8601 time or a date (UTC where no offset is given) means.

    ``ValueError`` names what is allowed.
    """
    if text is None:
        return None
    try:
        # A plus sign that nobody escaped arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        return now - parse_duration(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@router.get("/releases", summary="What is stored, newest first", response_model=ReleasesShape)
async def list_releases(
    request: Request,
    tag: Annotated[str | None, Query(description="A hashtag; `#` and case do not matter", max_length=200)] = None,
    watch: Annotated[str | None, Query(description="The name of a watch: what it matches", max_length=64)] = None,
    source: Annotated[str | None, Query(max_length=200)] = None,
    since: Annotated[
        str | None, Query(description="First seen since: `7d`, `48h`, or an ISO 8601 time", max_length=40)
    ] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before", max_length=40)] = None,
) -> Response:
    """Return a page of releases. A page may hold fewer than `limit`, even none, and still have a `next`."""
    asked = views(request)
    wanted = _filter(asked, tag=tag, watch=watch, source=source, since=since, kind=kind)
    if cursor is not None and await asked.archive.release(cursor) is None:
        raise HTTPException(422, f"query.cursor: no release {cursor!r} is stored; begin again without a cursor")
    found: list[Stored] = []
    last, looked_at, more = cursor, 0, False
    async for stored in asked.archive.releases(since=wanted.since, before=cursor):
        if len(found) == limit or looked_at == LOOKED_AT:
            more = True
            break
        looked_at += 1
        last = stored.release.id
        if passes(stored, wanted):
            found.append(stored)
    releases = [release_payload(one.release) | {"story": one.story, "kind": kind_of(one)} for one in found]
    return answer({"releases": releases, "next": last if more else None})


@router.get(
    "/releases/{id}", summary="A release with its revisions", response_model=ReleaseWithRevisionsShape,
    responses={404: problem_response("No such release is stored")},
)  # fmt: skip
async def show_release(request: Request, id: str) -> Response:  # noqa: A002 (the contract's name)
    """Return a release as it stands, why it belongs to its story, and every state it was in."""
    archive = views(request).archive
    stored = await archive.release(id)
    if stored is None:
        raise HTTPException(404, f"no release {id!r} is stored")
    revisions = [release_payload(one) for one in await archive.revisions(id)]
    return answer(stored_payload(stored) | {"revisions": revisions})


def _filter(
    asked: Views, *, tag: str | None, watch: str | None, source: str | None, since: str | None, kind: Kind | None
) -> ReleaseFilter:
    if watch is not None and watch not in asked.settings.watches:
        names = ", ".join(asked.settings.watches) or "none"
        raise HTTPException(422, f"query.watch: no watch {watch!r}; the watches are: {names}")
    try:
        moment = parse_since(since, asked.now())
    except ValueError as error:
        raise HTTPException(422, f"query.since: {error}, or an ISO 8601 date or time") from error
    return ReleaseFilter(
        tag=tag,
        source=source,
        kind=kind,
        since=moment,
        matches=(lambda release: asked.matches(watch, release)) if watch is not None else None,
    )
