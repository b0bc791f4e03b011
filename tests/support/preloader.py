"""The process of ``preloaded``: it loads what ``wirewatch`` loads, and forks a program for each order.

    python preloader.py SOCKET COMMAND ROOM

It runs no thread and no event loop. A program forks once more before it begins: the second process waits until the
program starts its fork server of readers, and becomes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import inspect
import json
import os
import resource
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

LARGEST_MESSAGE = 1 << 17
FIRST_FREE = 100  # descriptors from here on are on their way to their number
WITH_READERS = frozenset({"run", "worker", "crawl", "sources", "extract", "demo"})  # commands
PAGE = resource.getpagesize()


def main() -> None:
    """Serve orders; in a new process return when its program has ended."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    sys.path[0] = str(Path(sys.argv[2]).parent)  # as for the command, not the folder of this file
    readers = load()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, LARGEST_MESSAGE, 16)
        if not message:
            os._exit(0)
        reading, writing = os.pipe()
        between = os.fork()
        if between == 0:
            middle = os.getpid()
            if pid := os.fork():
                os.write(writing, str(pid).encode())
                os._exit(0)
            while os.getppid() == middle:  # until it is the child of the process that ordered it
                time.sleep(0.0005)
            return _program(json.loads(message), descriptors, readers)
        os.waitpid(between, 0)
        pid_of_the_program = os.read(reading, 64)
        for descriptor in (reading, writing, *descriptors):
            os.close(descriptor)
        orders.send(pid_of_the_program)


def load() -> tuple[int, int]:
    """Load the modules; return by how many bytes, mapped and resident, this is more than a fork server loads."""
    from crawler.readers.worker import warm_up

    warm_up()
    before = _memory()
    import apprise  # noqa: F401

    import scheduler.cli.app
    import scheduler.demo.newswire
    import scheduler.demo.script
    import scheduler.roles.configuration_reload
    import scheduler.roles.daemon
    import scheduler.roles.one_off
    import scheduler.roles.worker  # noqa: F401
    from alerts.channels import channel_types
    from pipelines.notices import find_notice

    with contextlib.suppress(ImportError):  # the extra "workers"
        import docket.worker  # noqa: F401
    channel_types()
    find_notice("CORRECTION: A headline with a figure", ["The release that was issued today is corrected as follows."])
    assert "twisted.internet.reactor" not in sys.modules, "a reactor belongs to one process"
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads cannot be forked safely"  # noqa: PTH208
    gc.collect()
    gc.freeze()
    after = _memory()
    return after[0] - before[0], after[1] - before[1]


def _memory() -> tuple[int, int]:
    mapped, resident = Path("/proc/self/statm").read_text().split()[:2]
    return int(mapped) * PAGE, int(resident) * PAGE


def _program(order: dict[str, Any], descriptors: list[int], more: tuple[int, int]) -> None:
    """Become the program that was ordered."""
    _take_descriptors(dict(zip(order["descriptors"], descriptors, strict=True)))
    os.chdir(order["folder"])
    os.umask(order["umask"])
    if order["is_session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(order["environment"])
    command = order["command"]
    if "crawler.readers.worker" in command[-1]:
        (control,) = (number for number in order["descriptors"] if number > 2)
        _serve_readers(command, control, more)
    from stories.runtime import failpoints

    failpoints.arm(os.environ.get(failpoints.VARIABLE, ""))
    if not WITH_READERS.isdisjoint(command):
        _fork_the_fork_server(more)
    sys.stdout.reconfigure(line_buffering=os.isatty(1))  # type: ignore[union-attr]
    script = command[1:] if command[0] == sys.executable else command
    _show_command_line([sys.executable, *script])
    sys.argv = script
    if command[0] == sys.executable:
        sys.path[0] = str(Path(script[0]).parent)
        runpy.run_path(script[0], run_name="__main__")
    else:
        from scheduler.cli.app import main as begin

        begin()


def _take_descriptors(given: dict[int, int]) -> None:
    """Give each descriptor its number, and close all others."""
    import fcntl

    moved = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD, FIRST_FREE) for number, descriptor in given.items()}
    for number, descriptor in moved.items():
        os.dup2(descriptor, number)
    highest = max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], FIRST_FREE + len(moved))
    last = 2
    for number in [*sorted(number for number in given if number > 2), min(highest, 4096)]:
        os.closerange(last + 1, number)
        last = number


def _fork_the_fork_server(more: tuple[int, int]) -> None:
    """Fork the process that becomes the fork server of readers, and let ``subprocess`` use it once."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        ours.close()
        message, descriptors, _, _ = socket.recv_fds(theirs, LARGEST_MESSAGE, 4)
        if not message:
            os._exit(0)
        theirs.close()
        os.setsid()
        os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
        devnull, control = descriptors
        os.dup2(devnull, 0)
        os.close(devnull)
        theirs.close()
        _serve_readers(json.loads(message), control, more)
    theirs.close()
    os.set_inheritable(ours.fileno(), False)
    execute_child = subprocess.Popen._execute_child  # type: ignore[attr-defined]
    signature = inspect.signature(execute_child)

    def start(self: Any, args: Any, *rest: Any) -> None:
        is_fork_server = isinstance(args, list) and args[0] == sys.executable and "crawler.readers.worker" in args[-1]
        if not is_fork_server or ours.fileno() < 0:
            return execute_child(self, args, *rest)
        named = signature.bind(self, args, *rest).arguments
        socket.send_fds(ours, [json.dumps(args).encode()], [named["p2cread"], *named["pass_fds"]])
        ours.close()
        self.pid = pid
        self._child_created = True
        pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        return self._close_pipe_fds(*(named[name] for name in pipes))

    subprocess.Popen._execute_child = start  # type: ignore[attr-defined]


def _serve_readers(command: list[str], control: int, more: tuple[int, int]) -> NoReturn:
    """Be a fork server, whose memory is allowed to be larger by what this process has loaded besides."""
    from crawler.readers import worker

    _show_command_line(command)
    mapped, resident = more
    worker.MAX_KEPT_MEMORY += resident // 1024
    memory = int(command[-1].rpartition("serve(")[2].split(",")[1].strip(" )"))
    worker.serve(control, memory + mapped)


def _show_command_line(command: list[str]) -> None:
    """Overwrite the command line of this process, which the operating system shows."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])  # arg_start and arg_end of proc(5)
    text = b"\0".join(part.encode(errors="surrogateescape") for part in command)
    room = end - begin
    ctypes.memmove(begin, text[: room - 1].ljust(room, b"\0"), room)


if __name__ == "__main__":
    main()
