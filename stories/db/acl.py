"""What a user of Redis must be allowed to do for us, and what a given one is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from stories.db import keys

RULE = "~{ww}* &* +@all -@admin -@dangerous +info +config|get"
"""What is enough, for workers too; of the dangerous ones INFO, and CONFIG GET for ``appendfsync`` alone."""

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
    """Return what the user of a client is not allowed, as ACL rules that would allow it; nothing is done to find out.

    Each command is queued in a transaction that is thrown away: the server looks at rights as it queues. Who may not
    begin one is told that alone, for without it the commands would be done.
    """
    pool: Any = redis.connection_pool
    connection = await pool.get_connection()
    try:
        missing = await _refused(connection, [("MULTI",)])
        if not missing:
            missing = await _refused(connection, [*COMMANDS, ("DISCARD",)])
        if missing:  # it may be in a transaction that cannot be left
            await connection.disconnect()
    except BaseException:
        await connection.disconnect()
        raise
    finally:
        await pool.release(connection)
    return missing


def _rule(refusal: str) -> str:
    """Return the ACL rule that would allow what the server refused with these words."""
    if found := _COMMAND.search(refusal):
        return f"+{found[1]}"
    return "&*" if "channel" in refusal else f"~{keys.PREFIX}*"


async def _refused(connection: Any, commands: Sequence[tuple[str | int, ...]]) -> list[str]:
    """Send commands, and return the rules that would allow those that are not allowed."""
    missing: dict[str, None] = {}
    await connection.send_packed_command(connection.pack_commands(commands))
    for _ in commands:
        try:
            await connection.read_response()
        except NoPermissionError as refused:
            missing[_rule(str(refused))] = None
        except ResponseError:  # a full server, a replica: no question of rights, and told by who looks at that
            continue
    return list(missing)
