"""Failpoints: where a test says so the process ends as in a crash, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stories.runtime import failpoints

ROOT = Path(__file__).resolve().parents[3]
PASSES = """
from stories.runtime.failpoints import failpoint
for number in range(1, 5):
    failpoint("claimed")
    print("claimed", number, flush=True)
    failpoint("kept")
    print("kept", number, flush=True)
"""


def passing(wishes: str) -> subprocess.CompletedProcess[str]:
    """Pass two failpoints four times each, in a process of its own."""
    environment = {"PYTHONPATH": str(ROOT)} | ({failpoints.VARIABLE: wishes} if wishes else {})
    return subprocess.run([sys.executable, "-c", PASSES], capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(
    ("wishes", "last"),
    [("claimed", ""), ("kept@2", "claimed 2"), ("kept@3 claimed@2", "kept 1")],
    ids=["the first time", "the second time", "whichever comes first"],
)
def test_a_process_is_killed_where_the_variable_says(wishes: str, last: str) -> None:
    ended = passing(wishes)
    assert ended.returncode == -9
    printed = [line for line in ended.stdout.splitlines() if line.startswith(("claimed ", "kept "))]
    assert printed[-1:] == ([last] if last else [])
    assert "kills itself for a test" in ended.stdout + ended.stderr


def test_without_the_variable_nothing_ends() -> None:
    ended = passing("")
    assert (ended.returncode, ended.stdout.splitlines()[-1], ended.stderr) == (0, "kept 4", "")


@pytest.mark.parametrize("wishes", ["kep", "kept@", "kept@x", "KEPT"])
def test_a_failpoint_that_does_not_exist_is_refused_with_those_that_do(wishes: str) -> None:
    with pytest.raises(ValueError, match=r"not a failpoint; allowed are listed, claimed, .*alert-settled"):
        failpoints.arm(wishes)
