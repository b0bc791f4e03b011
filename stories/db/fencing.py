"""The clock's number, as scripts check it: a daemon that lost the clock without knowing writes nothing more as its
holder (docs/decisions/0011-workers.md says what is refused, and what is not)."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from stories.db import keys
from stories.db.replies import text
from stories.db.scripts import load_script

# Sets and returns the next term: above all that were, also where an older state of Redis came back, since it is no less
# than the seconds since 1970 by the server's clock.
RAISE = """
local function raise(key)
  local before, now = tonumber(redis.call("GET", key) or "0") or 0, tonumber(redis.call("TIME")[1])
  local term = math.max(before + 1, now)
  redis.call("SET", key, string.format("%d", term))
  return term
end
"""


UNKNOWN_MARK = "-"
"""No memory has this mark: a process that does not know the mark yet writes nothing."""


class ForgottenError(RedisError):
    """Redis has lost its data, or has another memory; nothing was read or written."""


@dataclass(slots=True)
class MemoryMark:
    """The mark of the memory that a process writes to; one object for all parts of the process."""

    name: str = ""
    """Empty: writes are not checked (commands that run beside the daemon)."""
    follows: bool = False
    """A worker: it takes over a new mark, which the daemon sets once it has restored what it knows."""

    def check(self, found: bytes | str | None) -> None:
        """Compare with the mark in Redis; ``ForgottenError`` where it is missing or another."""
        mark = text(found) if found else ""
        if not self.name or mark == self.name:
            return
        if self.follows and mark:
            self.name = mark
            return
        raise ForgottenError("FORGOTTEN Redis came back empty or with other data; the daemon restores what it knows")

    async def refresh(self, redis: Redis) -> None:
        """Take over the mark in Redis, if there is one."""
        if found := await redis.get(keys.memory_mark().name):
            self.name = text(found)


def fence_argument(term: int, memory: MemoryMark | None) -> str:
    """Return what scripts check: the caller's term, and the mark of its memory after a space."""
    return f"{term} {memory.name}" if memory is not None and memory.name else str(term)


def is_forgotten(error: BaseException) -> bool:
    """Return whether a read or write was refused because Redis lost its data."""
    return str(error).startswith("FORGOTTEN ")


def fenced(name: str) -> str:
    """Return the text of a script that begins with the fence, by its file's name."""
    key = f'local MEMORY_KEY = "{keys.memory_mark().name}"\n'
    return key + load_script("fence.lua") + load_script(name)


def is_deposed(error: BaseException) -> bool:
    """Return whether a script refused to write because another daemon has the clock."""
    return str(error).startswith("DEPOSED ")


async def raise_term(redis: Redis) -> int:
    """Depose whoever has the clock, and return the new term."""
    script: AsyncScript = redis.register_script(f"{RAISE}return raise(KEYS[1])")
    return int(await script(keys=[keys.leader_term().name]))
