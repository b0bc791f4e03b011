"""The processes that parse untrusted bytes: a fork server that loads the libraries, and the workers it forks.

The parent (``crawler.readers.fork_server_client``) starts the fork server with one end of a socket pair, the control
socket. A byte on it with a socket attached orders a worker that serves that socket. Lines on it report, as ``ready``,
``forked PID``, ``stopped PID SIGNAL`` and ``ended PID CODE`` (the negative signal, as in ``subprocess``). When the
control socket closes, the parent has ended: the fork server kills its workers and ends. A worker ends when its socket
closes.

Jobs go to a worker as pickles, since the parent made them. Answers come back as MessagePack and are decoded to fixed
types: a worker that hostile bytes have taken over can send wrong answers, but it cannot run code in the parent.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import resource
import selectors
import signal
import socket
import struct
import sys
import traceback
from dataclasses import dataclass
from typing import NoReturn, cast

import msgspec

from config.source_settings import ListingSettings, ReleaseHints
from crawler.listings.listing_page import ListingPage, ListingUnreadableError
from stories.crawl_state.site_boilerplate import KnownBoilerplate, ShownLines
from stories.model.release import NotARelease, Release
from stories.runtime.allocator import bound_allocator

ORDER = b"w"
LENGTH = struct.Struct("!I")
MAX_JOBS = 1000  # that a worker does before it is replaced, so that what leaks stays small
MAX_KEPT_MEMORY = (
    176 * 1024
)  # KiB of resident memory, 130 of them shared; a worker that needed more is replaced after its answer
NICENESS = 5  # the process that polls and alerts goes first where cores are short
MAX_RELEASE_CHARACTERS = 1_000_000  # 160,000 words; what is compared and matched in the parent takes 1 µs each
OVERTIME_SECONDS = 5.0  # seconds after a job's time limit at which a worker without a parent ends by itself
WARM_UP_PAGE = b"<h1>Nothing to read here</h1>" + b"".join(
    b"<p>Sentence number %d of this page is only there to load what the first page needs.</p>" % number
    for number in range(9)
)
WARM_UP_FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><item><title>A release with a long headline'
    b"</title><link>https://wire.example/news/1</link><pubDate>Tue, 10 Feb 2026 09:00:00 GMT</pubDate></item></channel>"
    b"</rss>"
)
WARM_UP_LISTING = (
    b'<html><body><a href="/news/1-first">A release with a headline that is long enough</a> 10 February 2026</body>'
    b"</html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageJob:
    """A page to read."""

    body: bytes
    url: str | None
    hints: ReleaseHints | None
    header_charset: str | None
    known: KnownBoilerplate
    seconds: float
    """The time limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingJob:
    """A listing to read."""

    body: bytes
    url: str
    settings: ListingSettings
    hints: ReleaseHints
    content_type: str | None
    seconds: float
    """The time limit."""


Job = PageJob | ListingJob


class Hello(msgspec.Struct, tag=True):
    """The worker is ready for its first job."""


class PageRead(msgspec.Struct, tag=True):
    """The release of a page, and what the page adds to the memory of its site."""

    release: Release
    shown: ShownLines


class ListingRead(msgspec.Struct, tag=True):
    """What a listing names."""

    page: ListingPage


class PageRefused(msgspec.Struct, tag=True):
    """``NotARelease``."""

    reason: str
    detail: str


class ListingRefused(msgspec.Struct, tag=True):
    """``ListingUnreadableError``."""

    message: str


class OutOfMemory(msgspec.Struct, tag=True):
    """Reading it takes more memory than a worker may have."""


class Failed(msgspec.Struct, tag=True):
    """An exception that no reader is to raise: a fault of the program."""

    error: str
    message: str
    traceback: str


Answer = Hello | PageRead | ListingRead | PageRefused | ListingRefused | OutOfMemory | Failed


class Envelope(msgspec.Struct):
    """An answer on its way to the parent."""

    answer: Answer
    is_last: bool = False
    """Whether the worker ends after it."""


_encode = msgspec.msgpack.encode


def serve(control_fd: int, memory: int) -> NoReturn:
    """Run the fork server on its control socket; ``memory``: bytes of address space that a worker may have."""
    os.dup2(2, 1)  # standard output is for results, and libraries that print are none
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # of the terminal and of supervisors: the parent's
        signal.signal(number, signal.SIG_IGN)
    logging.disable(logging.CRITICAL)  # what libraries log here quotes foreign bytes
    control = socket.socket(fileno=control_fd)
    bound_allocator()
    warm_up()
    gc.collect()
    gc.freeze()  # collections in the workers leave the shared pages alone
    _ForkServer(control, memory).run()


def warm_up() -> None:
    """Load here what the first job would load in every worker."""
    hints, settings = ReleaseHints(), ListingSettings(url="https://wire.example/news")
    page = PageJob(body=WARM_UP_PAGE, url=None, hints=None, header_charset=None, known=KnownBoilerplate(), seconds=0)
    perform(page)
    for body in (WARM_UP_FEED, WARM_UP_LISTING):
        perform(ListingJob(body=body, url=settings.url, settings=settings, hints=hints, content_type=None, seconds=0))


class _ForkServer:
    """One thread, no lock, and nothing foreign read: it has little to hang at."""

    def __init__(self, control: socket.socket, memory: int) -> None:
        self._control = control
        self._memory = memory
        self._workers: set[int] = set()

    def run(self) -> NoReturn:
        """Serve until the control socket closes."""
        woken, wake = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        selector = selectors.DefaultSelector()
        selector.register(self._control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        try:
            self._report("ready")
            while True:
                for key, _ in selector.select():
                    if key.fileobj is woken:
                        with contextlib.suppress(BlockingIOError):
                            woken.recv(4096)
                        self._look_at_workers()
                    else:
                        self._serve_order()
        except OSError:
            self._end()

    def _serve_order(self) -> None:
        order, sockets, _, _ = socket.recv_fds(self._control, 1, 1)
        if not order:
            self._end()
        if not sockets:
            return
        pid = os.fork()
        if pid == 0:
            _work(socket.socket(fileno=sockets[0]), self._control, self._memory)
        os.close(sockets[0])
        self._workers.add(pid)
        self._report(f"forked {pid}")

    def _look_at_workers(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._report(f"stopped {pid} {os.WSTOPSIG(status)}")
            else:
                self._workers.discard(pid)
                self._report(f"ended {pid} {os.waitstatus_to_exitcode(status)}")

    def _report(self, line: str) -> None:
        self._control.sendall(f"{line}\n".encode())

    def _end(self) -> NoReturn:
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)


def _work(connection: socket.socket, control: socket.socket, memory: int) -> NoReturn:
    """Run a worker until its socket closes."""
    code = 1
    try:
        control.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.nice(NICENESS)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        _send(connection, Envelope(Hello()))
        _serve_jobs(connection)
        code = 0
    except (ConnectionError, EOFError):  # the parent ended
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve_jobs(connection: socket.socket) -> None:
    for number in range(1, MAX_JOBS + 1):
        packed = _receive(connection)
        job = cast(Job, pickle.loads(packed))  # noqa: S301 (the parent made it)
        del packed
        signal.setitimer(signal.ITIMER_REAL, job.seconds + OVERTIME_SECONDS)
        answer = perform(job)
        signal.setitimer(signal.ITIMER_REAL, 0)
        del job
        is_last = number == MAX_JOBS or _peak_memory() > MAX_KEPT_MEMORY
        _send(connection, Envelope(answer, is_last))
        if is_last:
            return


def perform(job: Job) -> Answer:
    """Read a page or a listing, and return what came of it; it raises nothing."""
    try:
        return _read_page(job) if isinstance(job, PageJob) else _read_listing(job)
    except NotARelease as refusal:
        return PageRefused(refusal.reason, refusal.detail)
    except ListingUnreadableError as refusal:
        return ListingRefused(str(refusal))
    except MemoryError:
        return OutOfMemory()
    except Exception as error:
        return Failed(type(error).__name__, str(error), traceback.format_exc())


def _read_page(job: PageJob) -> PageRead:
    from crawler.extraction import extract_release
    from crawler.extraction.body.site_boilerplate import Seen, shown_by

    known = job.known
    seen = Seen(repeated=frozenset(known.lines), headlines=known.headlines, kept=known.kept)
    release = extract_release(job.body, job.url, job.hints, header_charset=job.header_charset, seen=seen)
    if (length := _characters(release)) > MAX_RELEASE_CHARACTERS:
        raise NotARelease("too large", f"{length:,} characters of text, at most {MAX_RELEASE_CHARACTERS:,} are kept")
    return PageRead(release, shown_by(release))


def _characters(release: Release) -> int:
    captions = (image.caption or "" for image in release.images)
    parts = (release.headline, release.subheadline or "", release.text, release.disclaimer or "")
    return sum(map(len, (*parts, *release.contacts, *release.tags, *captions)))


def _read_listing(job: ListingJob) -> ListingRead:
    from crawler.listings import read_listing

    return ListingRead(read_listing(job.body, job.url, job.settings, job.hints, job.content_type))


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _send(connection: socket.socket, envelope: Envelope) -> None:
    try:
        packed = _encode(envelope)
    except UnicodeEncodeError:  # half a surrogate pair, from an escape in JSON: no character
        packed = _encode(_encodable(msgspec.to_builtins(envelope)))
    connection.sendall(LENGTH.pack(len(packed)) + packed)


def _encodable(found: object) -> object:
    if isinstance(found, str):
        return found.encode("utf-8", "replace").decode()
    if isinstance(found, dict):
        return {_encodable(key): _encodable(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_encodable(value) for value in found]
    return found


def _receive(connection: socket.socket) -> bytearray:
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytearray:
    buffer = bytearray(length)
    view = memoryview(buffer)
    while view:
        received = connection.recv_into(view)
        if not received:
            raise EOFError
        view = view[received:]
    return buffer
