"""Fixtures for every room: a real Redis, a newswire and a webhook receiver on loopback, and waiting for a condition."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import preloaded
import pytest
import waiting
from hypothesis import settings
from program_tests import pytest_collection_modifyitems, pytest_terminal_summary  # noqa: F401 (hooks)
from receiver import Receiver, serve_receiver
from redis import Redis as BlockingRedis
from redis.asyncio import Redis
from redis_server import redis_server, without_lifetime

if TYPE_CHECKING:
    from scheduler.demo.newswire import Newswire

# How long an example takes depends on what else the machine does; speed is measured in benchmarks/, not here.
settings.register_profile("wirewatch", deadline=None)
settings.load_profile("wirewatch")
preloaded.install()
gc.disable()  # while the tests are collected: a million objects, all of which stay


def pytest_collection_finish() -> None:
    """Search for garbage again, but not among what was collected."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def redis_of_the_session() -> Iterator[str]:
    """The URL of one server for all tests."""
    with redis_server() as url:
        yield url


@pytest.fixture
def redis_url(redis_of_the_session: str) -> str:
    """The URL of an empty Redis."""
    with BlockingRedis.from_url(redis_of_the_session) as client:
        client.flushall()
    return redis_of_the_session


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of an empty Redis; answers are bytes."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders. ``mktemp`` reads its whole folder for each, which takes minutes for ten thousand tests."""
    parent = tmp_path_factory.mktemp("data")
    return (parent / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def data_folder_of_the_test(monkeypatch: pytest.MonkeyPatch, data_folders: Iterator[Path]) -> None:
    """Give every test a default data_dir of its own: what one test's Redis held is not missed by the next one's."""
    folder = next(data_folders)
    folder.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    os.umask(0o022)  # a command that ran within this process left its own


@pytest.fixture(autouse=True)
def programs_are_executed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start the programs of a test with the mark ``executes_programs`` as a user does."""
    with preloaded.suspended() if request.node.get_closest_marker("executes_programs") else nullcontext():
        yield


@pytest.fixture(autouse=True)
def every_key_has_a_lifetime(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a key for ever, but for those of ``stories.db.keys`` that may live so."""
    url = request.getfixturevalue("redis_url") if "redis_of_the_session" in request.fixturenames else None
    yield
    if url:
        left = without_lifetime(url)
        assert not left, f"keys without a lifetime that stories/db/keys.py does not allow: {left}"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A webhook receiver on loopback: ``receiver.url``, ``receiver.events``, ``receiver.fail(503, times=2)``."""
    async with serve_receiver() as serving:
        yield serving


@pytest.fixture
async def newswire() -> AsyncIterator[Newswire]:
    """A small newswire on loopback: ``newswire.publish(…)``, ``newswire.correct(…)``, ``newswire.requests``."""
    from scheduler.demo.newswire import serve

    async with serve() as wire:
        yield wire


@pytest.fixture
def until() -> Callable[..., Awaitable[Any]]:
    """``await until(lambda: receiver.events)``: what the condition gives as soon as it is true, or a failure."""
    return waiting.until
