"""``wirewatch healthcheck``: does the daemon on this machine answer? For containers and supervisors."""

from __future__ import annotations

import urllib.request

import typer

from scheduler.cli.context import CommandError
from scheduler.cli.output import examples

TIMEOUT_SECONDS = 3.0  # seconds; the image's health check waits five


def register(app: typer.Typer) -> None:
    """Add the command of this file, which --help does not show: no person needs it."""
    app.command(hidden=True, epilog=examples("wirewatch healthcheck"))(healthcheck)


def healthcheck(context: typer.Context) -> None:
    """End with 0 when the daemon's /healthz answers, else with 1."""
    web = context.obj.settings.web
    host = "127.0.0.1" if web.host in ("0.0.0.0", "::", "localhost") else web.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{web.port}/healthz"
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with ask.open(url, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(1_024)
    except OSError as error:
        raise CommandError(f"{url} does not answer: {error}") from error
