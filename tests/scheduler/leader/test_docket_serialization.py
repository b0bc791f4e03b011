"""Tasks in Redis: what this program did not write is refused unread, and nothing that it names is run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import cloudpickle
import docket
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from config.settings import Settings
from scheduler.leader.docket_queue import DocketQueue, task_key
from scheduler.leader.docket_serialization import JsonCodec, UnsignedTaskError, checked
from scheduler.leader.worker_key import KEY_FILE, Signer, password_of, signer_of
from stories.model.sighting import Poll

NAME = "{ww}:docket"
NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
POLL = Poll(source="wire", listing="https://wire.example/news", asked_at=NOW)
SIGNER = Signer(b"a key of the test")


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.path,)


def message(args: bytes, kwargs: bytes = b"{}", *, function: str = "poll", **fields: str) -> dict[str, bytes | str]:
    """A task as docket keeps it in its stream."""
    when = datetime.now(UTC).isoformat()
    return {
        "key": "forged", "when": when, "function": function, "args": args, "kwargs": kwargs, "attempt": "1",
        "generation": "0",
    } | fields  # fmt: skip


def forged(path: Path) -> dict[str, dict[str, bytes | str]]:
    """Messages of an attacker who can write to Redis."""
    evil = cloudpickle.dumps((Evil(path),))
    sealed = json.dumps([SIGNER.seal("poll", msgspec.json.encode(POLL).decode())]).encode()
    unsigned = json.dumps([f"{'0' * 64} {msgspec.json.encode(POLL).decode()}"]).encode()
    return {
        "args": message(evil),
        "args of an old protocol": message(pickle.dumps((Evil(path),), protocol=0)),
        "kwargs": message(sealed, cloudpickle.dumps({"packed": Evil(path)})),
        "args of a task of docket's own": message(evil, function="trace"),
        "args of no task": message(evil, function="no such task"),
        "docket's own task, in JSON": message(b'["9999999"]', function="sleep"),
        "no signature": message(unsigned),
        "another key's signature": message(json.dumps([Signer(b"x").seal("poll", "{}")]).encode()),
        "no text": message(b"[{}]"),
        "no arguments": message(b"[]"),
        "much": message(b'["' + b"x" * (2 << 20) + b'"]'),
        "depth": message(b"[" * 100_000),
        "no moment": message(sealed, when="never"),
        "no number": message(sealed, attempt="many"),
        "no fields": {"x": b"y"},
    }


def task_queue(redis_url: str, performed: list[Poll]) -> DocketQueue:
    """A process's part in the shared polls, whose polls do nothing but being noted."""
    shared = DocketQueue(cast(Any, SimpleNamespace()), cast(Any, SimpleNamespace()), redis_url, SIGNER)

    async def perform(poll: Poll) -> None:
        performed.append(poll)

    shared._run_poll = perform  # type: ignore[method-assign]
    return shared


def refusals(logged: list[Any]) -> int:
    """How many messages the log says were refused."""
    return [record["event"] for record in logged].count("task_refused")


async def empty(redis: Any) -> bool:
    """Whether every message was acknowledged and removed."""
    return bool(await redis.xlen(f"{NAME}:stream") == 0)


async def test_nothing_that_was_forged_is_run_and_what_is_ours_is_done_meanwhile(redis, redis_url, tmp_path, until):
    marker, performed = tmp_path / "executed", []
    messages = forged(marker)
    for content in messages.values():  # before a worker is there, as after it
        await redis.xadd(f"{NAME}:stream", content)
    await redis.xadd(
        f"{NAME}:strikes",
        {"direction": "strike", "function": "poll", "operator": "==", "value": cloudpickle.dumps(Evil(marker))},
    )
    later = f"{NAME}:later"
    await redis.hset(later, mapping=message(cloudpickle.dumps((Evil(marker),)), key="later"))
    await redis.zadd(f"{NAME}:queue", {"later": 1})
    await redis.hset(f"{NAME}:runs:later", mapping=message(cloudpickle.dumps((Evil(marker),)), key="later"))
    with capture_logs() as logged:
        shared = task_queue(redis_url, performed)
        running = asyncio.create_task(shared.run())
        try:
            await until(lambda: refusals(logged) >= len(messages), timeout=10)
            for forged_message in forged(marker).values():
                await redis.xadd(f"{NAME}:stream", forged_message)
            assert shared.enqueue(POLL)
            await until(lambda: [replace(poll, term=0) for poll in performed] == [POLL], timeout=10)
            await until(lambda: refusals(logged) >= 2 * len(messages), timeout=10)

            await until(lambda: empty(redis), timeout=10)
            assert not running.done()
        finally:
            shared.stop()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    assert not marker.exists()
    assert not any(key.startswith(b"{ww}:docket") and b"pickle" in key for key in await redis.keys("*"))


async def test_what_is_handed_out_is_json_in_redis(redis, redis_url, until):
    from docket import Docket

    from scheduler.leader.docket_serialization import without_pickle

    without_pickle()
    async with Docket(name=NAME, url=redis_url) as opened:

        async def poll(packed: str) -> None:
            """Never run here."""

        opened.register(poll, names=["poll"])
        await opened.add("poll", key=task_key(POLL))(SIGNER.seal("poll", "{}"))
        ((_, kept),) = await redis.xrange(f"{NAME}:stream")
        assert json.loads(kept[b"args"]) == [SIGNER.seal("poll", "{}")]
        assert json.loads(kept[b"kwargs"]) == {}
        with pytest.raises(RuntimeError, match="keeps no results"):
            await opened.get_execution(task_key(POLL))


@given(st.binary(max_size=200))
def test_whatever_bytes_are_in_a_message_it_is_ours_or_refused(data: bytes) -> None:
    found = checked({b"function": b"poll", b"args": data, b"kwargs": b"{}", b"key": data, b"when": data})
    assert found[b"function"] == b"refused"


@pytest.mark.parametrize(
    "value",
    [object(), (1,), {"a": "b"}, [("x",)], ValueError("x"), None, "x", (b"x",)],
    ids=lambda value: type(value).__name__,  # the repr of an object varies, and workers must collect the same tests
)
def test_a_task_takes_texts_alone(value: object) -> None:
    with pytest.raises(TypeError):
        JsonCodec.dumps(value)


@pytest.mark.parametrize("text", ["", "x", "é\u2028\ud800", "\x00" * 9])
def test_texts_come_back_as_they_were(text: str) -> None:
    assert JsonCodec.loads(JsonCodec.dumps((text,))) == (text,)
    with pytest.raises(UnsignedTaskError):
        JsonCodec.loads(pickle.dumps((text,)))


def test_every_place_where_docket_pickles_is_known() -> None:
    """A new version of docket that pickles elsewhere must be looked at before it is used."""
    root = Path(docket.__file__).parent
    found = {
        str(file.relative_to(root)): len(re.findall(r"\b(?:cloud)?pickle\.\w+\(|\bmarshal\b|\bshelve\b|\bdill\b", text))
        for file in sorted(root.rglob("*.py"))
        if re.search(r"pickle|marshal|shelve|dill", text := file.read_text())
    }
    assert found == {"docket.py": 2, "execution.py": 6, "strikelist.py": 2, "worker.py": 2}


def settings(tmp_path: Path, **table: Any) -> Settings:
    return Settings.model_validate({"catalog": False, "data_dir": tmp_path / "data", **table})


def test_processes_of_one_configuration_prove_themselves_to_each_other_and_to_no_other(tmp_path: Path) -> None:
    secret = {"workers": {"secret": "a long enough secret"}}
    ours = [
        (settings(tmp_path, **secret), settings(tmp_path / "other", redis_url="redis://x", **secret)),
        (settings(tmp_path), settings(tmp_path)),
        (settings(tmp_path, redis_url="redis://:pass@a/0"), settings(tmp_path, redis_url="rediss://u:pass@b/1")),
    ]
    sealed = []
    for sender, other in ours:
        assert signer_of(sender).is_authenticated
        sealed.append(signer_of(sender).seal("poll", "text"))
        assert signer_of(other).open("poll", sealed[-1]) == "text"
        assert signer_of(other).open("member", sealed[-1]) is None
    assert len(set(sealed)) == 3
    assert (tmp_path / "data" / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_without_any_secret_nothing_is_proven(tmp_path: Path) -> None:
    assert not signer_of(settings(tmp_path, redis_url="redis://127.0.0.1/0")).is_authenticated


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("redis://127.0.0.1/0", ""),
        ("redis://user@127.0.0.1/0", ""),
        ("redis://:p%40ss@127.0.0.1/0", "p@ss"),
        ("rediss://user:pass@h:1/0?ssl_cert_reqs=none", "pass"),
        ("redis+sentinel://user:pass@a:1,b:2/main/0", "pass"),
        ("unix:///run/redis.sock?password=pass", "pass"),
    ],
)
def test_the_password_of_a_redis_url_is_found(url: str, password: str) -> None:
    assert password_of(url) == password
