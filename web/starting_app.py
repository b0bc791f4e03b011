"""The app that a daemon serves before it reaches Redis: alive, but not ready."""

from __future__ import annotations

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

DETAIL = "starting: Redis has not answered yet"


async def starting_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 200 at ``/healthz`` and 503 everywhere else. No answer needs the token."""
    if scope["type"] != "http":
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        return
    if scope["path"] == "/healthz":
        answer = Response("ok\n", media_type="text/plain")
    else:
        readiness = {"ready": False, "checks": {"start": {"ok": False, "detail": DETAIL}}, "channels_off": {}}
        answer = Response(
            msgspec.json.encode(readiness), status_code=503, media_type="application/json", headers={"Retry-After": "1"}
        )
    await answer(scope, receive, send)
