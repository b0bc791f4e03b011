"""A program that is forked with its modules loaded is what an executed one is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext

import preloaded
import pytest
from daemon import COMMAND

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or preloaded.IS_LONG_RUN, reason="programs are executed on this system, or in this run"
)
SCRIPT = """
import json, os, sys
from scheduler.cli.app import main
print(json.dumps({
    "parent": os.getppid(), "arguments": sys.argv[1:], "folder": os.getcwd(), "value": os.environ.get("WW_VALUE"),
    "variables": len(os.environ), "command": open("/proc/self/cmdline").read().rstrip(chr(0)).split(chr(0)),
    "session": os.getsid(0) == os.getpid(), "open": sorted(map(int, os.listdir("/proc/self/fd")))[:4],
    "input": sys.stdin.read(), "is_loaded": "scheduler.roles.daemon" in sys.modules, "name": __name__,
}))
sys.exit(7)
"""


@pytest.fixture
def program(tmp_path):
    """``program(**options)``: what a program says of itself, and its exit status."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")

    def run(*arguments, **options):
        ran = subprocess.run(
            [sys.executable, str(script), *arguments],
            input="from a pipe", stdout=subprocess.PIPE, text=True, check=False, **options,
        )  # fmt: skip
        return json.loads(ran.stdout), ran.returncode

    return run


def test_a_forked_program_says_of_itself_what_an_executed_one_says(program, tmp_path):
    said = {}
    for is_forked in (True, False):
        with nullcontext() if is_forked else preloaded.suspended():
            options = {"cwd": tmp_path, "env": {**os.environ, "WW_VALUE": "grün"}, "start_new_session": True}
            said[is_forked], status = program("one", "two words", **options)
        assert status == 7
        assert said[is_forked].pop("is_loaded") == is_forked
    assert said[True] == said[False]
    assert said[True]["parent"] == os.getpid()


def test_other_variables_for_python_or_the_c_library_are_read_by_an_executed_program(program):
    assert program(env={**os.environ, "PYTHONHASHSEED": "1"})[0]["is_loaded"] is False
    assert program()[0]["is_loaded"] is True


@pytest.mark.executes_programs
def test_a_mark_lets_a_test_execute_its_programs(program):
    assert program()[0]["is_loaded"] is False


async def test_a_forked_program_is_waited_for_and_killed_as_a_child():
    process = await asyncio.create_subprocess_exec(*COMMAND, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert (process.returncode, output[:10]) == (0, b"wirewatch ")
    process = await asyncio.create_subprocess_exec(*COMMAND, "no-such-command", stderr=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 2
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "demo", "--seconds", "60", stderr=asyncio.subprocess.DEVNULL
    )
    process.send_signal(signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
