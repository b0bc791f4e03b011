"""Only tests that start programs are retried, once, and the number of retries is printed."""

from __future__ import annotations

import program_tests
import pytest

pytest_plugins = "pytester"

CONFTEST = "from program_tests import pytest_collection_modifyitems, pytest_terminal_summary"
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nmarkers = starts_programs"
STARTS = """
    import asyncio, subprocess
    import pytest

    class Program:
        @property
        def output(self):
            return subprocess.run(["echo", "up"], capture_output=True, check=True).stdout

    async def start():
        await (await asyncio.create_subprocess_exec("true")).wait()

    @pytest.fixture
    def program():
        return Program()

    turns = []

    def fail_once():
        turns.append(1)
        assert len(turns) % 2 == 0
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty folder whose tests are marked as ours are."""
    monkeypatch.setattr(program_tests, "TESTS", str(pytester.path))
    pytester.makeconftest(CONFTEST)
    pytester.makeini(INI)
    return pytester


@pytest.mark.parametrize(
    "test",
    [
        "def test_a_fixture_s_property(program):\n    program.output\n    fail_once()",
        "async def test_a_helper():\n    await start()\n    fail_once()",
        "def test_itself():\n    subprocess.run(['true'])\n    fail_once()",
        "@pytest.mark.starts_programs\ndef test_that_says_so():\n    fail_once()",
    ],
)
def test_a_test_that_starts_a_program_is_retried(suite: pytest.Pytester, test: str) -> None:
    suite.makepyfile(_lines(STARTS) + test)
    run = suite.runpytest_inprocess("-p", "no:schemathesis")
    run.assert_outcomes(passed=1)
    run.stdout.fnmatch_lines(["RETRIED test_*::test_*", "retries: 1"])


def test_a_test_that_starts_none_fails_the_first_time(suite: pytest.Pytester) -> None:
    suite.makepyfile(_lines(STARTS) + "def test_alone(tmp_path):\n    fail_once()")
    run = suite.runpytest_inprocess("-p", "no:schemathesis")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["retries: 0"])


def test_a_test_that_fails_twice_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(_lines(STARTS) + "async def test_start():\n    await start()\n    assert False")
    run = suite.runpytest_inprocess("-p", "no:schemathesis")
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(["retries: 1"])


def _lines(text: str) -> str:
    return "\n".join(line[4:] for line in text.splitlines()) + "\n\n"
