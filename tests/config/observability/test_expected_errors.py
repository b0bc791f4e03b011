"""Expected ends are no errors to Sentry and have no traceback in the log; faults of ours are and have."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging

import pytest
import sentry_sdk
import structlog
from redis.exceptions import (
    BusyLoadingError,
    DataError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
)  # fmt: skip
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut
from sentry_sdk.transport import Transport

from config.observability.expected_errors import is_expected
from config.observability.logging import configure_logging
from config.observability.sentry import configure_sentry, report
from crawler.readers.errors import ReaderClosedError, ReaderFailedError
from scheduler.leader.docket_queue import RequeuedError
from scheduler.leader.lease import DeposedError
from scheduler.wiring import StartError
from stories.crawl_state.quarantine import QuarantinedError
from stories.db.fencing import ForgottenError

EXPECTED = [
    Disconnected("Error 111 connecting to 127.0.0.1:6379"),
    TimedOut("Timeout reading from socket"),
    BusyLoadingError("Redis is loading the dataset in memory"),
    ReadOnlyError("You can't write against a read only replica."),
    OutOfMemoryError("command not allowed when used memory > 'maxmemory'."),
    NoPermissionError("this user has no permissions to access one of the channels"),
    ResponseError("MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk"),
    ResponseError("DEPOSED another daemon has the clock since"),
    ForgottenError("FORGOTTEN Redis came back empty"),
    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    TimeoutError(),
    asyncio.IncompleteReadError(b"", 4),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EROFS, "Read-only file system"),
    OSError(errno.EMFILE, "Too many open files"),
    ReaderClosedError("this process ends"),
    QuarantinedError("set aside"),
    DeposedError("another daemon took the clock"),
    StartError("no Redis"),
    RequeuedError(),
    ExceptionGroup("two", [Disconnected("away"), OSError(errno.ENOSPC, "full")]),
]
FAULTS = [
    ValueError("a fault of ours"),
    KeyError("headline"),
    ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"),
    ResponseError("ERR user_script:3: attempt to compare nil with number"),
    DataError("Invalid input of type: 'dict'"),
    OSError(errno.ENOENT, "No such file or directory"),
    ReaderFailedError("the fork server does not start"),
    ExceptionGroup("two", [Disconnected("away"), ValueError("a fault of ours")]),
]


def name(error):
    return f"{type(error).__name__} {error}"[:60]


class Kept(Transport):
    """A transport that sends nothing and keeps what it was given."""

    def __init__(self):
        super().__init__()
        self.envelopes = []

    def capture_envelope(self, envelope):
        self.envelopes.append(envelope)


@pytest.fixture
def sent():
    """What would be sent to Sentry."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    assert configure_sentry("test", "1", variables={"SENTRY_DSN": "http://key@127.0.0.1:9/1"})
    kept = Kept()
    sentry_sdk.get_client().transport = kept
    yield kept.envelopes
    sentry_sdk.get_global_scope().set_client(None)
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def tell(error):
    """Report an error in each of the ways there are, and return what the log has of it."""
    stream = io.StringIO()
    configure_logging(False, stream=stream)
    try:
        raise error
    except BaseException as raised:
        logging.getLogger("docket.worker").exception("it broke", exc_info=raised)
        structlog.get_logger("scheduler").error("part_restarted", exc_info=raised)
        report(raised, stop="redis")
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("error", EXPECTED, ids=name)
def test_an_expected_end_is_no_error_to_sentry_and_one_line_in_the_log(error, sent):
    lines = tell(error)
    assert is_expected(error)
    assert sent == []
    assert [line["level"] for line in lines] == ["warning", "warning"]
    assert all("exception" not in line for line in lines)
    assert all(type(error).__name__ in json.dumps(line) for line in lines)


@pytest.mark.parametrize("error", FAULTS, ids=name)
def test_a_fault_of_ours_is_reported_once_and_has_its_traceback(error, sent):
    lines = tell(error)
    assert not is_expected(error)
    assert len(sent) == 1
    assert [line["level"] for line in lines] == ["error", "error"]
    assert all("Traceback" in line["exception"] for line in lines)
