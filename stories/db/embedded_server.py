"""The embedded Redis: a real server, one for each ``data_dir``, that wirewatch starts, owns, shares and stops.

Two file locks in ``data_dir/redis`` record the owner, and a crash releases them: the wirewatch that started the server
holds ``owner.lock``; the server process inherits and holds ``server.lock``.
Reasons for this design: docs/decisions/0002-embedded-redis.md. Operation: docs/operations.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import BinaryIO
from urllib.parse import quote

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from stories.db.server_binary import OPTIONS, EmbeddedServerError, find_binary, remedy, with_us
from stories.runtime.file_locks import FileLock, is_held
from stories.runtime.heartbeats import beat
from stories.runtime.private_files import private_folder

__all__ = ["EmbeddedServer", "EmbeddedServerError", "embedded_server"]

log = structlog.get_logger(__name__)

SOCKET_PATH_LIMIT = 103  # bytes; sun_path holds 104 with its NUL on macOS, 108 on Linux
START_TIMEOUT_SECONDS = 30.0  # seconds without a reply; a server that loads a large file replies "loading"
STOP_TIMEOUT_SECONDS = 10.0  # seconds until SIGKILL, which loses nothing: every acknowledged write is on the disk
LOG_LIMIT = 1 << 20  # bytes; the server writes a few lines an hour and never truncates its log
WATCH_SECONDS = 0.5  # between two checks of whether the server was stopped or ended
START_RETRY_SECONDS = 5.0  # after a start that failed
LOG_TAIL_LINES = 12  # last lines of its log, shown when it did not start


@contextlib.asynccontextmanager
async def embedded_server(data_dir: Path, *, binary: Path | None = None) -> AsyncIterator[EmbeddedServer]:
    """Start the server of ``data_dir``, or join a running one; at the end, stop it if this process owns it."""
    server = EmbeddedServer(data_dir, binary=binary)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class EmbeddedServer:
    """The Redis server of one ``data_dir``; every method raises ``EmbeddedServerError`` with the reason and a remedy.

    The first process owns the server; later ones join. An owner that exits stops the server; then ``ensure`` makes one
    of the joined processes the next owner, with all the data.
    """

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        self.folder = data_dir.expanduser().absolute() / "redis"
        self._binary = binary
        self._owner = FileLock(self.folder / "owner.lock")
        self._child: subprocess.Popen[bytes] | None = None
        self._socket = self.folder / "server.sock"
        self._log_begins = 0
        self._turn = asyncio.Lock()

    @property
    def url(self) -> str:
        """The server's URL, ``unix:///…``, for ``stories.db.connection.connect``."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def owned(self) -> bool:
        """Whether this process owns the server, and will stop it."""
        return self._owner.fd >= 0

    async def start(self) -> None:
        """Start or join the server; return when it replies."""
        async with self._turn:
            try:
                self._make_folder()
                await self._own_or_join()
            except OSError as error:
                raise EmbeddedServerError(self._unusable(error)) from error
            finally:
                self._disown_if_gone()

    async def join(self) -> bool:
        """Join a running server; return whether one runs and replies. Never starts a server."""
        try:
            there = self._announced() if is_held(self.folder / "owner.lock") else None
        except OSError:  # never started here, or not readable for this user
            return False
        if there is None:
            return False
        self._socket = there
        return await self._state() == "ready"

    async def ensure(self) -> None:
        """Return when the server replies again: restart it if it ended, take it over if its owner left."""
        while self._turn.locked():  # another task is starting it; loading a large file takes minutes
            beat()
            await asyncio.sleep(0.05)
        await self.start()

    async def watch(self) -> None:
        """Continue the server when it was stopped (SIGSTOP), start it again when it ended, until cancelled.

        A server that another process owns is left to that process.
        """
        while True:
            beat()
            if self._child is not None and _is_stopped(self._child):
                log.warning("redis_server_stopped", pid=self._child.pid, next="continued")
                self._child.send_signal(signal.SIGCONT)
            elif self.owned and (self._child is None or self._child.poll() is not None):
                code = None if self._child is None else self._child.returncode
                log.warning("redis_server_ended", exit_code=code, next="started again")
                try:
                    await self.ensure()
                except EmbeddedServerError as error:
                    log.error("redis_server_not_started", reason=str(error))
                    await asyncio.sleep(START_RETRY_SECONDS)
            await asyncio.sleep(WATCH_SECONDS)

    async def stop(self, patience: float | None = None) -> None:
        """Stop the server if this process owns it; acknowledged writes are kept.

        Args:
            patience: Seconds until it is killed; the default is ten.
        """
        async with self._turn:
            if not self.owned:
                return
            try:
                await self._shut_down(patience)
            finally:
                self._owner.close()

    async def _own_or_join(self) -> None:
        last_sign = monotonic()
        while True:
            beat()
            if self._owner.take():
                return await self._run()
            if (there := self._announced()) is not None:
                self._socket = there
                state = await self._state()
                if state == "ready":
                    return None
                if state == "loading":
                    last_sign = monotonic()
            if monotonic() - last_sign > START_TIMEOUT_SECONDS:
                raise EmbeddedServerError(
                    f"another wirewatch (process {self._announcement().get('owner', 'unknown')}) owns the Redis server "
                    f"in {self.folder}, which has not answered for {START_TIMEOUT_SECONDS:.0f} s; stop that wirewatch, "
                    "or set another data_dir"
                )
            await asyncio.sleep(0.05)

    async def _run(self) -> None:
        """As the owner, start the server and return when it replies; first stop an orphaned server."""
        self._reap()
        if self._child is not None and await self._answers():
            return
        if is_held(self._serving):
            # An orphaned server may be stopping, or run with other options, so it is never adopted.
            log.warning("redis_server_orphaned", folder=str(self.folder), next="stopped, then a new one is started")
            await self._shut_down()
        binary = self._binary or find_binary()
        self._socket = self._choose_socket()
        self._announce(None)
        restoring = self._is_backup_only()
        child = self._child = self._launch(binary, restoring)
        try:
            if not await self._answers():
                raise EmbeddedServerError(self._why_not(binary))
            self._announce(child.pid)
            if restoring:
                await self._begin_record()
        except BaseException:
            child.kill()  # stop() is not called after a failed start
            child.wait()
            self._child = None
            raise
        log.debug("redis_server_started", binary=str(binary), folder=str(self.folder))

    def _launch(self, binary: Path, restoring: bool) -> subprocess.Popen[bytes]:
        options = {**OPTIONS, "unixsocket": str(self._socket), "appendonly": "no" if restoring else "yes"}
        command = [*with_us(), str(binary)]
        for name, value in options.items():
            command += [f"--{name}", *(value.split(" ") if name in ("save", "shutdown-on-sigterm") else [value])]
        serving = FileLock(self._serving)
        if not serving.take():
            raise EmbeddedServerError(f"another Redis server just started in {self.folder}; try again")
        try:
            with self._open_log() as output:
                return subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self.folder,
                    env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},  # it needs no secret of wirewatch
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(serving.fd,),
                    start_new_session=True,  # a terminal's Ctrl-C must not reach it before we have stopped
                )
        except OSError as error:
            raise EmbeddedServerError(f"{binary} cannot be started: {error.strerror or error}") from error
        finally:
            serving.close()

    async def _answers(self) -> bool:
        """Return True when the server is ready, False when it ended or did not reply for too long."""
        last_sign = monotonic()
        while is_held(self._serving):
            beat()  # loading a large file takes minutes
            self._reap()
            state = await self._state()
            if state == "ready":
                return True
            if state == "loading":
                last_sign = monotonic()
            if monotonic() - last_sign > START_TIMEOUT_SECONDS:
                return False
            await asyncio.sleep(0.02)
        return False

    async def _state(self) -> str:
        """Return "ready", "loading" or, without a reply, ""."""
        async with self._client() as redis:
            try:
                await redis.ping()
            except BusyLoadingError:
                return "loading"
            except (RedisError, OSError):
                return ""
            return "ready"

    def _client(self) -> Redis:
        return Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=STOP_TIMEOUT_SECONDS / 4,
            socket_connect_timeout=STOP_TIMEOUT_SECONDS / 4,
            retry=Retry(NoBackoff(), 0),
        )

    async def _shut_down(self, patience: float | None = None) -> None:
        patience = STOP_TIMEOUT_SECONDS if patience is None else patience
        begun = monotonic()
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # it may have ended or hang: the signals follow
            async with asyncio.timeout(patience / 2), self._client() as redis:
                await redis.shutdown(nosave=True, force=True)
        if await self._gone(begun + patience / 2):
            return
        pid = self._announcement().get("server")  # it runs as long as its lock is held
        for number, until in ((signal.SIGTERM, begun + patience), (signal.SIGKILL, begun + patience + 2)):
            if isinstance(pid, int):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if await self._gone(until):
                return
        raise EmbeddedServerError(
            f"the Redis server in {self.folder} (process {pid or 'unknown'}) does not end; end it, and start again"
        )

    async def _gone(self, until: float) -> bool:
        while True:
            self._reap()
            if not is_held(self._serving):
                return True
            if monotonic() > until:
                return False
            await asyncio.sleep(0.02)

    def _reap(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            self._child = None

    @property
    def _serving(self) -> Path:
        return self.folder / "server.lock"

    def _make_folder(self) -> None:
        private_folder(self.folder.parent)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(self.folder.stat().st_mode) != 0o700:
            self.folder.chmod(0o700)

    def _choose_socket(self) -> Path:
        usual = self.folder / "server.sock"
        if len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT:
            return usual
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16] + ".sock"
        for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
            if not base or len(os.fsencode(base)) > SOCKET_PATH_LIMIT - 48:
                continue
            folder = Path(base) / f"wirewatch-{os.getuid()}"
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            found = folder.lstat()
            # In a shared /tmp another user may have created it first, to read the data.
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077:
                return folder / name
        raise EmbeddedServerError(
            f"{usual} is too long for a Unix socket ({SOCKET_PATH_LIMIT} bytes), and neither $XDG_RUNTIME_DIR nor "
            f"{tempfile.gettempdir()} has room for one that only this user can read; set a shorter data_dir"
        )

    def _announce(self, server: object) -> None:
        """Tell those who join where the socket is, who owns it, and the server's process id (None: not yet)."""
        said = {"owner": os.getpid(), "socket": str(self._socket), "server": server}
        temporary = self.folder / "owner.json.new"
        temporary.write_text(json.dumps(said))
        temporary.replace(self.folder / "owner.json")

    def _announcement(self) -> dict[str, object]:
        try:
            said = json.loads((self.folder / "owner.json").read_text())
        except (OSError, ValueError):  # not there yet, or lost to a full disk
            return {}
        return said if isinstance(said, dict) else {}

    def _announced(self) -> Path | None:
        socket = self._announcement().get("socket")
        return Path(socket) if isinstance(socket, str) else None

    def _disown_if_gone(self) -> None:
        """After a failed start, release ownership, so that another process can try with its user or binary."""
        if self.owned and self._child is None:
            with contextlib.suppress(OSError):
                if is_held(self._serving):
                    return
            self._owner.close()

    def _is_backup_only(self) -> bool:
        """Return whether there is a dump but no append-only file: Redis would ignore the dump and start empty."""
        manifest = self.folder / "appendonlydir" / "appendonly.aof.manifest"
        return (self.folder / "dump.rdb").exists() and not manifest.exists()

    async def _begin_record(self) -> None:
        """Write the data loaded from the dump to an append-only file; return when that is on the disk."""
        async with self._client() as redis:
            await redis.config_set("appendonly", "yes")
            while True:
                state = await redis.info("persistence")
                if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
                    break
                await asyncio.sleep(0.05)
        if state["aof_last_bgrewrite_status"] != "ok" or self._is_backup_only():
            raise EmbeddedServerError(f"{self.folder / 'dump.rdb'} was read, but no append-only file could be written")

    def _open_log(self) -> BinaryIO:
        path = self.folder / "server.log"
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_size > LOG_LIMIT:
                path.replace(path.with_suffix(".log.1"))
        output = path.open("ab")
        self._log_begins = output.tell()
        return output

    def _why_not(self, binary: Path) -> str:
        """Return the remedy for a failed start, and the server's last log lines."""
        with (self.folder / "server.log").open("rb") as written:
            written.seek(self._log_begins)
            lines = written.read().decode("utf-8", "replace").splitlines()
        said = "\n".join(line for line in lines[-LOG_TAIL_LINES:] if line.strip())
        return f"{remedy(binary, said, self.folder, self._socket)}; it said:\n{said or '(nothing)'}"

    def _unusable(self, error: OSError) -> str:
        where = f" ({error.filename})" if error.filename else ""
        return (
            f"the embedded Redis cannot keep its data in {self.folder}: {error.strerror or error}{where}; "
            "make that a folder with room that this user may write, or set another data_dir, or set redis_url"
        )


def _is_stopped(child: subprocess.Popen[bytes]) -> bool:
    """Return whether a signal stopped a child process since the last check; reap it if it ended."""
    if child.returncode is not None:
        return False
    try:
        pid, status = os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED)
    except ChildProcessError:  # reaped elsewhere: poll() detects that too
        return False
    if pid == 0:
        return False
    if os.WIFSTOPPED(status):
        return True
    child.returncode = os.waitstatus_to_exitcode(status)
    return False
