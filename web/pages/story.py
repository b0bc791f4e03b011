"""The page of a story: its releases, their changes, its alerts, and a comparison of two states."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import HTMLResponse

from config.address_policy import AddressPolicy
from web.dependencies import dependencies_of
from web.pages.frame import show
from web.pictures import picture_host, picture_hosts, pictures_policy
from web.view_models.story import compared, story_view

router = APIRouter()


@router.get("/stories/{id}")
async def story(
    request: Request,
    id: str,  # noqa: A002 (the API's name)
    before: str = "",
    after: str = "",
    images: str = "",
) -> HTMLResponse:
    """Show a story: its releases, why each belongs to it, the changes and the alerts."""
    dependencies = dependencies_of(request)
    found = await dependencies.archive.story_of(id)
    if found is None:
        raise HTTPException(404, "no such story is stored; wirewatch keeps stories for 400 days")
    view = await story_view(found, dependencies)
    policy = AddressPolicy(dependencies.settings.polling.private_addresses)
    pictures = [image.url for shown in view.releases for image in shown.release.images]
    hosts = picture_hosts(pictures, policy) if images else ()
    return show(
        request, "story.html", "", headers={"Content-Security-Policy": pictures_policy(hosts)} if images else {},
        story=view, comparison=compared(view, dependencies, before, after),
        loaded={url for url in pictures if images and picture_host(url, policy) in hosts}, images=bool(images),
    )  # fmt: skip
