"""Every regular expression of the packages, how each is used, and texts that make a backtracking engine slow.

Patterns are collected from the imported modules: globals, class attributes, containers, dataclasses, and functions
without arguments that return patterns. Inline calls such as ``re.search("…", text)`` are read from the source. Pump
texts come from the parsed pattern itself: for every repeat, characters that it accepts, many times, behind what the
pattern expects before it and in front of something that makes it fail.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import math
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

from stories.text.linear_regex import LinearPattern, LinearTable

PACKAGES = ("alerts", "config", "crawler", "pipelines", "scheduler", "stories", "web")
METHODS = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_ANCHORED = frozenset({"match", "fullmatch"})
_FLAGS_AT = {"compile": 1, "search": 2, "match": 2, "fullmatch": 2, "findall": 2, "finditer": 2, "split": 3, "sub": 4, "subn": 4}  # fmt: skip  # noqa: E501
_RE2 = LinearPattern
Compiled = re.Pattern[str] | re.Pattern[bytes]


@dataclass(slots=True)
class Found:
    """One pattern of the code base."""

    pattern: Compiled
    places: list[str] = field(default_factory=list)
    """Where it is: ``pipelines.release_diff:_AGO``, or ``web.templating:clock``, the function of an inline call."""
    methods: set[str] = field(default_factory=set)
    """How it is used. A pattern that is passed on counts as searched."""

    @property
    def searched(self) -> bool:
        """Whether a match may begin at any place of a text."""
        return bool(self.methods - _ANCHORED) or not self.methods


@dataclass(frozen=True, slots=True)
class Collection:
    """What :func:`collect` finds."""

    patterns: list[Found]
    on_re2: list[str]
    """Places of patterns that run on RE2."""
    unread: list[str]
    """Places of calls whose pattern is only known when the program runs."""


def modules() -> Iterator[ModuleType]:
    """Yield every module of the packages, imported."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for info in pkgutil.walk_packages(package.__path__, name + "."):
            if not info.name.endswith("__main__"):
                yield importlib.import_module(info.name)


@functools.cache
def collect() -> Collection:
    """Return every pattern of the packages, each once, with all its places and uses."""
    loaded = list(modules())
    trees = {module.__name__: _tree(module) for module in loaded}
    found: dict[tuple[Any, int], Found] = {}
    on_re2: list[str] = []
    unread: list[str] = []
    for module in loaded:
        own = _own_names(trees[module.__name__])
        for name, value in vars(module).items():
            if name in own:
                for pattern in _patterns_in(value, module.__name__):
                    place = f"{module.__name__}:{name}"
                    if isinstance(pattern, re.Pattern):
                        _entry(found, pattern).places.append(place)
                    else:
                        on_re2.append(place)
    for module in loaded:
        for node, parents in _nodes(trees[module.__name__]):
            _read_use(node, parents, module, found)
            _read_call(node, parents, module, found, unread)
    return Collection(list(found.values()), on_re2, sorted(set(unread)))


def _entry(found: dict[tuple[Any, int], Found], pattern: Compiled) -> Found:
    return found.setdefault((pattern.pattern, pattern.flags), Found(pattern))


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(inspect.getfile(module)).read_text(encoding="utf-8"))


def _own_names(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.If | ast.Try | ast.With | ast.For):
            names |= {
                part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
    return names


def _patterns_in(value: Any, module: str, depth: int = 0) -> Iterator[Any]:
    if isinstance(value, re.Pattern | _RE2):
        yield value
    elif depth > 6:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _patterns_in(key, module, depth + 1)
            yield from _patterns_in(item, module, depth + 1)
    elif isinstance(value, tuple | list | set | frozenset):
        for item in value:
            yield from _patterns_in(item, module, depth + 1)
    elif isinstance(value, LinearTable):
        yield from (pattern for pattern, _ in value.rows)
    elif isinstance(value, type):
        if value.__module__ == module:
            yield from _patterns_in(dict(vars(value)), module, depth + 1)
    elif dataclasses.is_dataclass(value):
        yield from _patterns_in(
            [getattr(value, part.name, None) for part in dataclasses.fields(value)], module, depth + 1
        )
    elif (
        isinstance(value, functools._lru_cache_wrapper)
        and not inspect.signature(value).parameters
        and _compiles(value.__wrapped__)
    ):
        yield from _patterns_in(value(), module, depth + 1)


def _compiles(function: Callable[..., Any]) -> bool:
    return (isinstance(function, FunctionType) and "compile" in function.__code__.co_names) or any(
        "compile" in code.co_names for code in getattr(function.__code__, "co_consts", ()) if hasattr(code, "co_names")
    )


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, list[ast.AST]]]:
    stack: list[tuple[ast.AST, list[ast.AST]]] = [(tree, [])]
    while stack:
        node, parents = stack.pop()
        yield node, parents
        stack += [(child, [*parents, node]) for child in ast.iter_child_nodes(node)]


def _read_use(node: ast.AST, parents: list[ast.AST], module: ModuleType, found: dict[tuple[Any, int], Found]) -> None:
    """Record that a named pattern is used with a method, or is passed on."""
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    value = _named(node, module)
    if not isinstance(value, re.Pattern):
        return
    parent = parents[-1]
    if isinstance(parent, ast.Attribute):
        if parent.attr in METHODS:
            _entry(found, value).methods.add(parent.attr)
    else:
        _entry(found, value).methods.add("search")


def _named(node: ast.Name | ast.Attribute, module: ModuleType) -> Any:
    if isinstance(node, ast.Name):
        return vars(module).get(node.id)
    if isinstance(node.value, ast.Name) and isinstance(holder := vars(module).get(node.value.id), ModuleType):
        return getattr(holder, node.attr, None)
    return None


def _read_call(
    node: ast.AST,
    parents: list[ast.AST],
    module: ModuleType,
    found: dict[tuple[Any, int], Found],
    unread: list[str],
) -> None:
    """Record the pattern of ``re.search("…", text)``, and of ``re.compile`` inside a function."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    of, name = node.func.value, node.func.attr
    if not isinstance(of, ast.Name) or of.id != "re" or vars(module).get("re") is not re or name not in _FLAGS_AT:
        return
    function = next((parent for parent in parents if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef)), None)
    if name == "compile" and (function is None or _is_called_by_the_walk(function)):
        return
    place = f"{module.__name__}:{function.name if function else node.lineno}"
    try:
        written = _evaluated(node.args[0], module)
        flags = next((word.value for word in node.keywords if word.arg == "flags"), None)
        if flags is None and len(node.args) > _FLAGS_AT[name]:
            flags = node.args[_FLAGS_AT[name]]
        pattern = re.compile(written, _evaluated(flags, module) if flags is not None else 0)
    except NameError:
        unread.append(place)
        return
    entry = _entry(found, pattern)
    entry.places.append(place)
    entry.methods.add("search" if name == "compile" else name)


def _is_called_by_the_walk(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    cached = any("cache" in ast.unparse(decorator) for decorator in function.decorator_list)
    return cached and not (function.args.args or function.args.kwonlyargs or function.args.posonlyargs)


def _evaluated(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.fix_missing_locations(ast.Expression(node)), module.__name__, "eval"), dict(vars(module)))


# --- texts

_ALPHABET = " .-,0aA_\"'“”()[]<>|:;/#@&=\n?!*+$%€\u00a0中가ệ\u0301éн、。（】’–—\t~^`\\{}x1Zeon"
_FAILING = ("\x01", "x", "")
_GENERIC = (
    *" \n\t\u00a0.-,0aA_\"'“([<>|:/#@&€中가\u0301é、（",
    "a ", "A ", "0 ", "0,", "a.", "a-", "- ", ". ", " \n", "| ", "a@", "<a ", "&a", "#a", "http://", "$A ", "(A", "A. ",
    "1. ", "aA", "a/",
)  # fmt: skip


def pumps(pattern: Compiled, most: int = 70) -> list[tuple[str, str, str]]:
    """Return (before, repeated, after) of texts on which a backtracking engine may take long."""
    written = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = re._parser.parse(written, pattern.flags & ~re.DEBUG)  # type: ignore[attr-defined]
    repeats = list(_repeats(list(tree), ""))
    texts: dict[tuple[str, str, str], None] = {}
    accepted: dict[str, int] = {}
    for _, bodies in repeats:
        for body in bodies:
            accepted[body] = accepted.get(body, 0) + 1
    shared = [body for body, _ in sorted(accepted.items(), key=lambda item: -item[1])[:4]]
    for before, bodies in repeats:
        for body in bodies[:3]:
            for after in _FAILING:
                texts[before, body, after] = None
            texts["", body, "\x01"] = None
            texts["", body, "x"] = None
            if before:
                texts["", before + body, ""] = None
                texts["", before, ""] = None
        for body in shared:
            texts[before, body, "\x01"] = None
            texts[before, body, "x"] = None
            texts[before, body + " ", "\x01"] = None
    for body in shared:
        for other in shared:
            texts["", body + other, "\x01"] = None
    generic = [("", body, "x" if body[-1] in " .,-" else "\x01") for body in _GENERIC]
    return [*list(texts)[:most], *generic]


def _repeats(items: list[Any], before: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (what the pattern expects before it, texts that it accepts) of every repeat that may be long."""
    for code, argument in items:
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, inner = argument
            if most >= 10:
                yield before, _samples(list(inner))
            yield from _repeats(list(inner), before)
        elif name == "SUBPATTERN":
            yield from _repeats(list(argument[3]), before)
        elif name == "ATOMIC_GROUP":
            yield from _repeats(list(argument), before)
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _repeats(list(branch), before)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _repeats(list(argument[1]), before)
        elif name == "GROUPREF_EXISTS":
            for branch in argument[1:]:
                if branch is not None:
                    yield from _repeats(list(branch), before)
        before += _sample([(code, argument)])


def _samples(items: list[Any]) -> list[str]:
    """Return several texts that a sequence accepts, with different first characters."""
    if len(items) == 1 and str(items[0][0]) == "IN":
        return _members(items[0][1])[:6] or ["a"]
    if len(items) == 1 and str(items[0][0]) == "NOT_LITERAL":
        return [char for char in " .a0" if ord(char) != items[0][1]]
    if len(items) == 1 and str(items[0][0]) == "ANY":
        return ["a", " ", ".", "0"]
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        return _samples(list(items[0][1][3]))
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return [sample for branch in items[0][1][1][:6] for sample in _samples(list(branch))[:2]]
    single = _sample(items)
    short = [sample for item in items if str(item[0]) in ("IN", "ANY") for sample in _samples([item])[:2]]
    first = _samples(items[:1]) if len(items) > 1 else []
    return [sample for sample in dict.fromkeys([single, *short, *first]) if sample][:6]


def _sample(items: list[Any]) -> str:
    text = ""
    for code, argument in items:
        name = str(code)
        if name == "LITERAL":
            text += chr(argument)
        elif name == "NOT_LITERAL":
            text += next(char for char in "a .0" if ord(char) != argument)
        elif name == "ANY":
            text += "a"
        elif name == "IN":
            text += (_members(argument) or ["a"])[0]
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            text += _sample(list(argument[2])) * min(argument[0], 40)
        elif name == "SUBPATTERN":
            text += _sample(list(argument[3]))
        elif name == "ATOMIC_GROUP":
            text += _sample(list(argument))
        elif name == "BRANCH":
            text += _sample(list(argument[1][0]))
    return text


def _members(parts: list[Any]) -> list[str]:
    """Return characters of a class, the most telling first."""
    negated = bool(parts) and str(parts[0][0]) == "NEGATE"
    named = [
        chr(value if str(code) == "LITERAL" else value[0]) for code, value in parts if str(code) in ("LITERAL", "RANGE")
    ]
    return [char for char in dict.fromkeys(_ALPHABET + ("" if negated else "".join(named))) if _is_in(char, parts)]


def _is_in(char: str, parts: list[Any]) -> bool:
    negated = held = False
    for code, value in parts:
        name = str(code)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            held = held or ord(char) == value
        elif name == "RANGE":
            held = held or value[0] <= ord(char) <= value[1]
        elif name == "CATEGORY":
            kind = str(value).removeprefix("CATEGORY_")
            is_kind = {"DIGIT": char.isdigit(), "SPACE": char.isspace(), "WORD": char.isalnum() or char == "_"}
            held = held or (is_kind[kind.removeprefix("NOT_")] != kind.startswith("NOT_"))
    return held != negated


# --- time

BOUND = 0.5  # CPU seconds on the longest text within which nothing else is asked
SLOW = 5.0  # the same, for what grows in proportion: many alternatives, on a machine with other work to do
STEEP = 1.5  # exponent above which the time grows out of proportion
TICK = 0.04  # seconds below which CPU time is too coarse to be measured
ATTEMPTS = 12  # measurements that must agree before a pattern is accused
PAUSE_SECONDS = 0.2  # between two: another program's burst of work ends meanwhile


class TooSlowError(Exception):
    """A pattern ran out of its time."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes more CPU time; the regular expression engine looks for signals while it matches."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    earlier = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, earlier)


def cpu_seconds(action: Callable[[], object], limit: float, runs: int = 1) -> float:
    """Return the CPU time of an action, the least of several runs; infinite when it takes more than ``limit``.

    Some kernels count CPU time in ticks of several milliseconds, so what is short is measured by the clock.
    """
    least = math.inf
    for _ in range(runs):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        try:
            with cpu_limit(max(limit, TICK)):
                action()
        except TooSlowError:
            return math.inf
        elapsed = time.perf_counter() - begun
        least = min(least, elapsed if elapsed < TICK else min(elapsed, time.process_time() - cpu_begun))
    return least


def text_of(pump: tuple[str, str, str], length: int) -> str:
    """Return the text of a pump with about ``length`` characters."""
    before, body, after = pump
    return before + body * max(1, (length - len(before) - len(after)) // len(body)) + after


def run(found: Found, text: str) -> None:
    """Use a pattern as the code does, on a whole text."""
    pattern: Any = found.pattern
    subject: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
    if found.searched:
        for _ in pattern.finditer(subject):
            pass
    if "match" in found.methods:
        pattern.match(subject)
    if "fullmatch" in found.methods:
        pattern.fullmatch(subject)


def superlinear(found: Found, length: int, *, collapsed: bool = False) -> tuple[tuple[str, str, str], float] | None:
    """Return a pump on which a pattern takes too long, with the CPU seconds that ``length`` characters take at least.

    Too long is more than ``BOUND`` where the time grows out of proportion to the text, and ``SLOW`` where it does not.
    Most pumps are ruled out by two short texts; what is left is measured again on a longer one, the least of several
    runs, so that a busy machine accuses no pattern. ``collapsed``: the code gives the pattern texts in which every run
    of spaces is one space.
    """
    first, second, third = min(2_000, length), min(8_000, length), min(32_000, length)
    for pump in pumps(found.pattern):
        texts = [text_of(pump, size) for size in (first, second, third)]
        short, middle, long = [" ".join(text.split()) for text in texts] if collapsed else texts
        brief = cpu_seconds(lambda text=short: run(found, text), BOUND)
        if brief * (length / first) ** 2 <= BOUND:
            continue
        longer = cpu_seconds(lambda text=middle: run(found, text), BOUND)
        if longer * length / second <= SLOW and longer <= brief * second / first * 1.5:
            continue
        # What already takes long needs no longer text for its growth to show.
        longer_text, size = (middle, second) if brief > TICK / 4 else (long, third)
        if _is_slow(found, (short, longer_text), (first, size), length):
            return pump, brief * length / first
    return None


def _is_slow(found: Found, texts: tuple[str, str], sizes: tuple[int, int], length: int) -> bool:
    """Whether every one of several measurements says so: the time of other programs falls on one, seldom on all."""
    times = sizes[1] / sizes[0]
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE_SECONDS if attempt else 0)
        brief = cpu_seconds(lambda: run(found, texts[0]), BOUND, runs=3)
        if brief == math.inf:
            return True
        steep = brief * times**STEEP
        longest = cpu_seconds(lambda: run(found, texts[1]), min(steep, SLOW), runs=2)
        if longest <= steep and longest * length / sizes[1] <= SLOW:
            return False
        if longest < math.inf and longest * (length / sizes[1]) ** 2 <= BOUND:
            return False
    return True
