"""The web server of a daemon: it answers probes from the start, and serves the app of the current role."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from web.app import end_streams
from web.security.connection_limits import Connection
from web.starting_app import starting_app

WEB_GRACE_SECONDS = 1  # seconds for requests in progress at the end


class WebServer(uvicorn.Server):
    """uvicorn without signal handlers: the daemon handles signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class WebFront:
    """Serves one app at a time on a listening socket; without one, the starting app."""

    def __init__(self, bound: socket.socket) -> None:
        self._bound = bound
        self._app: FastAPI | None = None
        self._server: WebServer | None = None
        self._ending = False
        self.closed = asyncio.Event()
        """Set when the server has ended after :meth:`end`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to the current app."""
        await (self._app or starting_app)(scope, receive, send)

    def show(self, app: FastAPI | None) -> None:
        """Serve this app from now on, and end the streams of the previous one."""
        before, self._app = self._app, app
        if before is not None and before is not app:
            end_streams(before)

    async def serve(self) -> None:
        """Serve until cancelled, and take requests until :meth:`end`; can be called again after a fault."""
        self._server = WebServer(
            uvicorn.Config(
                self,
                http=Connection,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=WEB_GRACE_SECONDS,
                server_header=False,
            )
        )
        if self._ending:
            self._server.should_exit = True
        await self._server.serve(sockets=[self._bound.dup()])
        if self._ending:
            self.closed.set()
            await asyncio.Event().wait()  # so that the supervisor does not restart it

    def end(self) -> None:
        """Take no more requests, and end when those in progress are answered."""
        self._ending = True
        if self._app is not None:
            end_streams(self._app)
        if self._server is not None:
            self._server.should_exit = True
