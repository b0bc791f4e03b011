"""``wirewatch healthcheck``: checks that the daemon on this machine answers; for containers and supervisors."""

from __future__ import annotations

import urllib.request

import typer

from scheduler.cli.context import CommandError
from scheduler.cli.output import examples

TIMEOUT_SECONDS = 3.0  # the health check of the image waits 5 s


def register(app: typer.Typer) -> None:
    """Add the command of this module; --help hides it, because it is for programs."""
    app.command(hidden=True, epilog=examples("wirewatch healthcheck"))(healthcheck)


def healthcheck(context: typer.Context) -> None:
    """Exit with 0 when /healthz of the daemon answers, else with 1."""
    web = context.obj.settings.web
    host = "127.0.0.1" if web.host in ("0.0.0.0", "::", "localhost") else web.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{web.port}/healthz"
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with ask.open(url, timeout=TIMEOUT_SECONDS) as answer:
            answer.read(1_024)
    except OSError as error:
        raise CommandError(f"{url} does not answer: {error}") from error
