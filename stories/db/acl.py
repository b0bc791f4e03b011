"""The Redis permissions that wirewatch needs, and the check of what a Redis user lacks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from stories.db import keys

RULE = "~{ww}* &* +@all -@admin -@dangerous +info +config|get"
"""The ACL rule that is sufficient, for workers too; INFO and CONFIG GET (for ``appendfsync``) are in @dangerous."""

PROBE = keys.acl_probe().name
CHANNEL = keys.docket("cancel:").name
"""A pub/sub channel of the library that shares polls among workers. It subscribes to a pattern, which Redis allows to a
user with ``&*`` or with exactly that pattern."""
COMMANDS: tuple[tuple[str | int, ...], ...] = (
    *((name, PROBE) for name in ("GET", "DEL", "EXISTS", "TYPE", "PTTL", "LPOP", "HGETALL", "HVALS", "HKEYS")),
    *((name, PROBE) for name in ("SMEMBERS", "SCARD", "LLEN", "ZCARD", "XLEN", "HLEN", "MGET")),
    *((name, PROBE, 1) for name in ("EXPIRE", "PEXPIRE", "RPUSH", "LPUSH", "SADD", "SREM", "SISMEMBER")),
    *((name, PROBE, 1) for name in ("HGET", "HMGET", "HDEL", "HEXISTS", "ZREM", "ZSCORE", "ZMSCORE", "ZREVRANK")),
    *((name, PROBE, 1, 1) for name in ("HSET", "HSETNX", "HINCRBY", "ZADD", "LRANGE", "GETRANGE", "ZCOUNT")),
    *((name, PROBE, 0, 1) for name in ("ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE")),
    *((name, PROBE, 0, 1) for name in ("ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "XRANGE", "XREVRANGE")),
    ("SET", PROBE, "", "PX", 1),
    ("BLPOP", PROBE, 1),
    ("INCR", PROBE),
    ("XADD", PROBE, "*", "a", "b"),
    ("XTRIM", PROBE, "MAXLEN", 1),
    ("XREAD", "STREAMS", PROBE, 0),
    ("XDEL", PROBE, "1-0"),
    ("XACK", PROBE, "a", "1-0"),
    ("XREADGROUP", "GROUP", "a", "b", "STREAMS", PROBE, ">"),
    ("XGROUP", "CREATE", PROBE, "a", "$"),
    ("XAUTOCLAIM", PROBE, "a", "b", 0, 0),
    ("XCLAIM", PROBE, "a", "b", 0, "1-0"),
    ("EVALSHA", "0" * 40, 1, PROBE),
    ("SCRIPT", "LOAD", "return 0"),
    ("SCAN", 0),
    ("HSCAN", PROBE, 0),
    ("TIME",),
    ("PUBLISH", CHANNEL, ""),
    ("SUBSCRIBE", CHANNEL),
    ("PSUBSCRIBE", f"{CHANNEL}*"),
)
_COMMAND = re.compile(r"run the '([^']+)' command")


async def missing_permissions(redis: Redis) -> list[str]:
    """Return the ACL rules that a client's user lacks, without running a command.

    Each command is queued in a transaction that is discarded: the server checks permissions when it queues. A user who
    may not start a transaction gets only that rule, because the commands would run without it.
    """
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()
    try:
        missing = await _refused(connection, [("MULTI",)])
        if not missing:
            missing = await _refused(connection, [*COMMANDS, ("DISCARD",)])
        if missing:  # it may be in a transaction that cannot be discarded
            await connection.disconnect()
    except BaseException:
        await connection.disconnect()
        raise
    finally:
        await pool.release(connection)
    return missing


def _rule(refusal: str) -> str:
    """Return the ACL rule that allows what the server refused with this error text."""
    if found := _COMMAND.search(refusal):
        return f"+{found[1]}"
    return "&*" if "channel" in refusal else f"~{keys.PREFIX}*"


async def _refused(connection: Any, commands: Sequence[tuple[str | int, ...]]) -> list[str]:
    """Send commands, and return the rules for those that are not allowed."""
    missing: dict[str, None] = {}
    await connection.send_packed_command(connection.pack_commands(commands))
    for _ in commands:
        try:
            await connection.read_response()
        except NoPermissionError as refused:
            missing[_rule(str(refused))] = None
        except ResponseError:  # a full server or a replica: not a permission error, and reported elsewhere
            continue
    return list(missing)
