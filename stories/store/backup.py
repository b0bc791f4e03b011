"""A backup of the embedded Redis in one file: made from a copy of one moment, checked whole before it is restored.

The file is a tar of two members: ``wirewatch.json``, which says what the copy is, and ``dump.rdb``, the copy as the
server wrote it (BGSAVE). It is not compressed: what is kept is packed already."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec
from redis.asyncio import Redis

from stories.db import keys
from stories.db.replies import text
from stories.model.timestamps import timestamp
from stories.runtime.private_files import FILE_MODE
from stories.store.migrations import LAYOUT

FORMAT = 1
ABOUT, COPY = "wirewatch.json", "dump.rdb"
LOOK = 0.05  # seconds between two looks at the server's copying
CHUNK = 1 << 20  # bytes
LONGEST_ABOUT = 10_000  # bytes


class BackupError(Exception):
    """A backup could not be made, or a file is none that can be restored; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backup says of itself."""

    format: int
    layout: int
    """Of the data (``stories.store.migrations``)."""
    server: str
    """Which server wrote the copy: ``valkey 9.1.2``; another kind may not read it."""
    made_at: str
    size: int
    """Of the copy, bytes."""
    sha256: str
    releases: int


async def back_up(redis: Redis, folder: Path, file: Path, now: datetime) -> About:
    """Write a backup of this moment to ``file``, which must not be there; ``folder`` is where the server's data is.

    ``BackupError`` when the server cannot copy; ``OSError`` when the file cannot be written. No half file is left.
    """
    await _copy(redis)
    about = await redis.info("server")
    kind = text(about.get("server_name", "redis"))
    with (folder / COPY).open("rb") as copy:
        said = About(
            format=FORMAT,
            layout=int(text(await redis.get(keys.layout().name) or b"1")),
            server=f"{kind} {about.get(f'{kind}_version', about.get('redis_version'))}",
            made_at=timestamp(now),
            size=os.fstat(copy.fileno()).st_size,
            sha256=_digest(copy),
            releases=int(await redis.zcard(keys.releases().name)),
        )
        copy.seek(0)
        beside = file.with_name(f"{file.name}.part")
        try:
            with _new_file(beside) as output, tarfile.open(fileobj=output, mode="w") as archive:
                packed = msgspec.json.encode(said)
                archive.addfile(_member(ABOUT, len(packed)), io.BytesIO(packed))
                archive.addfile(_member(COPY, said.size), copy)
                archive.close()
                output.flush()
                os.fsync(output.fileno())
            os.link(beside, file)  # unlike a rename this fails where a file stands already
        finally:
            beside.unlink(missing_ok=True)
    return said


async def _copy(redis: Redis) -> None:
    """Return once the server has copied what it holds from this moment on."""
    state = await redis.info("persistence")
    while state["rdb_bgsave_in_progress"]:  # one that began before this moment
        await asyncio.sleep(LOOK)
        state = await redis.info("persistence")
    await redis.bgsave(schedule=True)
    state = await redis.info("persistence")
    while state["rdb_bgsave_in_progress"] or state["aof_rewrite_in_progress"]:
        await asyncio.sleep(LOOK)
        state = await redis.info("persistence")
    if state["rdb_last_bgsave_status"] != "ok":
        raise BackupError(
            "the embedded Redis could not write its copy; see redis/server.log in data_dir, and make room"
        )


def read_about(file: Path) -> About:
    """Return what a backup says of itself, once all of it was read and found whole; else ``BackupError``."""
    with _opened(file) as (said, copy):
        if said.format != FORMAT:
            raise BackupError(
                f"{file} is a backup of format {said.format}, and this wirewatch reads {FORMAT}; use one that is newer"
            )
        if said.layout > LAYOUT:
            raise BackupError(
                f"{file} holds data of layout {said.layout}, written by a newer wirewatch; this one reads layouts up "
                f"to {LAYOUT}: install that version"
            )
        if _digest(copy) != said.sha256:
            raise BackupError(f"{file} is damaged: the copy in it is not the one that was written; use another backup")
    return said


def unpack_copy(file: Path, folder: Path) -> None:
    """Put the copy of a backup that was read before into a server's empty folder, whole or not at all."""
    beside = folder / f"{COPY}.part"
    try:
        with _opened(file) as (_, copy), beside.open("wb") as output:
            while chunk := copy.read(CHUNK):
                output.write(chunk)
            output.flush()
            os.fsync(output.fileno())
        beside.replace(folder / COPY)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[About, IO[bytes]]]:
    try:
        with tarfile.open(file, mode="r:") as archive:
            first = archive.next()
            if first is None or first.name != ABOUT or not first.isreg() or first.size > LONGEST_ABOUT:
                raise BackupError(f"{file} is no backup of wirewatch")
            said = msgspec.json.decode(_content(archive, first).read(), type=About)
            second = archive.next()
            if second is None or second.name != COPY or not second.isreg() or second.size != said.size:
                raise BackupError(f"{file} is cut off: it does not hold the copy that it names; use another backup")
            yield said, _content(archive, second)
    except (tarfile.TarError, msgspec.MsgspecError, EOFError) as error:
        raise BackupError(f"{file} is no backup of wirewatch, or it is cut off ({error})") from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    found = archive.extractfile(member)
    if found is None:
        raise BackupError(f"{member.name} in the backup is no file")
    return found


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _new_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member
