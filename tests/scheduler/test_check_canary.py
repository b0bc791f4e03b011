"""``wirewatch check`` says whether the processes that run on its Redis can read pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from stories.crawl_state.canary_reports import DAEMON, CanaryReport, CanaryReports
from stories.db import keys
from stories.model.timestamps import timestamp


def report(process=DAEMON, **fields):
    """A report of a canary that was read just now."""
    now = timestamp(datetime.now(UTC))
    return replace(CanaryReport(process=process, at=now, succeeded_at=now, seconds=0.1), **fields)


@pytest.fixture
async def put(redis, crew):
    """``await put(report)``: of a daemon that runs, or of a worker."""

    async def put(found):
        if found.process == DAEMON:
            await redis.set(keys.leader_lease().name, "process 1 on another machine", ex=60)
        else:
            await crew.heartbeat(found.process)
        await CanaryReports(redis).put(found.process, found)

    return put


async def test_a_daemon_that_reads_is_named_with_when_it_did(program, put):
    await put(report())
    checked = await program.within("check")
    assert checked.status == 0, checked.said
    assert "canary: daemon read a listing and a page of its own" in checked.out
    assert "canary" not in checked.err


BLIND = {"failures": 4, "stage": "page", "reason": "RuntimeError: the pool", "blind_since": "2026-03-10T09:31:00.000Z"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            BLIND,
            "is blind since 2026-03-10T09:31:00.000Z: its canary failed 4 time(s) in a row at page (RuntimeError: ",
        ),
        (BLIND | {"failures": 1, "blind_since": None}, "may be blind: its canary failed 1 time(s) in a row at page"),
        ({"at": timestamp(datetime.now(UTC) - timedelta(minutes=4))}, "has not run since"),
    ],
)
@pytest.mark.parametrize("process", [DAEMON, "worker-1"])
async def test_a_process_that_cannot_read_is_warned_of(program, put, fields, words, process):
    await put(report(process, **fields))
    checked = await program.within("check")
    assert checked.status == 0, checked.said
    assert words in checked.err
    assert process in checked.err


async def test_nothing_is_said_where_no_daemon_runs(program, redis):
    await CanaryReports(redis).put(DAEMON, report(**BLIND))
    checked = await program.within("check")
    assert "canary" not in checked.out + checked.err
