"""A file that every event is appended to as one line of JSON. Rotation is left to whoever rotates files."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from alerts.outcomes import Later, Outcome, OutgoingAlert, Sent
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from stories.runtime.private_files import FILE, narrow


def _expand(path: Path) -> Path:
    if not path.name:
        raise ValueError(f"{str(path)!r} names no file")
    return path.expanduser()


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "file"``."""

    is_local = True
    type: Literal["file"]
    path: Annotated[Path, AfterValidator(_expand)]
    """Relative to the folder that wirewatch was started in; folders that are missing are made."""


class FileChannel:
    """Appends to one file; a line is whole and on the disk before it counts as sent."""

    concurrency = 1
    timeout = timedelta(seconds=30)  # a disk that sleeps, a network file system

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._narrowed = False

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Append the event; a full disk or a missing right is tried again."""
        try:
            if not self._narrowed:  # once: a mode that its owner sets later stays until the next start
                await asyncio.to_thread(narrow, self.settings.path)
                self._narrowed = True
            await asyncio.to_thread(append_line, self.settings.path, alert.event)
        except OSError as error:
            return Later(f"{self.settings.path}: {error.strerror or error}")
        return Sent(str(self.settings.path))

    async def aclose(self) -> None:
        """Nothing stays open between two lines, so that a rotated file is let go at once."""


def append_line(path: Path, line: bytes) -> None:
    """Append one line and wait until the disk has it; what was written of a line that failed is taken back.

    A torn last line that somebody's crash left is ended first, so that it spoils no other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # a one-off crawl may write beside the daemon
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        try:
            _write_all(descriptor, (b"\n" if torn else b"") + line + b"\n")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def open_channel(name: str, settings: Settings, policy: AddressPolicy, api: str) -> FileChannel:
    """Return the channel; it reaches no address."""
    return FileChannel(name, settings)
