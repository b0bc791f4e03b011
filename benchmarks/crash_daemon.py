"""Starts daemons for the crash benchmark: the program is imported once, and every daemon is a fork of it.

Without this, a daemon that is killed every few seconds would spend most of its time importing. The fork runs the
program's own ``main``. Lines of JSON come in (``{"arguments": [...], "failpoint": "kept@2", "log": "…"}``) and go out:
the daemon's process id at its start, its status at its end. With the argument ``receipt-first`` delivery is
deliberately wrong, to prove that the benchmark detects it. With ``short-leases`` an in-flight alert of a killed daemon
is due again after seconds, so that a test need not wait for a minute.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from preloader import load  # noqa: E402

from alerts import channel_worker  # noqa: E402
from alerts.channel_worker import ChannelWorker  # noqa: E402
from alerts.channels import file, webhook  # noqa: E402
from alerts.outbox import Alert  # noqa: E402
from alerts.outcomes import Sent  # noqa: E402
from crawler.readers import fork_server_client, worker  # noqa: E402
from scheduler.cli.app import main  # noqa: E402
from stories.runtime import failpoints  # noqa: E402


def write_receipts_first() -> None:
    """Spoil delivery as many tools have it: what was done is noted, then it is done."""

    async def deliver(self: Any, alerts: Sequence[Alert], lost_at: float) -> None:
        for alert in alerts:
            await self._settle(alert, Sent("noted before it was sent"), lost_at)
        failpoints.failpoint("alert-sending")
        await self._try(list(alerts))
        failpoints.failpoint("alert-sent")

    ChannelWorker._deliver = deliver  # type: ignore[method-assign]


def become_daemon(order: dict[str, Any]) -> NoReturn:
    """Run the program in this process, and never return."""
    with Path(os.devnull).open("rb") as nothing, Path(order["log"]).open("ab", 0) as log:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    failpoints.arm(order["failpoint"])
    sys.argv = ["wirewatch", *order["arguments"]]
    status = 1
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


class Forked:
    """What ``reader_processes`` needs of a process, of one that was forked."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None


def fork_fork_server(control: socket.socket, memory: int) -> Any:
    """Start a fork server for a daemon as a fork of the daemon."""
    pid = os.fork()
    if pid:
        return Forked(pid)
    os.setsid()
    kept = control.detach()
    os.dup2(kept, 3)
    os.closerange(4, 65536)
    return worker.serve(3, memory)


def serve() -> None:
    """Start one daemon after the other, until standard input ends."""
    if "receipt-first" in sys.argv:
        write_receipts_first()
    if "short-leases" in sys.argv:
        channel_worker.LEASE_MARGIN = webhook.TIMEOUT = timedelta(seconds=1.5)
        webhook.WebhookChannel.timeout = file.FileChannel.timeout = timedelta(seconds=2)
    # The fork servers of the readers are forks too, of what has loaded its libraries here: a second each.
    more = load()[1]
    worker.MAX_KEPT_MEMORY += more // 1024
    fork_server_client.start_fork_server = fork_fork_server
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become_daemon(order)
        print(json.dumps({"pid": pid}), flush=True)
        _, ended = os.waitpid(pid, 0)
        print(json.dumps({"status": os.waitstatus_to_exitcode(ended)}), flush=True)


if __name__ == "__main__":
    serve()
