"""Marks the tests that start whole programs, and lets them be retried once: a busy machine may be too slow for one.

No other test is retried. What a test starts is read from its code: that of its function, its fixtures, and what both
call under ``tests/``. The shared Redis server does not count.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import preloaded
import pytest

TESTS = str(Path(__file__).resolve().parent.parent)
STARTERS = frozenset({"subprocess", "Popen", "create_subprocess_exec", "create_subprocess_shell"})
NOT_A_PROGRAM = frozenset({"redis_server"})  # functions: a server that is ready in 50 ms
RETRIES = 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts programs."""
    for item in items:
        if isinstance(item, pytest.Function) and _does_start_programs(item):
            item.add_marker(pytest.mark.starts_programs)
        if item.get_closest_marker("starts_programs") is not None:
            item.add_marker(pytest.mark.flaky(reruns=RETRIES))
            if not item.config.option.collectonly:
                preloaded.begin()
    items[:] = _spread(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _spread(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests so that each of some workers begins with a share of those that start programs.

    Each worker first gets as many tests as the others, in order. Long tests at the end would leave one worker alone.
    """

    def is_long(item: pytest.Item) -> bool:
        return "tests/patterns/" in item.nodeid or item.get_closest_marker("starts_programs") is not None

    long = [item for item in items if is_long(item)]
    short = [item for item in items if not is_long(item)]
    if workers < 2 or not long:
        return items
    size = -(-len(short) // workers)
    shares = [long[at::workers] + short[at * size : (at + 1) * size] for at in range(workers)]
    return [item for share in shares for item in share]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of retries, and which tests they were of."""
    retried = [report.nodeid for report in terminalreporter.stats.get("rerun", [])]
    for nodeid in retried:
        terminalreporter.write_line(f"RETRIED {nodeid}")
    terminalreporter.write_line(f"retries: {len(retried)}")


def _does_start_programs(item: pytest.Function) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    functions = [item.function, *(definitions[-1].func for definitions in fixtures)]
    return any(starts_programs(function) for function in functions)


@cache
def starts_programs(function: Callable[..., Any]) -> bool:
    """Return whether a function of the tests, or what it calls under ``tests/``, starts a program."""
    plain = _plain(function)
    return plain is not None and any(not STARTERS.isdisjoint(_names(each.__code__)) for each in _reached(plain))


def _reached(function: FunctionType) -> Iterator[FunctionType]:
    """Yield a function and what it calls under ``tests/``, each once."""
    seen = {function}
    waiting = [function]
    while waiting:
        function = waiting.pop()
        yield function
        found = _called(function) - seen
        seen |= found
        waiting += found


@cache
def _called(function: FunctionType) -> frozenset[FunctionType]:
    names = _names(function.__code__)
    found: set[FunctionType] = set()
    for name in names:
        value = function.__globals__.get(name)
        values = [getattr(value, other, None) for other in names] if isinstance(value, ModuleType) else [value]
        for member in values:
            found |= {plain for each in _functions(member) if (plain := _plain(each)) is not None}
    return frozenset(found)


def _functions(value: object) -> list[Any]:
    """Return a function as it is, and a class as its methods."""
    if not inspect.isclass(value):
        return [value]
    members = vars(value).values() if value.__module__ != "builtins" else ()
    return [member.fget if isinstance(member, property) else member for member in members]


def _plain(value: Any) -> FunctionType | None:
    """Return what is below the decorators of a function of the tests."""
    try:
        plain = inspect.unwrap(getattr(value, "__func__", value))
    except (AttributeError, ValueError):
        return None
    if not isinstance(plain, FunctionType) or not plain.__code__.co_filename.startswith(TESTS):
        return None
    return None if plain.__name__ in NOT_A_PROGRAM else plain


@cache
def _names(code: CodeType) -> frozenset[str]:
    """Return the names of globals and attributes that a function and those within it use."""
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return frozenset(code.co_names).union(*inner)
