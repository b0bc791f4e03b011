"""``/api/v1/stories``: all releases that are the same announcement."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from web.api.releases import stored_payload
from web.api.shapes import NOT_MODIFIED, StoryShape, conditional_answer
from web.dependencies import dependencies_of
from web.problems import problem_response

router = APIRouter(tags=["stories"])


@router.get(
    "/stories/{id}", summary="A story with all its releases", response_model=StoryShape,
    responses={**NOT_MODIFIED, 404: problem_response("No such story is stored")},
)  # fmt: skip
async def show_story(request: Request, id: str) -> Response:  # noqa: A002 (the contract's name)
    """Return the story with this id, or the one that a release (`rel_…`) or an event (`evt_…`) belongs to."""
    story = await dependencies_of(request).archive.story_of(id)
    if story is None:
        raise HTTPException(404, f"no story {id!r} is stored")
    return conditional_answer(
        request,
        {
            "id": story.id,
            "watches": list(story.watches),
            "channels": list(story.channels),
            "releases": [stored_payload(release) for release in story.releases],
        },
    )
