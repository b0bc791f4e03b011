"""A secret that is set appears nowhere: in no output of a command, log, page, API answer, receipt or error report."""

from __future__ import annotations

import re

import aiohttp
import pytest
from aiohttp import web
from daemon import running
from program import Program

from scheduler.cli import check
from scheduler.demo import stories

CANARIES = {
    "redis": "sparrow-redis-1f3a9c",
    "token": "sparrow-token-2b77d0e4",
    "workers": "sparrow-workers-3c91aa07",
    "path": "sparrow-path-4d20",
    "query": "sparrow-query-5e31",
    "user": "sparrow-user-6f42",
    "password": "sparrow-password-7a53",
    "whsec": "Y2FuYXJ5LXdoc2VjLTRkMjAtYWJjZGVm",
    "apprise": "sparrow-apprise-8b64",
    "dsn": "sparrowdsn9c75",
}
ANY = re.compile("|".join([*CANARIES.values(), "sparrow"]), re.IGNORECASE)
PLACES = (
    "/api/v1/alerts", "/api/v1/sources", "/api/v1/events", "/api/v1/releases", "/metrics", "/readyz", "/openapi.json",
    "/", "/alerts", "/alerts?state=failed", "/sources", "/watches", "/docs",
)  # fmt: skip


@pytest.fixture
async def echoing():
    """A receiver that refuses everything and repeats all that it was sent."""

    async def echo(asked: web.Request) -> web.Response:
        body = (await asked.read())[:2_000].decode("utf-8", "replace")
        words = f"Cannot {asked.method} {asked.path} {asked.raw_path} {asked.query_string} {dict(asked.headers)} {body}"
        return web.Response(status=404, text=words, headers={"X-Echo": asked.path_qs})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", echo)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def secretive(table, redis_url, echoing):
    """A configuration with a canary in every setting that may hold a secret, and receivers that repeat it."""
    table["redis_url"] = redis_url.replace("unix://", "unix://default@", 1) + f"&password={CANARIES['redis']}"
    table["web"] = {"port": 0, "token": CANARIES["token"]}
    table["workers"] = {"secret": CANARIES["workers"]}
    user = f"{CANARIES['user']}:{CANARIES['password']}"
    table["channels"] = {
        "hook": {
            "type": "webhook", "url": f"http://{user}@{echoing}/hooks/{CANARIES['path']}/?key={CANARIES['query']}",
            "secret": f"whsec_{CANARIES['whsec']}", "retry": [],
        },
        "chat": {"type": "apprise", "url": f"json://{user}@{echoing}/{CANARIES['apprise']}/", "retry": []},
        "gone": {"type": "webhook", "url": f"http://127.0.0.1:1/{CANARIES['path']}", "retry": []},
    }  # fmt: skip
    return table


async def test_no_command_and_no_page_shows_a_secret(secretive, newswire, redis, tmp_path, until, monkeypatch):
    monkeypatch.setenv("SENTRY_DSN", f"http://{CANARIES['dsn']}@127.0.0.1:1/1")
    program = Program(folder=tmp_path, table=secretive, environment={})
    shown = {}
    for arguments in (["check"], ["-v", "check"], ["alerts", "test", "hook"], ["alerts", "test", "chat"],
                      ["alerts", "test", "gone"], ["alerts"], ["alerts", "channels"], ["sources"]):  # fmt: skip
        ended = await program.within(*arguments)
        shown[" ".join(arguments)] = ended.said
    assert "Cannot POST" in shown["alerts test hook"]  # what a receiver says is told, but for the secrets
    newswire.publish(stories.TRAM_BATTERIES, "meridian")
    async with running(secretive, tmp_path) as daemon:
        await daemon.ready(lambda: daemon.log.read_text().count("alert_given_up") >= 3)
        address = re.search(r"wirewatch runs: (\S+)", daemon.log.read_text())
        assert address is not None
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {CANARIES['token']}"}) as session:
            for place in PLACES:
                async with session.get(address[1].rstrip("/") + place, headers={"Accept": "text/html"}) as reply:
                    shown[place] = await reply.text()
                    assert reply.status in (200, 503), place
        await daemon.stop()
        shown["log"] = daemon.log.read_text()
    kept = [await redis.dump(key) for key in await redis.keys("*")]
    shown["Redis"] = repr(kept)
    assert "alert_given_up" in shown["log"]
    found = {where: ANY.findall(text) for where, text in shown.items() if ANY.search(text)}
    assert found == {}


WRONG = {
    "an unknown key": lambda table: table["channels"]["hook"].update(colour="red"),
    "an unknown section": lambda table: table.update(nonsense={"secret": CANARIES["path"]}),
    "a redis_url of another kind": lambda table: table.update(redis_url=f"http://:{CANARIES['redis']}@x/"),
    "a secret that is none": lambda table: table["channels"]["hook"].update(secret=CANARIES["path"]),
    "a webhook without a scheme": lambda table: table["channels"]["hook"].update(url=f"x/{CANARIES['path']}"),
    "an Apprise URL of no service": lambda table: table["channels"]["chat"].update(url=f"nope://{CANARIES['apprise']}"),
    "a short token": lambda table: table["web"].update(token="sparrow"),
    "a number for a token": lambda table: table["web"].update(token=[CANARIES["token"]]),
    "a short secret of workers": lambda table: table["workers"].update(secret="sparrow"),
    "a public_url with a password": lambda table: table["web"].update(public_url="https://a:sparrow-x@desk.example/"),
    "a listing with a password": lambda table: table["sources"].update(
        mine={"listings": [{"url": "https://a:sparrow-y@wire.example/"}]}
    ),
    "a table for a secret": lambda table: table.update(redis_url={"url": CANARIES["redis"]}),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_configuration_that_is_refused_shows_no_secret(secretive, tmp_path, what):
    WRONG[what](secretive)
    for arguments in (["check"], ["-v", "releases"]):
        ended = await Program(folder=tmp_path, table=secretive, environment={}).within(*arguments)
        assert ended.status == 2, ended.said
        assert ANY.search(ended.said) is None, ended.said
        assert "fault(s)" in ended.err


async def test_a_redis_that_is_away_shows_no_password(secretive, tmp_path):
    secretive["redis_url"] = f"redis://default:{CANARIES['redis']}@127.0.0.1:1/0"
    for arguments in (["check"], ["alerts"], ["releases"]):
        ended = await Program(folder=tmp_path, table=secretive, environment={}).within(*arguments)
        assert ended.status == 1
        assert ANY.search(ended.said) is None, ended.said
        assert "127.0.0.1:1" in ended.err


async def test_a_traceback_shows_no_secret(secretive, tmp_path, monkeypatch):
    password = "sparrow-p%40ss-0d1"
    secretive["redis_url"] = f"redis://default:{password}@127.0.0.1:1/0?sentinel_password=sparrow-sentinel-1"

    def broken(settings, work):
        url = settings.redis_url.get_secret_value()
        token = settings.web.token.get_secret_value()
        words = f"{url}; AUTH default {password} sparrow-p@ss-0d1 sparrow-sentinel-1; {token}"
        raise RuntimeError(words)

    monkeypatch.setattr(check, "with_app_context", broken)
    ended = await Program(folder=tmp_path, table=secretive, environment={}).within("check")
    assert ended.status == 1
    assert "RuntimeError: " in ended.err
    assert ANY.search(ended.said) is None, ended.said
