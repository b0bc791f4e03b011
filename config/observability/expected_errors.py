"""Expected errors of operation: Redis or a receiver unreachable, a full disk, a shutdown.

They are logged in one line without a traceback and not reported to Sentry, because an operator corrects their cause.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
from typing import Any

from redis.exceptions import AuthenticationError, NoPermissionError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import BusyLoadingError as Loading
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError as FullMemory
from redis.exceptions import TimeoutError as TimedOut

EXPECTED: tuple[type[BaseException], ...] = (
    *(Disconnected, TimedOut, Loading, ReadOnlyError, FullMemory, AuthenticationError, NoPermissionError),
    *(ConnectionError, TimeoutError, asyncio.CancelledError, asyncio.IncompleteReadError, BrokenPipeError, EOFError),
)
"""Redis, a receiver or a site is unreachable, slow, starting, full or refuses access; a task was cancelled."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)
"""Of ``OSError``: the disk is full or read-only, or there are no more files to be opened."""
UNWRITABLE = (
    *("OOM ", "MISCONF ", "LOADING ", "READONLY ", "NOREPLICAS ", "MASTERDOWN ", "NOPERM "),
    *("FORGOTTEN ", "DEPOSED "),
)
"""First words of what Redis or a script of ours answers when it takes no writes now."""


def is_expected(error: BaseException) -> bool:
    """Return whether an error is part of operation; a class of ours says so by ``expected = True``.

    A group is expected when all in it are. What was raised while another was handled counts by itself.
    """
    if isinstance(error, BaseExceptionGroup):
        return all(is_expected(member) for member in error.exceptions)
    if getattr(error, "expected", False) is True or isinstance(error, EXPECTED):
        return True
    if isinstance(error, ResponseError | RedisError):
        return str(error).startswith(UNWRITABLE)
    return isinstance(error, OSError) and error.errno in FULL


class ExpectedFilter(logging.Filter):
    """Takes the traceback from a line about an expected error: its reason is in the line, as a warning."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and return True."""
        said: Any = record.msg
        found = said.get("exc_info") if isinstance(said, dict) else record.exc_info
        error = _error(found)
        if error is None or not is_expected(error):
            return True
        reason = f"{type(error).__name__}: {error}"
        if isinstance(said, dict):
            record.msg = {name: value for name, value in said.items() if name != "exc_info"} | {"reason": reason}
            record.msg["level"] = "warning"
        else:
            record.msg, record.args = f"{record.getMessage()} ({reason})", ()
        record.exc_info = record.exc_text = None
        if record.levelno > logging.WARNING:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def _error(found: Any) -> BaseException | None:
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple):
        return found[1] if isinstance(found[1], BaseException) else None
    return sys.exc_info()[1] if found else None
