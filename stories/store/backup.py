"""Backups of the embedded Redis in one file: a snapshot that is verified completely before it is restored.

The file is a tar with two members: ``wirewatch.json``, which describes the snapshot, and ``dump.rdb``, the snapshot
as the server wrote it (BGSAVE). It is not compressed, because the stored data already are.
"""

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
CHECK_SECONDS = 0.05  # seconds between two checks of the server's progress
CHUNK_BYTES = 1 << 20  # bytes
MAX_DESCRIPTION_BYTES = 10_000  # bytes


class BackupError(Exception):
    """A backup could not be made, or a file is not a backup that can be restored; the message gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupDescription:
    """The description in a backup."""

    format: int
    layout: int
    """The layout number of the data (``stories.store.migrations``)."""
    server: str
    """The server that wrote the snapshot: ``valkey 9.1.2``; a server of another kind may not read it."""
    made_at: str
    size: int
    """The size of the snapshot in bytes."""
    sha256: str
    releases: int


async def back_up(redis: Redis, folder: Path, file: Path, now: datetime) -> BackupDescription:
    """Write a backup to ``file``, which must not exist; ``folder`` contains the server's data.

    Raises ``BackupError`` if the server cannot make a snapshot, ``OSError`` if the file cannot be written. No partial
    file is left.
    """
    await _copy(redis)
    about = await redis.info("server")
    kind = text(about.get("server_name", "redis"))
    with (folder / COPY).open("rb") as copy:
        said = BackupDescription(
            format=FORMAT,
            layout=int(text(await redis.get(keys.layout().name) or b"1")),
            server=f"{kind} {about.get(f'{kind}_version', about.get('redis_version'))}",
            made_at=timestamp(now),
            size=os.fstat(copy.fileno()).st_size,
            sha256=_digest(copy),
            releases=int(await redis.zcard(keys.releases().name)),
        )
        copy.seek(0)
        temporary = file.with_name(f"{file.name}.part")
        try:
            with _new_file(temporary) as output, tarfile.open(fileobj=output, mode="w") as archive:
                packed = msgspec.json.encode(said)
                archive.addfile(_member(ABOUT, len(packed)), io.BytesIO(packed))
                archive.addfile(_member(COPY, said.size), copy)
                archive.close()
                output.flush()
                os.fsync(output.fileno())
            os.link(temporary, file)  # unlike a rename, this fails if the file exists
        finally:
            temporary.unlink(missing_ok=True)
    return said


async def _copy(redis: Redis) -> None:
    """Return once the server has written a snapshot that began after this call."""
    state = await redis.info("persistence")
    while state["rdb_bgsave_in_progress"]:  # one that began before this call
        await asyncio.sleep(CHECK_SECONDS)
        state = await redis.info("persistence")
    await redis.bgsave(schedule=True)
    state = await redis.info("persistence")
    while state["rdb_bgsave_in_progress"] or state["aof_rewrite_in_progress"]:
        await asyncio.sleep(CHECK_SECONDS)
        state = await redis.info("persistence")
    if state["rdb_last_bgsave_status"] != "ok":
        raise BackupError(
            "the embedded Redis could not write its copy; see redis/server.log in data_dir, and make room"
        )


def read_description(file: Path) -> BackupDescription:
    """Return the description of a backup after reading and verifying all of it; else raise ``BackupError``."""
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
    """Copy the snapshot of a verified backup into a server's empty folder, completely or not at all."""
    temporary = folder / f"{COPY}.part"
    try:
        with _opened(file) as (_, copy), temporary.open("wb") as output:
            while chunk := copy.read(CHUNK_BYTES):
                output.write(chunk)
            output.flush()
            os.fsync(output.fileno())
        temporary.replace(folder / COPY)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BackupDescription, IO[bytes]]]:
    try:
        with tarfile.open(file, mode="r:") as archive:
            first = archive.next()
            if first is None or first.name != ABOUT or not first.isreg() or first.size > MAX_DESCRIPTION_BYTES:
                raise BackupError(f"{file} is no backup of wirewatch")
            said = msgspec.json.decode(_content(archive, first).read(), type=BackupDescription)
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
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _new_file(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb")


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member
