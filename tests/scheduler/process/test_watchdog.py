"""A process that hangs: ended, with what it was at, so that somebody starts it again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import asyncio, re, sys
from scheduler.process.watchdog import exit_on_stall

async def main():
    async with exit_on_stall(1.0):
        for _ in range(30):
            await asyncio.sleep(0.1)  # longer than the bound, with turns in between
        print("runs", flush=True)
        if "hangs" in sys.argv:
            re.match(r"(a+)+$", "a" * 60 + "b")  # holds the interpreter for longer than the test takes
    await asyncio.sleep(0)

asyncio.run(main())
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=240,
        stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip


def test_a_process_whose_loop_stands_still_is_ended_with_what_it_was_at() -> None:
    ended = run("hangs")
    assert (ended.returncode, ended.stdout) == (1, "runs\n")
    assert "in main" in ended.stderr


def test_one_that_works_is_let_be() -> None:
    ended = run()
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "runs\n", "")
