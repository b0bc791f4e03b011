"""Pages that are empty without a browser: read with ``render = true``, in a browser that reaches nothing by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from daemon import running
from program import Program
from shell_site import BODY, HEADLINE, serve_shells, set_trap

from crawler.http.rendering import BROWSERS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium on PATH; apt-get install chromium"),
]


@pytest.fixture
async def shells():
    async with serve_shells() as site:
        yield site


def table(site, **hints):
    return {
        "catalog": False,
        "polling": {"private_addresses": ["127.0.0.1/32"]},
        "alerts": {"first_poll": "alert", "max_age": "off"},
        "web": {"port": 0},
        "watches": {"all": {"title": "All"}},
        "sources": {
            "gulls": {"listings": [{"url": f"{site.url}/news"}], "release": {"url": r"/news/(?P<id>\d+)", **hints}}
        },
    }


@pytest.fixture
def program(shells, tmp_path):
    """``await program("sources", …)`` with a configuration of the shells."""

    def with_hints(**hints):
        return Program(folder=tmp_path, table=table(shells, **hints), environment={})

    return with_hints


async def test_a_shell_is_refused_as_such_and_read_when_its_source_says_render(shells, program):
    plain = await program()("sources", "test", "gulls")
    assert plain.status == 1
    assert "needs JavaScript" in plain.rows[0]["errors"][0]
    assert "/app.js" not in shells.asked

    rendered = await program(render=True)("sources", "test", "gulls")
    assert rendered.status == 0, rendered.said
    (release,) = rendered.rows[0]["releases"]
    assert (release["headline"], release["body"]) == (HEADLINE, BODY)
    assert (release["url"], release["wire_id"]) == (shells.page, "1")
    assert shells.asked.count("/app.js") == 1
    assert "/app.css" not in shells.asked


async def test_a_script_reaches_nothing_that_the_crawler_may_not(shells, program):
    shells.robots = "User-agent: *\nDisallow: /private/\n"
    async with set_trap() as trap:
        shells.elsewhere = [trap.url, f"{shells.url}/away", f"{shells.url}/private/notes"]
        read = await program(render=True)("extract", shells.page, "--source", "gulls")

    assert read.status == 0, read.said
    assert "secret" not in read.out
    assert BODY[-1] in read.out
    assert "/away" in shells.asked  # and leads to the trap
    assert "/private/notes" not in shells.asked
    assert trap.connections == 0


async def test_the_browser_ends_with_the_daemon_also_while_a_page_is_shown(shells, tmp_path, redis_url, until):
    shells.script = "setInterval(() => fetch('/api/again'), 50);"  # a page that never comes to rest
    settings = table(shells, render=True) | {"redis_url": redis_url}

    async with running(settings, tmp_path) as daemon:
        await daemon.ready(lambda: "/api/again" in shells.asked)
        family = processes_below(daemon.process.pid)
        assert any("--remote-debugging-pipe" in command for command in family.values())
        assert await daemon.stop() == 0

    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family), 20)


def processes_below(root: int) -> dict[int, str]:
    """Return the command lines of a process's descendants by their ids."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(status.parent.name)] = int(fields[1])
    family: dict[int, str] = {}
    for pid in parents:
        above = pid
        while above in parents and above != root:
            above = parents[above]
        if above == root and pid != root:
            try:
                family[pid] = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
    return family
