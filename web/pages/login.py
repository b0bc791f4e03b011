"""The login form and logout."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from web.dependencies import dependencies_of
from web.security.access_control import COOKIE_DAYS, FORM_HEADERS, LOGIN, constant_time_equal, cookie_value, own_address
from web.security.csrf import fields_of, verified_form
from web.security.head_limits import COOKIE
from web.security.login_throttle import LoginThrottle
from web.templating import page

router = APIRouter()


@router.get(LOGIN)
async def login_form(request: Request) -> Response:
    """Show the form; without a configured token, redirect to the first page."""
    if dependencies_of(request).settings.web.token is None:
        return RedirectResponse("/", 303)
    return _form(200, None)


@router.post(LOGIN)
async def login(request: Request) -> Response:
    """Check the token of the form and set the cookie. Wrong tokens are throttled."""
    token = dependencies_of(request).settings.web.token
    if token is None:
        return RedirectResponse("/", 303)
    throttle: LoginThrottle = request.app.state.login_throttle
    address = request.client.host if request.client else ""
    fields = fields_of(await request.body())
    onward = own_address(fields.get("onward", "/"))
    wait = throttle.wait(address)
    if wait:
        return _form(429, f"Too many wrong tokens. Try again in {wait} s.", onward, {"Retry-After": str(wait)})
    if not constant_time_equal(fields.get("token", ""), token.get_secret_value()):
        throttle.failed(address)
        return _form(401, "This is not the token.", onward)
    answer = RedirectResponse(onward, 303)
    answer.set_cookie(
        COOKIE, cookie_value(token.get_secret_value()), max_age=COOKIE_DAYS * 86_400, httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Delete the cookie and the browser's cache of the pages."""
    await verified_form(request)
    answer = RedirectResponse(LOGIN, 303, {"Clear-Site-Data": '"cache"'})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _form(status: int, wrong: str | None, onward: str = "/", headers: Mapping[str, str] = {}) -> Response:
    return page(
        "login.html", status=status, headers={**FORM_HEADERS, **headers}, wrong=wrong, onward=onward, again=False
    )
