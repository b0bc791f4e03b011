"""File channel: appends every event to a file as one line of JSON. It does not rotate the file."""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from alerts.message_context import MessageContext
from alerts.outcomes import Later, Outcome, OutgoingAlert, Sent
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from stories.runtime.private_files import FILE_MODE, restrict_access


def _expand(path: Path) -> Path:
    if not path.name:
        raise ValueError(f"{str(path)!r} is not the path of a file")
    return path.expanduser()


class Settings(DeliverySettings):
    """``[channels.NAME]`` of ``type = "file"``."""

    is_local = True
    type: Literal["file"]
    path: Annotated[Path, AfterValidator(_expand)]
    """Relative to the working directory of the daemon; missing directories are created."""


class FileChannel:
    """Appends events to one file. An alert counts as sent when its whole line is on the disk."""

    concurrency = 1
    timeout = timedelta(seconds=30)  # for a sleeping disk, or a network file system

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.settings = settings
        self._narrowed = False

    async def send(self, alert: OutgoingAlert) -> Outcome:
        """Append the event. A full disk or a missing permission is retried later."""
        try:
            if not self._narrowed:  # only once, so a mode that the owner sets later stays until the next start
                await asyncio.to_thread(restrict_access, self.settings.path)
                self._narrowed = True
            await asyncio.to_thread(append_line, self.settings.path, alert.event)
        except OSError as error:
            return Later(f"{self.settings.path}: {error.strerror or error}")
        return Sent(str(self.settings.path))

    async def aclose(self) -> None:
        """Do nothing: the file is closed after every line, so it can be rotated."""


def append_line(path: Path, line: bytes) -> None:
    """Append one line and sync it to the disk. A partly written line is removed after an error.

    An incomplete last line from an earlier crash is ended first, so it does not damage the new line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # a one-off crawl may write to the same file
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


def open_channel(
    name: str, settings: Settings, policy: AddressPolicy, api: str, context: MessageContext
) -> FileChannel:
    """Return the channel; it opens no connection."""
    return FileChannel(name, settings)
