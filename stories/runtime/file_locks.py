"""File locks between the processes of one machine. A crash releases them."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """An advisory lock (``flock``) on a file, released when the process ends.

    The lock belongs to the open file. So two ``FileLock`` on one path exclude each other in one process too, and a
    child process that inherits ``fd`` keeps the lock after ``close``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1
        """The open file while the lock is held, else -1."""

    def take(self) -> bool:
        """Try to take the lock, and return whether this object holds it.

        Raises:
            OSError: the file cannot be opened.
        """
        if self.fd >= 0:
            return True
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return False
        except OSError:
            os.close(fd)
            raise
        self.fd = fd
        _held.add(self)
        return True

    def close(self) -> None:
        """Close the file, which releases the lock unless a child process inherited it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        _held.discard(self)


def is_held(path: Path) -> bool:
    """Return whether a running process holds the lock on ``path``."""
    probe = FileLock(path)
    taken = probe.take()
    probe.close()
    return not taken


def _forget_in_child() -> None:
    # A forked worker that outlives its parent must not keep the parent's locks.
    for lock in list(_held):
        lock.close()


os.register_at_fork(after_in_child=_forget_in_child)
