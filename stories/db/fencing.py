"""Fencing: scripts reject writes of a daemon that lost the leader lease, and of a process whose Redis was replaced.

The fencing token (``term``) grows with each change of leader. docs/decisions/0011-workers.md lists what is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from stories.db import keys
from stories.db.replies import text
from stories.db.scripts import load_script

# Sets and returns the next term. It is at least the server's time in seconds since 1970, so that it grows even if Redis
# was restored from an older state.
RAISE = """
local function raise(key)
  local before, now = tonumber(redis.call("GET", key) or "0") or 0, tonumber(redis.call("TIME")[1])
  local term = math.max(before + 1, now)
  redis.call("SET", key, string.format("%d", term))
  return term
end
"""


UNKNOWN_MARK = "-"
"""No Redis has this mark: a process that has not read the mark yet cannot write."""


class ForgottenError(RedisError):
    """Redis has lost its data or has other data; nothing was read or written."""


@dataclass(slots=True)
class MemoryMark:
    """The mark of the data that a process writes to; one object for all components of the process."""

    name: str = ""
    """Empty: writes are not checked (commands that run next to the daemon)."""
    follows: bool = False
    """True in a worker: it adopts a new mark, which the daemon sets after it has restored its data."""

    def check(self, found: bytes | str | None) -> None:
        """Compare with the mark in Redis.

        Raises:
            ForgottenError: the mark is missing or differs.
        """
        mark = text(found) if found else ""
        if not self.name or mark == self.name:
            return
        if self.follows and mark:
            self.name = mark
            return
        raise ForgottenError("FORGOTTEN Redis came back empty or with other data; the daemon restores what it knows")

    async def refresh(self, redis: Redis) -> None:
        """Adopt the mark in Redis, if there is one."""
        if found := await redis.get(keys.memory_mark().name):
            self.name = text(found)


def fence_argument(term: int, memory: MemoryMark | None) -> str:
    """Return the argument that scripts check: the caller's term, then after a space the mark of its data."""
    return f"{term} {memory.name}" if memory is not None and memory.name else str(term)


def is_forgotten(error: BaseException) -> bool:
    """Return whether a read or write was rejected because Redis lost its data."""
    return str(error).startswith("FORGOTTEN ")


def fenced(name: str, *libraries: str) -> str:
    """Return the source of a script, by its file name, with the fencing check (``fence.lua``) and ``libraries`` in
    front."""
    key = f'local MEMORY_KEY = "{keys.memory_mark().name}"\n'
    return key + "".join(load_script(part) for part in ("fence.lua", *libraries, name))


def is_deposed(error: BaseException) -> bool:
    """Return whether a script rejected a write because another daemon is the leader."""
    return str(error).startswith("DEPOSED ")


async def raise_term(redis: Redis) -> int:
    """Depose the present leader, and return the new term."""
    script: AsyncScript = redis.register_script(f"{RAISE}return raise(KEYS[1])")
    return int(await script(keys=[keys.leader_term().name]))
