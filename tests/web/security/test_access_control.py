"""Who may ask, from where, and how much."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from archive_filler import ArchiveFiller

from web.app import AlertFilter, Dependencies
from web.security import access_control

TOKEN = "pâle-horse-7-rides-on"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ASK = {"source": "harbour"}
EVERYWHERE = (
    "/", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/v1/releases", "/api/v1/events", "/api/v1/sources",
    "/api/v1/alerts", "/api/v1/crawls/crl_one", "/parts/events", "/stories/sty_one", "/static/live.js", "/nowhere",
)  # fmt: skip


@pytest.fixture
async def closed(serve):
    """The app with a token."""
    async with serve(web={"token": TOKEN}) as served:
        yield served


async def get(site, path: str, **headers):
    async with site.http.get(path, headers=headers) as reply:
        return reply.status, reply.headers, await reply.text()


async def post(site, headers=None, *, path="/api/v1/crawls", data=None):
    sent = {"Content-Type": "application/json"} | (headers or {})
    body = data if data is not None else json.dumps(ASK)
    async with site.http.post(path, data=body, headers=sent, allow_redirects=False) as reply:
        await reply.read()
        return reply


async def test_without_the_token_nothing_is_told(closed):
    for path in EVERYWHERE:
        status, headers, text = await get(closed, path)
        assert status == 401, path
        assert headers["WWW-Authenticate"].startswith("Bearer"), path
        assert headers["Content-Type"] == "application/problem+json", path
        assert TOKEN not in text, path


async def test_with_the_token_all_is_told(closed):
    assert [path for path in EVERYWHERE if (await get(closed, path, **BEARER))[0] == 401] == []


async def test_a_probe_needs_no_token(closed):
    assert (await get(closed, "/healthz"))[0] == 200


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", "Bearer pâle-horse-", "Bearer \xff\xfe"]
)
async def test_a_wrong_token_is_no_token(closed, given):
    assert (await get(closed, "/api/v1/releases", Authorization=given))[0] == 401


@pytest.mark.parametrize(
    "cookie", ["wirewatch=", f"wirewatch={'0' * 64}", "wirewatch=%E2", 'other="x', f"wirewatch={TOKEN}"]
)
async def test_a_made_up_cookie_is_no_token(closed, cookie):
    assert (await get(closed, "/", Cookie=cookie.encode().decode("latin-1")))[0] == 401


async def logged_in(site) -> dict[str, str]:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    reply = await post(site, form, path="/login", data={"token": TOKEN})
    assert reply.status == 303
    return {"Cookie": f"wirewatch={reply.cookies['wirewatch'].value}"}


async def test_the_cookie_reads_and_from_our_own_page_asks(closed):
    cookie = await logged_in(closed)
    assert (await get(closed, "/", **cookie))[0] == 200
    assert (await post(closed, cookie | {"Sec-Fetch-Site": "same-origin"})).status == 202
    assert (await post(closed, cookie | {"Origin": closed.base})).status == 202


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
    ],
    ids=str,
)
async def test_the_cookie_alone_asks_for_nothing(closed, headers, redis):
    cookie = await logged_in(closed)
    assert (await post(closed, cookie | headers)).status == 403
    assert await redis.keys("*") == []


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {}], ids=str)
async def test_a_page_elsewhere_logs_nobody_in(closed, headers):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await post(closed, form | headers, path="/login", data={"token": TOKEN})
    assert reply.status == 403
    assert "Set-Cookie" not in reply.headers


async def test_the_form_works_where_a_browser_sends_only_the_origin(closed):
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": closed.base}
    status, headers, text = await get(closed, "/", Accept="text/html")
    assert (status, headers["Referrer-Policy"]) == (401, "same-origin")  # no-referrer would make the Origin "null"
    assert 'action="/login"' in text
    assert (await post(closed, form, path="/login", data={"token": TOKEN})).status == 303


async def test_the_token_in_the_header_asks_from_anywhere(closed):
    assert (await post(closed, BEARER)).status == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
    ids=str,
)
async def test_without_a_token_programs_ask_and_pages_elsewhere_do_not(site, headers, status):
    assert (await post(site, headers)).status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8787", 200),
        ("127.0.0.1:1", 200),
        ("[::1]:8787", 200),
        ("rebound.example", 421),
        ("rebound.example:8787", 421),
        ("localhost.rebound.example", 421),
        ("127.0.0.1.rebound.example", 421),
        ("[", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/releases", "/healthz", "/"])
async def test_on_loopback_a_foreign_host_name_is_refused(site, host, status, path):
    assert (await get(site, path, Host=host))[0] == status


async def test_on_an_open_address_any_host_name_may_lead_here(serve):
    async with serve(web={"host": "0.0.0.0", "token": TOKEN}) as site:
        assert (await get(site, "/api/v1/releases", Host="news.example", **BEARER))[0] == 200
        assert (await get(site, "/api/v1/releases", Host="news.example"))[0] == 401


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/api/v1/releases", "/nowhere", "/healthz", "/static/page.css", "/login"]
)
async def test_every_answer_carries_the_headers(site, path):
    _, headers, _ = await get(site, path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "Access-Control-Allow-Origin" not in headers


async def test_a_fault_of_our_own_is_a_problem_that_tells_nothing(site, monkeypatch):
    async def broken(wanted: AlertFilter):
        raise RuntimeError("secret detail")

    object.__setattr__(site.dependencies, "alerts", broken)
    status, headers, text = await get(site, "/api/v1/alerts")
    assert (status, headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret detail" not in text
    assert "Content-Security-Policy" in headers
    assert (await get(site, "/healthz"))[0] == 200
    assert isinstance(site.dependencies, Dependencies)


@pytest.mark.parametrize("how", ["announced", "in chunks"])
async def test_a_body_that_is_too_long_is_refused(site, how):
    long = b'{"source": "' + b"x" * 70_000 + b'"}'

    async def pieces():
        for start in range(0, len(long), 1_000):
            yield long[start : start + 1_000]

    reply = await post(site, data=long if how == "announced" else pieces())
    assert reply.status == 413


@pytest.mark.parametrize("path", ["/", "/docs", "/stories/one", "/login"])
async def test_a_page_names_no_other_host(site, archive: ArchiveFiller, path):
    stored = await archive.publish("Plant Opens", url="https://harbour-wire.example/news/1")
    _, _, text = await get(site, path.replace("one", stored.id or ""), Accept="text/html")
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*?(?:src|href)=\"([^\"]*)\"", text)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


@pytest.mark.parametrize("name", ["live.js", "page.css", "icon.svg"])
async def test_what_is_loaded_names_no_other_host(site, name):
    status, _, text = await get(site, f"/static/{name}")
    assert status == 200
    assert not re.search(r"(?:url\(|@import|fetch\(.?|src=.?)https?:", text)


async def test_more_requests_than_connections_are_all_answered(site, archive: ArchiveFiller):
    await archive.publish("Plant Opens")
    answers = await asyncio.gather(*(get(site, "/api/v1/releases") for _ in range(200)))
    assert {status for status, _, _ in answers} == {200}


async def test_probes_are_answered_while_everything_else_waits(site, archive: ArchiveFiller, until):
    waiting, release = 0, asyncio.Event()

    async def slow(wanted: AlertFilter):
        nonlocal waiting
        waiting += 1
        await release.wait()
        return []

    object.__setattr__(site.dependencies, "alerts", slow)
    requests = [
        asyncio.create_task(get(site, "/api/v1/alerts")) for _ in range(access_control.MAX_CONCURRENT_REQUESTS + 5)
    ]
    await until(lambda: waiting == access_control.MAX_CONCURRENT_REQUESTS)
    assert (await get(site, "/healthz"))[0] == 200
    assert (await get(site, "/readyz"))[0] == 503
    assert (await get(site, "/metrics"))[0] == 200
    release.set()
    assert {status for status, _, _ in await asyncio.gather(*requests)} == {200}
    assert waiting == access_control.MAX_CONCURRENT_REQUESTS + 5


async def test_a_body_that_does_not_come_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(access_control, "BODY_TIMEOUT_SECONDS", 0.05)
    never = asyncio.Event()

    async def pieces():
        yield b'{"source":'
        await never.wait()

    async with site.http.post("/api/v1/crawls", data=pieces(), headers={"Content-Type": "application/json"}) as reply:
        assert reply.status == 408


async def test_a_body_that_never_ends_keeps_nobody_waiting(site, archive: ArchiveFiller, until):
    await archive.publish("Plant Opens")
    never, begun = asyncio.Event(), 0

    async def drip():
        nonlocal begun
        begun += 1
        yield b'{"source":'
        await never.wait()

    headers = {"Content-Type": "application/json"}
    slow = [asyncio.create_task(site.http.post("/api/v1/crawls", data=drip(), headers=headers))
            for _ in range(2 * access_control.MAX_CONCURRENT_REQUESTS)]  # fmt: skip
    await until(lambda: begun == len(slow))
    assert (await get(site, "/api/v1/releases"))[0] == 200
    assert not any(request.done() for request in slow)
    for request in slow:
        request.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_form_that_is_cut_off_does_nothing(site):
    """What was meant may stand in the rest: without an alert's id, all that were given up would go again."""
    form = f"csrf_token={site.server.config.app.state.csrf_token.value}&id=evt_".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(site.base.rpartition(":")[2]))
    writer.write(
        b"POST /alerts/retry HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n" + form
    )
    writer.write_eof()
    await reader.read()
    writer.close()
    assert (await get(site, "/readyz"))[0] in (200, 503)  # by now what was asked before is done
    assert site.again == []


async def test_the_whole_body_has_its_time_not_each_part_of_it(site, monkeypatch):
    monkeypatch.setattr(access_control, "BODY_TIMEOUT_SECONDS", 0.3)
    parts = 0

    async def drip():
        nonlocal parts
        while True:
            parts += 1
            yield b" "
            await asyncio.sleep(0.05)

    async with site.http.post("/api/v1/crawls", data=drip(), headers={"Content-Type": "application/json"}) as reply:
        assert reply.status == 408
    assert parts > 1


@pytest.mark.parametrize(
    ("host", "status"),
    [("wires.example", 200), ("WIRES.example:443", 200), ("localhost", 200), ("[::1]", 200),
     ("evil.example", 421), ("wires.example.evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421)],
)  # fmt: skip
async def test_behind_a_proxy_the_operators_own_name_leads_here_and_no_other(serve, host, status):
    async with serve(web={"public_url": "https://wires.example/desk"}) as site:
        assert (await get(site, "/api/v1/releases", Host=host))[0] == status


@pytest.mark.parametrize(
    ("requested", "led"),
    [
        ("/alerts?state=failed", "/alerts?state=failed"),
        ("/stories/sty_one#rel_one", "/stories/sty_one#rel_one"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: a=b", "/"),
        ("evil.example", "/"),
        ("", "/"),
    ],
)
async def test_the_login_leads_back_to_what_was_asked_for_and_never_elsewhere(closed, requested, led):
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    reply = await post(closed, form, path="/login", data={"token": TOKEN, "onward": requested})
    assert (reply.status, reply.headers["Location"]) == (303, led)


async def test_the_form_knows_what_was_asked_for(closed):
    _, _, text = await get(closed, "/alerts?state=failed&channel=%22x", Accept="text/html")
    assert 'name="onward" value="/alerts?state=failed&amp;channel=%22x"' in text


async def test_who_is_led_here_by_a_page_elsewhere_is_asked_once_more_before_the_form(closed):
    for site, again in [("cross-site", True), ("same-site", True), ("same-origin", False), ("none", False)]:
        headers = {"Accept": "text/html", "Sec-Fetch-Site": site}
        _, _, text = await get(closed, "/alerts", **headers)
        assert ('http-equiv="refresh"' in text) is again


async def test_a_page_elsewhere_cannot_log_anybody_out(closed):
    cookie = await logged_in(closed)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    reply = await post(closed, cookie | form, path="/logout", data={"csrf_token": "0" * 64})
    assert reply.status == 403
    assert (await get(closed, "/logout", **cookie))[0] == 405
    _, _, text = await get(closed, "/sources", Accept="text/html", **cookie)
    token = re.search(r'action="/logout"><input type="hidden" name="csrf_token" value="([0-9a-f]+)"', text)
    assert token is not None
    reply = await post(closed, cookie | form, path="/logout", data={"csrf_token": token[1]})
    assert (reply.status, reply.headers["Location"], reply.cookies["wirewatch"].value) == (303, "/login", "")


async def test_a_page_that_is_asked_for_wrongly_answers_a_person_with_a_page(site):
    status, headers, text = await get(site, f"/sources/harbour?crawl={'x' * 100}", Accept="text/html")
    assert (status, headers["Content-Type"]) == (422, "text/html; charset=utf-8")
    assert "query.crawl" in text
