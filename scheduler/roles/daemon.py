"""The daemon: it waits for the leader lease, then polls, alerts and serves the page; it ends on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

from config.settings import Settings
from crawler.readers.pool import ReaderFailedError, ReaderPool
from scheduler.leader.lease import DeposedError, hold_lease
from scheduler.leader.redis_mirror import Mirror
from scheduler.leader.rollback_recovery import follow_as_standby, mirror_of
from scheduler.metrics.readiness import restart_counter
from scheduler.process.cancellation import cancel_and_wait
from scheduler.process.shutdown import stopping
from scheduler.process.supervisor import Supervisor
from scheduler.roles.leader import Endpoint, run_leader
from scheduler.roles.web_dependencies import standby_app
from scheduler.roles.web_front import WEB_GRACE_SECONDS, WebFront
from scheduler.wiring import AppContext, StartError, now, open_app_context

log = structlog.get_logger(__name__)

WEB_CANCEL_SECONDS = 0.5  # for the web server to end after each of two cancellations


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; ``StartError`` names the reason and the next step."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets whose protocol is IPPROTO_TCP, and the default is 0. Without TCP_NODELAY,
    # the second part of every response waits 40 ms for the acknowledgement of the first.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # reserves the port; early connections wait instead of failing
    except OSError as error:
        bound.close()
        raise StartError(
            f"cannot serve on {host} port {port}: {error.strerror}; stop the process that uses it, or set another "
            "[web] port (0: any free port)"
        ) from error
    return bound


async def run_daemon(
    settings: Settings, stop: asyncio.Event, ready: Callable[[str], None], *, standby: bool = False
) -> None:
    """Run until ``stop`` is set; the web server answers probes from the start.

    Args:
        settings: The configuration.
        stop: Set on SIGTERM and SIGINT.
        ready: Called with the address of the page once this daemon is the leader.
        standby: While another daemon is the leader, wait to take its place.

    Raises:
        StartError: The daemon cannot start; the message names the reason and the next step.
    """
    with bind(settings.web.host, settings.web.port) as bound:
        restarts = restart_counter()
        front, parts = WebFront(bound), Supervisor(restarted=lambda part: restarts.labels(part).inc())
        serving = parts.start("web", front.serve)
        serving.add_done_callback(lambda _: stop.set())  # it ends only after repeated faults
        starting = _cancel_start_on_stop(stop)

        def started(address: str) -> None:
            starting.cancel()
            ready(address)

        try:
            async with open_app_context(settings) as app:
                mirror = mirror_of(app)
                while await _run_as_leader(app, standby, stop, Endpoint(bound, front, restarts, started), mirror):
                    log.warning("leader_deposed", reason="another daemon has the lease", next="stand by")
                    starting = _cancel_start_on_stop(stop)
        except asyncio.CancelledError:
            if not starting.done() or starting.cancelled():
                raise
        finally:
            starting.cancel()
            failed = serving.exception() if serving.done() and not serving.cancelled() else None
            front.end()
            with stopping.part("answers"):
                closed = asyncio.create_task(front.closed.wait())
                await asyncio.wait(
                    [closed, serving], timeout=2 * WEB_GRACE_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                closed.cancel()
                await cancel_and_wait(parts.tasks, grace=WEB_CANCEL_SECONDS, second_grace=WEB_CANCEL_SECONDS)
        if failed is not None:
            raise failed


async def _run_as_leader(
    app: AppContext, standby: bool, stop: asyncio.Event, endpoint: Endpoint, mirror: Mirror
) -> bool:
    """Wait for the lease and lead; return True when the lease was lost and this daemon is a standby again."""
    reader = ReaderPool()
    try:
        endpoint.front.show(standby_app(app, endpoint.restarts))
        try:
            await reader.warm_up()  # before the lease is held, so that the first poll starts without delay
        except ReaderFailedError as error:
            raise StartError(str(error)) from error
        following = asyncio.create_task(follow_as_standby(app, mirror, now), name="mirror") if standby else None
        try:
            async with hold_lease(app, standby=standby) as lease:
                if following is not None:
                    await cancel_and_wait([following])
                await run_leader(app, lease, stop, endpoint, reader, mirror)
        finally:
            if following is not None:
                following.cancel()
    except DeposedError:
        if not standby or stop.is_set():
            raise
        return True
    finally:
        with stopping.part("reader processes"):
            await reader.close()
    return False


def _cancel_start_on_stop(stop: asyncio.Event) -> asyncio.Task[None]:
    """Cancel the start of the daemon when ``stop`` is set: waiting for a server may take half a minute."""
    start = asyncio.current_task()

    async def cancel_start() -> None:
        await stop.wait()
        if start is not None:
            start.cancel()

    return asyncio.create_task(cancel_start(), name="starting")
