"""Backup and restore as commands: from a daemon that runs to an empty machine, and what is refused untouched."""

from __future__ import annotations

import io
import json
import re
import tarfile

import pytest
from daemon import running
from program import Program
from redis.asyncio import Redis

from scheduler.demo import stories
from stories.model.urls import canonical_url
from stories.store.backup import ABOUT, COPY

SOON = 20  # seconds; a busy machine


def told(receiver):
    """What was told of as new: the page and the event's id, each repeat too."""
    return [
        (delivery.json["data"]["release"]["url"], delivery.id)
        for delivery in receiver.accepted
        if delivery.type == "release.new"
    ]


async def test_a_backup_of_a_running_daemon_is_restored_on_an_empty_machine_and_what_came_since_comes_back(
    embedded, newswire, receiver, short_folder, tmp_path
):
    embedded["data_dir"] = str(short_folder / "one")
    first = canonical_url(newswire.publish(stories.TRAM_BATTERIES, "meridian"))
    program = Program(folder=tmp_path, table=embedded, environment={})
    file = tmp_path / "backup.tar"
    async with running(embedded, tmp_path) as daemon:
        await daemon.ready(lambda: len(told(receiver)) == 1, SOON)
        made = await program.within("backup", str(file))
        assert made.status == 0, made.said
        assert "1 release(s)" in made.out
        again = await program.within("backup", str(file))
        assert (again.status, "exists already" in again.err) == (1, True)
        second = canonical_url(newswire.publish(stories.QUARTER, "meridian"))
        await daemon.ready(lambda: len(told(receiver)) == 2, SOON)
        assert await daemon.stop() == 0
    before = dict(told(receiver))

    (tmp_path / "other").mkdir()
    elsewhere = embedded | {"data_dir": str(short_folder / "two")}
    machine = Program(folder=tmp_path / "other", table=elsewhere, environment={})
    restored = await machine.within("restore", str(file))
    assert restored.status == 0, restored.said
    assert "1 release(s), as of" in restored.out
    twice = await machine.within("restore", str(file))
    assert twice.status == 1
    assert "contains data already; move it away first: mv" in twice.err
    assert [row["url"] for row in (await machine.within("releases", "--format", "jsonl")).rows] == [first]
    async with running(elsewhere, tmp_path / "other") as daemon:
        await daemon.ready(lambda: second in dict(told(receiver)[2:]), SOON)
        assert await daemon.stop() == 0
    assert all(before[url] == event for url, event in told(receiver))
    assert first not in dict(told(receiver)[2:]), "what the backup has is not told again"
    terms = [_term(folder / "daemon.log") for folder in (tmp_path, tmp_path / "other")]
    assert terms[0] < terms[1], "whoever had the clock before is refused by the memory that came back"


def _term(log):
    """The number of the clock that a daemon took."""
    return int(re.search(r'"term": (\d+), "event": "leader_lease_acquired"', log.read_text())[1])


def archive(about, copy=b"REDIS0011"):
    """A backup with a word or two changed."""
    said = {"format": 1, "layout": 1, "server": "valkey 9.1.2", "made_at": "2026-03-10T09:30:00.000Z",
            "size": len(copy), "sha256": "0" * 64, "releases": 0} | about  # fmt: skip
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as made:
        for name, content in ((ABOUT, json.dumps(said).encode()), (COPY, copy)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return output.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no backup of wirewatch"),
        (b"\x89PNG and so on" * 100, "is no backup of wirewatch"),
        (archive({})[:1_540], "cut off"),
        (archive({}), "is damaged"),
        (archive({"size": 4}), "cut off"),
        (archive({"format": 2}), "a backup of format 2, and this wirewatch reads 1"),
        (archive({"layout": 99}), "data of layout 99, written by a newer wirewatch"),
    ],
    ids=["empty", "another file", "truncated", "changed", "another size", "newer format", "newer layout"],
)
async def test_a_file_that_cannot_be_restored_is_refused_before_anything_is_touched(
    content, said, embedded, short_folder, tmp_path
):
    (tmp_path / "file").write_bytes(content)
    ended = await Program(folder=tmp_path, table=embedded, environment={}).within("restore", str(tmp_path / "file"))
    assert ended.status == 1
    assert "nothing was restored" in ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert not (short_folder / "redis").exists()


async def test_a_copy_that_the_server_cannot_read_leaves_the_machine_empty(embedded, short_folder, tmp_path):
    from hashlib import sha256

    copy = b"REDIS9999 of a server that is not made yet"
    (tmp_path / "file").write_bytes(archive({"sha256": sha256(copy).hexdigest(), "server": "redis 99.0"}, copy))
    ended = await Program(folder=tmp_path, table=embedded, environment={}).within("restore", str(tmp_path / "file"))
    assert ended.status == 1
    assert "the backup was made by redis 99.0" in ended.err
    assert not (short_folder / "redis" / COPY).exists()


async def test_with_a_redis_of_ones_own_the_words_say_what_to_do(program, redis: Redis, tmp_path):
    for command in ("backup", "restore"):
        ended = await program.within(command, str(tmp_path / "file"))
        assert ended.status == 1
        assert "redis-cli -u URL --rdb FILE" in ended.err
