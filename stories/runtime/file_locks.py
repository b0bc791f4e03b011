"""Locks on files that tell processes of one machine who owns what, and that no crash leaves behind."""

from __future__ import annotations

import fcntl
import os
import weakref
from pathlib import Path

_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


class FileLock:
    """An advisory lock (``flock``) on a file; it ends with the process, however that ends.

    It belongs to the open file: another ``FileLock`` on the same path excludes it in the same process too, and a
    child that is given ``fd`` goes on holding it after ``close``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1
        """The open file while the lock is held, else -1."""

    def take(self) -> bool:
        """Return whether the lock is held by this object now; ``OSError`` if the file cannot be opened."""
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
        """Let go of the file; the lock ends unless a child was given it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        _held.discard(self)


def is_held(path: Path) -> bool:
    """Return whether a living process holds the lock on ``path``."""
    probe = FileLock(path)
    taken = probe.take()
    probe.close()
    return not taken


def _forget_in_child() -> None:
    # A pool's forked worker that outlives us must not look like us.
    for lock in list(_held):
        lock.close()


os.register_at_fork(after_in_child=_forget_in_child)
