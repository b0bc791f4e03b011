"""Data that earlier versions left: carried forward by this one, with every release, story, event and alert in it.

``tests/support/layouts.py`` says how each file was made, and makes that of a new layout.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from daemon import running
from layouts import put

from stories.db import keys
from stories.db.replies import text
from stories.store.migrations import LAYOUT

FILES = sorted((Path(__file__).parents[1] / "stories" / "layouts").glob("*.jsonl"))
SOON = 30  # seconds; a busy machine


def test_there_is_one_of_every_layout():
    assert [int(file.stem) for file in FILES] == list(range(1, LAYOUT + 1))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"layout {file.stem}")
async def test_everything_in_it_is_there_and_an_alert_that_waited_arrives_with_its_id(
    file, table, receiver, program, redis, until, tmp_path
):
    table["polling"]["revisit"] = []  # its pages stand nowhere any more
    await put(redis, file.read_text(encoding="utf-8"))
    assert text(await redis.get(keys.layout().name)) == file.stem
    (waiting,) = await redis.zrange(keys.outbox("hook").name, 0, -1)
    event = text(waiting).partition(":")[0]

    found = {row["url"]: row for row in (await program.within("releases", "--format", "jsonl")).rows}
    assert text(await redis.get(keys.layout().name)) == str(LAYOUT)
    assert len(found) == 4
    assert all(row["body"] and row["headline"] for row in found.values())
    (correction,) = [row for row in found.values() if row["notice"]]
    story = await program.within("show", correction["id"])
    assert story.status == 0, story.said
    assert story.said.count("rel_") >= 2
    states = {row["event"]: row["state"] for row in (await program.within("alerts", "--format", "jsonl")).rows}
    assert sorted(states.values()) == ["pending"] + ["sent"] * 4
    assert states[event] == "pending"

    async with running(table, tmp_path) as daemon:
        await daemon.ready(lambda: receiver.accepted, SOON)
        assert await daemon.stop() == 0
    assert [delivery.id for delivery in receiver.accepted] == [event]
