"""What is stored can be read by its owner alone, also where it was written with wider rights before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.channels.file import FileChannel, Settings
from alerts.outcomes import OutgoingAlert, Sent
from stories.runtime.private_files import private_folder, restrict_access
from stories.search.index_file import IndexFile


@pytest.fixture(autouse=True)
def wide() -> Iterator[None]:
    """A umask that takes no rights away."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, 0o777, 0o755, 0o700])
def test_a_folder_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    folder = tmp_path / "data"
    if before is not None:
        folder.mkdir(mode=before)
    private_folder(folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize("before", [None, 0o666, 0o644, 0o600])
def test_the_index_and_the_files_beside_it_are_for_their_owner_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "index.sqlite"
    if before is not None:
        IndexFile(path, create=True).close()
        path.chmod(before)
    index = IndexFile(path, create=before is None, writes=True)
    index.put_values(entry="1-1")
    assert {file.name: oct(mode(file)) for file in tmp_path.iterdir()} == {
        file.name: oct(0o600) for file in tmp_path.iterdir()
    }
    assert mode(path) == 0o600
    index.close()


@pytest.mark.parametrize("before", [None, 0o666, 0o640])
async def test_the_file_of_a_channel_is_for_its_owner_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "alerts.jsonl"
    if before is not None:
        path.touch(mode=before)
    channel = FileChannel("log", Settings.model_validate({"type": "file", "path": str(path)}))
    event = OutgoingAlert(event_id="evt_1", event=b"{}")
    assert isinstance(await channel.send(event), Sent)
    assert mode(path) == 0o600
    path.chmod(0o640)  # by its owner, knowingly
    await channel.send(event)
    assert mode(path) == 0o640


def test_what_is_no_file_and_the_home_folder_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o666)
    restrict_access(pipe)
    assert mode(pipe) == 0o666
    tmp_path.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    restrict_access(tmp_path)
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.chdir(tmp_path)
    restrict_access(tmp_path)
    assert mode(tmp_path) == 0o755
    restrict_access(tmp_path / "not there")
