"""The form that lets the holder of the token in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from web.forms import fields_of
from web.guard import COOKIE, COOKIE_DAYS, FORM_HEADERS, LOGIN, cookie_value, same
from web.patience import Tries
from web.render import page
from web.views import views

router = APIRouter()


@router.get(LOGIN)
async def login_form(request: Request) -> Response:
    """Show the form, where a token is asked for at all."""
    if views(request).settings.web.token is None:
        return RedirectResponse("/", 303)
    return page("login.html", headers=FORM_HEADERS, wrong=None)


@router.post(LOGIN)
async def login(request: Request) -> Response:
    """Take the token from the form and answer with the cookie; who is wrong too often waits."""
    token = views(request).settings.web.token
    if token is None:
        return RedirectResponse("/", 303)
    tries: Tries = request.app.state.tries
    who = request.client.host if request.client else ""
    wait = tries.wait(who)
    if wait:
        said = f"Too many wrong tokens. Try again in {wait} s."
        return page("login.html", status=429, headers={**FORM_HEADERS, "Retry-After": str(wait)}, wrong=said)
    fields = fields_of(await request.body())
    if not same(fields.get("token", ""), token.get_secret_value()):
        tries.failed(who)
        return page("login.html", status=401, headers=FORM_HEADERS, wrong="This is not the token.")
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, cookie_value(token.get_secret_value()), max_age=COOKIE_DAYS * 86_400, httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.get("/logout")
async def logout() -> Response:
    """Forget the cookie. A GET: a page elsewhere that calls it costs a login, no more."""
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
