"""Starts ``wirewatch`` by a fork of a process that has its modules loaded: 20 ms where a start takes 3 s of CPU time.

``install`` replaces how ``subprocess`` starts two commands in a test process: ``wirewatch …`` (or a script of a test
that imports it), and the fork server of the readers. The new process is a child of the test process with the command
line, environment, folder, descriptors and session that were requested, and runs the program's ``main``. Only the
loading of modules is not repeated.

Programs are executed as usual where that loading is what is tested: in tests marked ``executes_programs``, with other
variables for Python or the C library (``LD_PRELOAD``, ``PYTHONPATH``), on systems other than Linux, and everywhere
with ``WIREWATCH_TESTS=long``.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import inspect
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PYTHON = sys.executable
COMMAND = str(Path(PYTHON).parent / "wirewatch")
PRELOADER = str(Path(__file__).with_name("preloader.py"))
SINGLE_THREADED = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
AT_START = ("PYTHON", "LD_", "GLIBC", "MALLOC", "LC_", "LANG", "TZ", "FAKETIME")  # variables that are read only then
PR_SET_CHILD_SUBREAPER = 36
LARGEST_MESSAGE = 1 << 17
OF_THE_PRODUCT = r"^ *from (alerts|scheduler)[.\w]* import"  # in a script: it needs what is loaded
COMMAND_LINE_ROOM = "x" * 4096  # bytes of the preloader's command line, which its children overwrite with theirs

IS_LONG_RUN = os.environ.get("WIREWATCH_TESTS") == "long"
"""Whether all is tried that takes long (``make test-long``): every program executed, all data, more examples."""

_execute_child = subprocess.Popen._execute_child  # type: ignore[attr-defined]
_SIGNATURE = inspect.signature(_execute_child)
_PLAIN = {"preexec_fn": None, "shell": False, "gid": None, "gids": None, "uid": None, "umask": -1, "process_group": -1}
_is_suspended = False


def install() -> None:
    """Let programs be started by forks in this process."""
    if sys.platform == "linux" and not IS_LONG_RUN:
        subprocess.Popen._execute_child = _start  # type: ignore[attr-defined]


@contextlib.contextmanager
def suspended() -> Iterator[None]:
    """Execute programs as usual within the block."""
    global _is_suspended
    before, _is_suspended = _is_suspended, True
    try:
        yield
    finally:
        _is_suspended = before


def is_fork_server(arguments: Sequence[str]) -> bool:
    """Return whether this starts the fork server of the readers."""
    return arguments[1:3] == ["-P", "-c"] and "from crawler.readers.worker import serve; serve(" in arguments[3]


def _start(self: subprocess.Popen[Any], *arguments: Any, **named: Any) -> None:
    bound = _SIGNATURE.bind(self, *arguments, **named).arguments
    command = bound["args"]
    if isinstance(command, list | tuple) and _is_forked(command := [os.fspath(part) for part in command], bound):
        descriptors = {0: bound["p2cread"], 1: bound["c2pwrite"], 2: bound["errwrite"]}
        kept = {number: number if given == -1 else given for number, given in descriptors.items()}
        self.pid = _preloader().start(
            command,
            environment=os.environ if bound["env"] is None else bound["env"],
            folder=os.fspath(bound["cwd"] or Path.cwd()),
            is_session=bound["start_new_session"],
            descriptors=kept | {number: number for number in bound["pass_fds"]},
        )
        self._child_created = True  # type: ignore[attr-defined]
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(bound[name] for name in pipes))  # type: ignore[attr-defined]
    else:
        _execute_child(self, *arguments, **named)


def _is_forked(command: Sequence[str], options: Mapping[str, Any]) -> bool:
    if _is_suspended or any(options.get(name, plain) != plain for name, plain in _PLAIN.items()):
        return False
    if command[0] != COMMAND and not (command[0] == PYTHON and (is_fork_server(command) or _is_script(command))):
        return False
    return _preloader().environment == _at_start(options["env"] or os.environ)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(AT_START)}


def _is_script(command: Sequence[str]) -> bool:
    if len(command) < 2 or not command[1].endswith(".py"):
        return False
    return re.search(OF_THE_PRODUCT, Path(command[1]).read_text(encoding="utf-8"), re.MULTILINE) is not None


class Preloader:
    """The process that has the modules loaded, and forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.environment = _at_start(os.environ)
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, suspended():
            self._process = subprocess.Popen(
                [PYTHON, PRELOADER, str(theirs.fileno()), COMMAND, COMMAND_LINE_ROOM],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=os.environ | SINGLE_THREADED,
            )
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl
        atexit.register(self.stop)

    @property
    def is_running(self) -> bool:
        """Whether it can be used."""
        return self._process.poll() is None

    def start(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: str,
        is_session: bool,
        descriptors: Mapping[int, int],
    ) -> int:
        """Start a program as a child of this process, and return its process id.

        Args:
            command: the command line.
            environment: all its variables.
            folder: its working directory.
            is_session: whether it begins a session.
            descriptors: its file descriptors by number, and which of this process each is.
        """
        umask = os.umask(0o022)
        os.umask(umask)
        order = {
            "command": list(command),
            "environment": {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()},
            "folder": folder,
            "umask": umask,
            "is_session": is_session,
            "descriptors": list(descriptors),
        }
        with self._lock:
            # The process between this one and the new one ends: the new one becomes a child of this process.
            self._prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            try:
                socket.send_fds(self._socket, [json.dumps(order).encode()], list(descriptors.values()))
                return int(self._socket.recv(64))
            finally:
                self._prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def stop(self) -> None:
        """End it; the programs that it started go on."""
        self._socket.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)


_preloaders: list[Preloader] = []


def begin() -> None:
    """Let the modules be loaded while other tests run."""
    if subprocess.Popen._execute_child is _start:  # type: ignore[attr-defined]
        _preloader()


def _preloader() -> Preloader:
    if not _preloaders or not _preloaders[-1].is_running:
        _preloaders.append(Preloader())
    return _preloaders[-1]
