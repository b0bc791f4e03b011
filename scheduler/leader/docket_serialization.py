"""docket without pickle: task arguments are JSON, and any other message in Redis is refused without decoding it.

docket 0.27 has no setting for its serializer. It calls ``cloudpickle.loads`` on the arguments of every task that it
takes from Redis, on the values of strikes, and on results. Unpickling runs code, so anyone who can write to that Redis
could run code in every process that shares polls. ``without_pickle`` replaces these calls in docket's modules:

- arguments: exactly one text, encoded as JSON; a message with anything else becomes the task ``refused``, which is
  acknowledged and leaves a line in the log;
- strikes: not read at all, wirewatch uses none;
- results and executions by key: not read at all, wirewatch keeps none.

``tests/scheduler/leader/test_docket_serialization.py`` counts the places where docket's source
uses pickle, and fails when a new version has others.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NoReturn

import structlog

log = structlog.get_logger(__name__)

TASK = "poll"
"""The only task."""
REFUSED = "refused"
"""The task that replaces a message that wirewatch did not write."""
MAX_ARGUMENT_BYTES = 1 << 20  # a poll has some hundred, one with many pages some 10,000


class UnsignedTaskError(ValueError):
    """A message in Redis that this program did not write."""


class JsonCodec:
    """Replaces the module ``cloudpickle`` in docket: encodes one text, or no arguments, as JSON."""

    @staticmethod
    def dumps(value: Any) -> bytes:
        """Return a tuple of texts, or an empty dict, as JSON; ``TypeError`` for anything else."""
        if value == {} or (isinstance(value, tuple) and all(isinstance(item, str) for item in value)):
            return json.dumps(value).encode()
        raise TypeError(f"a task takes texts and nothing else, not {type(value).__name__}")

    @staticmethod
    def loads(data: bytes) -> Any:
        """Return what ``dumps`` encoded; ``UnsignedTaskError`` for anything else. It never runs code from the data."""
        if not isinstance(data, bytes) or len(data) > MAX_ARGUMENT_BYTES:
            raise UnsignedTaskError("longer than any task of wirewatch")
        try:
            value = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError) as error:
            raise UnsignedTaskError("not JSON, perhaps a pickle") from error
        if value == {}:
            return {}
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise UnsignedTaskError("JSON, but no list of texts")


def checked(message: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """Return a message of docket's stream if wirewatch wrote it, else a message of the task ``refused``."""
    try:
        if message.get(b"function") != TASK.encode():
            raise UnsignedTaskError(f"the task {message.get(b'function', b'')[:40]!r} does not exist")
        if len(JsonCodec.loads(message.get(b"args", b""))) != 1 or JsonCodec.loads(message.get(b"kwargs", b"")) != {}:
            raise UnsignedTaskError("other arguments than one text")
        datetime.fromisoformat(message[b"when"].decode())
        message[b"key"].decode()
        int(message[b"attempt"]), int(message.get(b"generation", b"0"))
    except (KeyError, ValueError) as error:
        reason = str(error) if isinstance(error, UnsignedTaskError) else "a field is missing or malformed"
        key = message.get(b"key", b"").decode("utf-8", "replace")[:200]
        log.warning("task_refused", key=key, reason=reason, next="it is not run; check who can write to this Redis")
        return {
            b"key": key.encode(),
            b"when": datetime.now(UTC).isoformat().encode(),
            b"function": REFUSED.encode(),
            b"args": b"[]",
            b"kwargs": b"{}",
            b"attempt": b"1",
            b"generation": b"0",
        }
    return message


async def refused() -> None:
    """Do nothing, so that docket acknowledges a refused message."""


@cache  # once per process: it changes docket's modules
def without_pickle() -> None:
    """Replace every use of pickle in docket. Call it before a ``Docket`` is made."""
    import docket.docket
    import docket.execution
    import docket.strikelist
    import docket.worker

    codec: Any = JsonCodec
    for module in (docket.execution, docket.strikelist, docket.worker):
        module.cloudpickle = codec  # type: ignore[attr-defined]

    execution: Any = docket.execution.Execution
    rebuild = execution.from_message.__func__

    async def from_message(cls: Any, docket: Any, message: Mapping[bytes, bytes], *args: Any, **options: Any) -> Any:
        return await rebuild(cls, docket, checked(message), *args, **options)

    async def unsupported(self: Any, *args: Any, **options: Any) -> NoReturn:
        raise RuntimeError("wirewatch keeps no results of tasks, because docket would unpickle them")

    async def no_strikes(self: Any) -> NoReturn:
        self._strikes_loaded.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    execution.from_message = classmethod(from_message)
    execution.get_result = unsupported
    strike_list: Any = docket.strikelist.StrikeList
    strike_list._monitor_strikes = no_strikes
    whole: Any = docket.docket.Docket
    whole.get_execution = unsupported
