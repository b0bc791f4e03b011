"""The program with a configuration that watches the loopback newswire and tells a webhook."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest
from program import Program
from receiver import SECRET

from config.settings import Settings
from scheduler.demo.configuration import configuration
from scheduler.leader.worker_key import REGISTRY_PURPOSE, signer_of
from stories.crawl_state.workers import WorkerRegistry


@pytest.fixture
def table(newswire, receiver, redis_url):
    """The configuration: one watch that takes everything, one webhook, the Redis of the tests."""
    found = configuration(newswire, channels={"hook": {"type": "webhook", "url": receiver.url, "secret": SECRET}})
    found |= {"redis_url": redis_url, "web": {"port": 0}}
    found["watches"] = {"all": {"tags": ["HarbourPark"]}, "rest": {"title": "All else"}}
    return found


@pytest.fixture
def program(table, tmp_path):
    """``await program("releases")`` with that configuration."""
    return Program(folder=tmp_path, table=table, environment={})


@pytest.fixture
def crew(redis, redis_url):
    """The registry of workers, signed as the daemon and the workers of that configuration sign."""
    signer = signer_of(Settings.model_validate({"catalog": False, "redis_url": redis_url}))
    return WorkerRegistry(redis, sign=partial(signer.sign, REGISTRY_PURPOSE))


@pytest.fixture
def short_folder():
    """A folder whose path is short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="ww-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def embedded(table, short_folder):
    """The configuration with an embedded Redis instead."""
    del table["redis_url"]
    table["data_dir"] = str(short_folder)
    return table
