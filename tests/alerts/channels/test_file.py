"""The file channel: whole lines, on the disk, whatever the disk does."""

from __future__ import annotations

import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError

from alerts.channels.file import FileChannel, Settings, append_line
from alerts.outcomes import Later, OutgoingAlert, Sent

EVENT = OutgoingAlert(event_id="evt_1", event=b'{"id":"evt_1"}')


def open_file(path) -> FileChannel:
    return FileChannel("log", Settings.model_validate({"type": "file", "path": str(path)}))


async def test_each_event_is_a_line_and_missing_folders_are_made(tmp_path):
    channel = open_file(tmp_path / "new" / "folder" / "alerts.jsonl")
    assert isinstance(await channel.send(EVENT), Sent)
    assert isinstance(await channel.send(EVENT), Sent)
    assert (tmp_path / "new" / "folder" / "alerts.jsonl").read_bytes() == EVENT.event + b"\n" + EVENT.event + b"\n"


async def test_a_relative_path_is_in_the_folder_that_wirewatch_was_started_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    await open_file("alerts.jsonl").send(EVENT)
    assert (tmp_path / "alerts.jsonl").exists()


async def test_a_full_disk_is_tried_again_and_leaves_no_half_line(tmp_path, monkeypatch):
    path = tmp_path / "alerts.jsonl"
    append_line(path, b'{"id":"evt_0"}')
    write = os.write

    def fills(descriptor, data):
        if len(data) < 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr("alerts.channels.file.os.write", fills)
    outcome = await open_file(path).send(EVENT)
    assert outcome == Later(f"{path}: No space left on device")
    assert path.read_bytes() == b'{"id":"evt_0"}\n'


async def test_a_folder_in_place_of_the_file_is_tried_again(tmp_path):
    assert isinstance(await open_file(tmp_path).send(EVENT), Later)


def test_a_torn_line_of_a_crash_spoils_no_other(tmp_path):
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"id":"evt_0"}\n{"id":"ev')
    append_line(path, EVENT.event)
    assert path.read_bytes().split(b"\n") == [b'{"id":"evt_0"}', b'{"id":"ev', EVENT.event, b""]


def test_writers_beside_each_other_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "alerts.jsonl"
    lines = [b"%d" % number * 3_000 for number in range(10)] * 8
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda line: append_line(path, line), lines))
    assert sorted(path.read_bytes().splitlines()) == sorted(lines)


def test_nobody_else_writes_while_a_line_is_written(tmp_path, monkeypatch):
    path, write, refused = tmp_path / "alerts.jsonl", os.write, []

    def watched(descriptor, data):
        with path.open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                refused.append(True)
        return write(descriptor, data)

    monkeypatch.setattr("alerts.channels.file.os.write", watched)
    append_line(path, EVENT.event)
    assert refused == [True]


def test_a_path_that_names_no_file_is_refused():
    with pytest.raises(ValidationError, match="is not the path of a file"):
        Settings.model_validate({"type": "file", "path": "/"})
