"""The clock's number, as scripts check it: a daemon that lost the clock without knowing writes nothing more as its
holder (docs/decisions/0011-workers.md says what is refused, and what is not)."""

from __future__ import annotations

from importlib.resources import files

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from stories import keys

# Sets and returns the next term: above all that were, also where an older state of Redis came back, since it is no less
# than the seconds since 1970 by the server's clock.
RAISE = """
local function raise(key)
  local before, now = tonumber(redis.call("GET", key) or "0"), tonumber(redis.call("TIME")[1])
  local term = math.max(before + 1, now)
  redis.call("SET", key, string.format("%d", term))
  return term
end
"""


def fenced(name: str) -> str:
    """Return the text of a script that begins with the fence, by its file's name."""
    folder = files("stories") / "lua"
    return (folder / "fence.lua").read_text() + (folder / name).read_text()


def is_deposed(error: BaseException) -> bool:
    """Return whether a script refused to write because another daemon has the clock."""
    return str(error).startswith("DEPOSED ")


async def raise_term(redis: Redis) -> int:
    """Depose whoever has the clock, and return the new term."""
    script: AsyncScript = redis.register_script(f"{RAISE}return raise(KEYS[1])")
    return int(await script(keys=[keys.term().name]))
