"""A story: its releases as they stand, what each changed, who was alerted, and any two states compared."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse

from web.api.events import id_of
from web.history import compared, story_view
from web.pages.frame import show
from web.views import views

IMAGES_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: http:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Of a story's page where its pictures were asked for: they come from the hosts of their sources."""

router = APIRouter()


@router.get("/stories/{id}")
async def story(
    request: Request,
    id: str,  # noqa: A002 (the API's name)
    before: str = "",
    after: str = "",
    images: bool = False,
) -> HTMLResponse:
    """Show a story: its releases, why each belongs, what changed, who was alerted."""
    asked = views(request)
    found = await asked.archive.story_of(id)
    if found is None:
        raise HTTPException(404, "no such story is stored; wirewatch forgets after 400 days")
    newest = await asked.archive.latest_events(1)
    view = await story_view(found, asked)
    return show(
        request, "story.html", "", headers={"Content-Security-Policy": IMAGES_POLICY} if images else {},
        story=view, comparison=compared(view, asked, before, after), images=images,
        last=id_of(newest[0]) if newest else "",
    )  # fmt: skip
