"""The parent's end of the fork server: orders workers, and reads the reports on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from crawler.readers.worker import ORDER


def start_fork_server(control: socket.socket, memory: int) -> subprocess.Popen[bytes]:
    """Start a fork server that takes its orders from a socket."""
    serve = f"from crawler.readers.worker import serve; serve({control.fileno()}, {memory})"
    # Libraries that start a thread for each core would be forked without their threads.
    quiet = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}; {serve}"],
        stdin=subprocess.DEVNULL,
        pass_fds=[control.fileno()],
        env=os.environ | quiet,
        start_new_session=True,  # Ctrl-C and Ctrl-Z in a terminal are the parent's to handle
    )


class ForkServerClient:
    """The parent's end of the fork server."""

    def __init__(self, memory: int, on_line: Callable[[str], None], on_lost: Callable[[], None]) -> None:
        control, theirs = socket.socketpair()
        with theirs:
            self._process = start_fork_server(theirs, memory)
        control.setblocking(False)
        self.control = control
        self.is_ready = False
        self.is_lost = False
        self._on_line, self._on_lost = on_line, on_lost
        self._rest = b""
        asyncio.get_running_loop().add_reader(control, self._readable)

    @property
    def pid(self) -> int:
        """Its process id, also that of the process group of its workers."""
        return self._process.pid

    @property
    def is_watching(self) -> bool:
        """Whether it would have reported that a worker is stopped."""
        return not self.is_lost

    def order(self, theirs: socket.socket) -> None:
        """Order a worker for this end of a socket pair; ``OSError`` when the order cannot be sent."""
        socket.send_fds(self.control, [ORDER], [theirs.fileno()])

    def is_stopped(self) -> bool:
        """Return whether the process was stopped; reaps it when it ended."""
        if self._process.returncode is not None:
            return False
        try:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        except ChildProcessError:  # something else in this process reaped it
            self._process.returncode = -signal.SIGKILL
            return False
        if pid == 0:
            return False
        if os.WIFSTOPPED(status):
            return True
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return False

    def kill(self, *, group: bool = False) -> None:
        """Kill it; ``group``: and all its workers."""
        if self._process.returncode is None:  # not reaped: the number is still its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL) if group else os.kill(self.pid, signal.SIGKILL)

    def resume_group(self) -> None:
        """Continue those of its workers that were stopped; they go on without it."""
        if self._process.returncode is None:  # not reaped: the number is still its group's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGCONT)

    async def reap(self, timeout: float) -> None:  # noqa: ASYNC109
        """Return when the killed process has ended, or after ``timeout`` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self._process.returncode is None:
                    self.is_stopped()
                    await asyncio.sleep(0.005)

    @property
    def code(self) -> int | None:
        """Its exit code."""
        self.is_stopped()
        return self._process.returncode

    def disconnect(self) -> None:
        """Stop listening to it."""
        if self.control.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.control)
            self.control.close()

    def _readable(self) -> None:
        try:
            data = self.control.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line.decode())
        if not data:
            self.disconnect()
            self.is_lost = True
            self._on_lost()
