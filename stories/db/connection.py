"""Connections to Redis: timeouts, retries, Sentinel, and checks of whether a server is fit."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    MasterNotFoundError,
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import TimeoutError as TimedOut

from stories.db.acl import RULE, missing_permissions
from stories.db.server_binary import MIN_VERSION

TIMEOUT = 5.0  # seconds for one reply; a blocking command must use a shorter timeout
SENTINEL_PORT = 26379
MAX_CONNECTIONS = 32  # of one client; a caller waits for a free connection, each is used for some milliseconds
RETRIES = 3  # the library's 10 make a server that hangs cost 59 s a call
MINIMUM = f"{MIN_VERSION}.0"
_WANTS_PASSWORD = re.compile(r"NOAUTH|WRONGPASS|authenticat|username-password|invalid password", re.I)


def connect(url: str, *, once: bool = False) -> Redis:
    """Return a client of a URL of Redis, else ``ValueError``; its answers are bytes.

    Allowed are ``redis://``, ``rediss://`` (TLS) and ``unix://`` as redis-py has them, each with an ACL user, and
    ``redis+sentinel://user:password@host:26379,host2:26379/service/db`` or ``rediss+sentinel://…``: the primary that
    the Sentinels name, looked up again at each connection. User and password are those of Redis; the Sentinels' own are
    ``?sentinel_username=…&sentinel_password=…``.

    A call is retried when its reply is lost, so the server may apply it twice: correct for reads and idempotent
    scripts. ``once=True`` never retries; use it for calls that count or append.
    """
    retry = Retry(NoBackoff(), 0) if once else Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.5), RETRIES)
    # No health_check_interval: in redis-py 8.1 it recurs without end when the server wants a password.
    options: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "client_name": "wirewatch"}
    try:
        if urlsplit(url).scheme in ("redis+sentinel", "rediss+sentinel"):
            return _by_sentinel(url, retry, options)
        pool = BlockingConnectionPool.from_url(
            url, retry=retry, max_connections=MAX_CONNECTIONS, timeout=None, **options
        )
        return Redis.from_pool(pool)
    except ValueError:
        # The library's own words may quote a piece of the password.
        raise ValueError(
            "redis_url is no Redis URL; allowed are redis://[user:password@]host:port/db, rediss://…, "
            "unix:///path?db=0 and redis+sentinel://[user:password@]host:port,host:port/service/db, with '/', '@', '#' "
            "and '%' in a password percent-encoded"
        ) from None


def _by_sentinel(url: str, retry: Retry, options: dict[str, Any]) -> Redis:
    parts = urlsplit(url)
    about, _, hosts = parts.netloc.rpartition("@")
    sentinels = [_host_and_port(host) for host in hosts.split(",")]
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("no service")
    # The library's own parser reads the rest: TLS and its files, user, password.
    plain = f"{parts.scheme.partition('+')[0]}://{f'{about}@' if about else ''}h:1/{db or 0}"
    given: dict[str, Any] = dict(parse_url(f"{plain}?{parts.query}" if parts.query else plain))
    own = {
        name.removeprefix("sentinel_"): given.pop(name)
        for name in ("sentinel_username", "sentinel_password")
        if name in given
    }
    for name in ("host", "port"):
        given.pop(name, None)
    secure = given.pop("connection_class", None) is not None
    tls = {name: given.pop(name) for name in list(given) if name.startswith("ssl_")} | ({"ssl": True} if secure else {})
    sentinel: Any = Sentinel(sentinels, sentinel_kwargs={**options, **own, **tls}, **options)  # type: ignore[no-untyped-call]
    primary: Redis = sentinel.master_for(
        unquote(service), connection_pool_class=_BlockingSentinelPool, retry=retry, **given, **tls
    )
    return primary


class _BlockingSentinelPool(BlockingConnectionPool, SentinelConnectionPool):
    """Connections to the primary that the Sentinels name; a caller waits while all of them are in use."""

    def __init__(self, service_name: str, sentinel_manager: Any, **options: Any) -> None:
        secure = options.pop("ssl", False)
        super().__init__(
            max_connections=MAX_CONNECTIONS,
            timeout=None,
            connection_class=SentinelManagedSSLConnection if secure else SentinelManagedConnection,
            service_name=service_name,
            sentinel_manager=sentinel_manager,
            **options,
        )


def _host_and_port(text: str) -> tuple[str, int]:
    found = urlsplit(f"//{text}")
    if not found.hostname:
        raise ValueError("no host")
    return found.hostname, found.port or SENTINEL_PORT


def address(redis: Redis) -> str:
    """Return where a client connects, without user and password: ``127.0.0.1:6379/0`` or the socket's path."""
    to: dict[str, Any] = redis.connection_pool.connection_kwargs
    if isinstance(redis.connection_pool, SentinelConnectionPool):
        return f"the primary of {redis.connection_pool.service_name} by Sentinel"
    return (
        str(to["path"]) if "path" in to else f"{to.get('host', 'localhost')}:{to.get('port', 6379)}/{to.get('db', 0)}"
    )


async def check_server(redis: Redis) -> list[str]:
    """Return the reasons why this server is unfit, each with its remedy; empty for a fit server."""
    where = f"Redis at {address(redis)}"
    try:
        about = await redis.info("everything")
    except BusyLoadingError:
        return [f"{where} is still loading its data; wait, and look again: redis-cli INFO persistence"]
    except (RedisError, OSError) as error:
        return [f"{where} {_why_not(error)}"]
    if faults := find_faults(about):
        return [f"{where} {fault}" for fault in faults]
    try:
        missing = await missing_permissions(redis)
    except (RedisError, OSError) as error:
        return [f"{where} {_why_not(error)}"]
    if not missing:
        return []
    return [
        f"{where} does not allow its user {', '.join(missing)}; allow what wirewatch does: "
        f"redis-cli ACL SETUSER USER {RULE}"
    ]


def _why_not(error: Exception) -> str:
    said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    # The library raises a plain ConnectionError for some of these, with the server's words in it.
    if isinstance(error, AuthenticationError) or _WANTS_PASSWORD.search(said):
        return (
            "asks for another user or password than redis_url has; write redis://USER:PASSWORD@host:port/db, with an "
            "empty USER for the default one"
        )
    if isinstance(error, MasterNotFoundError):
        return f"is not known: {said}; see redis-cli -p {SENTINEL_PORT} SENTINEL masters, or mend redis_url"
    if "DB index is out of range" in said or "invalid DB index" in said:
        return (
            "has no database of that number (Redis has 16, numbered from 0, unless its configuration sets databases); "
            "write another number at the end of redis_url"
        )
    if "unknown command" in said.lower() and "sentinel" in said.lower():
        return (
            "is a Redis server and no Sentinel; name the Sentinels (port 26379) in redis_url, or write "
            "redis://host:port/db for this server"
        )
    if isinstance(error, TimedOut):
        return f"does not answer within {TIMEOUT:.0f} s; look at it: redis-cli PING"
    if isinstance(error, (Disconnected, OSError)):
        return f"is not reachable ({said}); start it (systemctl start redis-server) or mend redis_url"
    return f"refuses INFO ({said}); allow it: redis-cli ACL SETUSER USER +info"


def find_faults(about: dict[str, Any]) -> list[str]:
    """Return the reasons why a server is unfit, by its INFO."""
    faults = []
    version = str(about.get("redis_version", "0"))
    if not version.split(".")[0].isdecimal() or int(version.split(".")[0]) < MIN_VERSION:
        faults.append(f"is version {version}, and {MINIMUM} is needed; upgrade it: apt-get install redis-server")
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        faults.append(
            f"would throw data away when its memory is full (maxmemory-policy {policy}); set it, here and in its "
            "configuration file: redis-cli CONFIG SET maxmemory-policy noeviction"
        )
    if about.get("loading"):
        faults.append("is still loading its data; wait, and look again: redis-cli INFO persistence")
    if about.get("role") == "slave":
        faults.append("is a replica and takes no writes; name its primary in redis_url: redis-cli INFO replication")
    if about.get("aof_enabled") and about.get("aof_last_write_status") == "err":
        faults.append("cannot write its append-only file; make room on its disk: redis-cli INFO persistence")
    return faults


def find_risks(about: dict[str, Any], fsync: str | None = None) -> list[str]:
    """Return what a fit server may lose, by its INFO and its ``appendfsync``, for a warning."""
    risks = []
    if about.get("aof_enabled") and fsync == "no":
        risks.append(
            "leaves it to the system when its append-only file reaches the disk (appendfsync no): a power cut loses "
            "half a minute; redis-cli CONFIG SET appendfsync everysec, then CONFIG REWRITE"
        )
    if not about.get("aof_enabled"):
        risks.append(
            "keeps no append-only file: a crash loses minutes, or all if it keeps no copy either; redis-cli CONFIG SET "
            "appendonly yes, then CONFIG REWRITE"
        )
    if about.get("rdb_last_bgsave_status") == "err":
        risks.append("could not save its last copy; see its log, and: redis-cli LASTSAVE")
    return risks


async def server_risks(redis: Redis) -> list[str]:
    """Return what a fit server may lose in a crash, for people; connection errors are raised."""
    about = await redis.info("everything")
    try:
        fsync = (await redis.config_get("appendfsync")).get("appendfsync")
    except ResponseError:  # a managed server may hide its configuration
        fsync = None
    return [f"Redis at {address(redis)} {risk}" for risk in find_risks(about, fsync)]
