"""Patterns over words instead of characters: ``please (replace|use) ~6 {release}``, matched in linear time.

A pattern is data (``stories/text/languages/*.toml``, ``stories/text/correction_claims.toml``). Its elements, separated
by spaces:

======================  ==============================================================
``word``                this word, folded; ``word*``, ``*word``, ``*word*``: a part of one
``( a | b c )``         one of several sequences; ``?`` behind an element: it may be left out
``{name}``              a class: a named pattern of the same table
``~6``                  up to six tokens of one sentence, as few as possible
``~~6``                 the same, and a sentence may end among them
``#``, ``_``            a number; any token
``@name( … )``          a group, whose place the match gives
``^``, ``$``            the start and the end of the text
======================  ==============================================================

A token is a word, a number, one punctuation mark, or one character of a script that is written without spaces, so
``更正公告`` is a sequence of four. The matcher keeps every pair of instruction and place that failed and never tries it
twice (the "bit state" search of RE2), so the time is at most tokens × instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from stories.text.case_folding import fold
from stories.text.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Match:
    """Where a pattern matched, in tokens: [first, last)."""

    first: int
    last: int
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)


# --- the pattern as a tree -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    prefix: bool = False
    suffix: bool = False

    def fits(self, word: str) -> bool:
        """Return whether a token is the word, or has it as its part."""
        if self.prefix:
            return self.text in word if self.suffix else word.startswith(self.text)
        return word.endswith(self.text) if self.suffix else word == self.text


@dataclass(frozen=True, slots=True)
class _Any:
    crosses: bool = True
    number: bool = False


@dataclass(frozen=True, slots=True)
class _Edge:
    end: bool


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeat:
    """``part`` up to ``most`` times: as many as possible, or (``lazy``) as few."""

    part: _Node
    most: int
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class _Group:
    name: str
    part: _Node


_Node = _Word | _Any | _Edge | _Sequence | _Choice | _Repeat | _Group

_ELEMENT = re.compile(r"(@\w+\(|\{\w+\}|~~?\d+|[()|?#_^$]|\\.|[^\s()|?{}~@^$]+)")


class _Parser:
    def __init__(self, source: str, classes: Mapping[str, str]) -> None:
        self.elements = _ELEMENT.findall(source)
        if "".join(self.elements).replace(" ", "") != "".join(source.split()):
            raise ValueError(f"not a token pattern: {source!r}")
        self.classes = classes
        self.place = 0
        self.source = source

    def whole(self) -> _Node:
        node = self.choice()
        if self.place < len(self.elements):
            raise ValueError(f"unbalanced parenthesis in the token pattern {self.source!r}")
        return node

    def choice(self) -> _Node:
        branches = [self.sequence()]
        while self._next() == "|":
            self.place += 1
            branches.append(self.sequence())
        return branches[0] if len(branches) == 1 else _Choice(tuple(branches))

    def sequence(self) -> _Node:
        parts: list[_Node] = []
        while (element := self._next()) is not None and element not in (")", "|"):
            self.place += 1
            if element == "?":
                parts.append(_Repeat(parts.pop(), 1))
            else:
                parts.append(self.atom(element))
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def atom(self, element: str) -> _Node:
        if element == "(" or element.startswith("@"):
            node = self.choice()
            if self._next() != ")":
                raise ValueError(f"missing ) in the token pattern {self.source!r}")
            self.place += 1
            return node if element == "(" else _Group(element[1:-1], node)
        if element.startswith("{"):
            source = self.classes[element[1:-1]]
            return _parsed(source) if "{" not in source else _Parser(source, self.classes).whole()
        if element.startswith("~"):
            crosses = element.startswith("~~")
            return _Repeat(_Any(crosses=crosses), int(element.lstrip("~")), lazy=True)
        if element in "^$":
            return _Edge(end=element == "$")
        if element in "#_":
            return _Any(number=element == "#")
        return _literal(element.removeprefix("\\"))

    def _next(self) -> str | None:
        return self.elements[self.place] if self.place < len(self.elements) else None


@lru_cache(maxsize=512)
def _parsed(source: str) -> _Node:
    return _Parser(source, {}).whole()


@lru_cache(maxsize=8192)
def _literal(element: str) -> _Node:
    if len(element) > 1 and "*" in (element[0], element[-1]):
        return _Word(fold(element.strip("*")), prefix=element.endswith("*"), suffix=element.startswith("*"))
    words = [_Word(word) for word in Tokens(element, len(element)).words]
    return words[0] if len(words) == 1 else _Sequence(tuple(words))


def _phrase(node: _Node) -> tuple[str, ...] | None:
    """Return the words of a branch that is only words."""
    if isinstance(node, _Word):
        return None if node.prefix or node.suffix else (node.text,)
    if isinstance(node, _Sequence) and node.parts:
        words: list[str] = []
        for part in node.parts:
            inner = _phrase(part)
            if inner is None:
                return None
            words += inner
        return tuple(words)
    return None


# --- the pattern as a program ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Instruction:
    op: str
    words: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    """``words``: phrases by their first word, the shortest first (the stack turns them round)."""
    affix: _Word | None = None
    targets: tuple[int, ...] = ()
    """``split``: where to go on, the preferred last (it is taken from the stack first)."""
    slot: str = ""
    flag: bool = False


class Pattern:
    """A compiled pattern. ``cues``: words of which a text must hold one; None where there is no such set."""

    def __init__(self, source: str, classes: Mapping[str, str] | None = None) -> None:
        """Raises ValueError when the source is no pattern, KeyError when it names an unknown class."""
        tree = _Parser(source, classes or {}).whole()
        self.source = source
        self.cues = _cues(tree)
        starts = _starts(tree)
        self._anchored = _is_anchored(tree)
        self._affixes = tuple(word for word in starts or () if word.prefix or word.suffix)
        self._starts = (
            None if starts is None else frozenset(word.text for word in starts) - {word.text for word in self._affixes}
        )
        self._program: list[_Instruction] = []
        self._emit(tree)
        self._program.append(_Instruction("match"))

    def _emit(self, node: _Node) -> None:
        program = self._program
        if isinstance(node, _Word):
            self._emit_word(node)
        elif isinstance(node, _Any):
            program.append(_Instruction("number" if node.number else "any", flag=node.crosses))
        elif isinstance(node, _Edge):
            program.append(_Instruction("edge", flag=node.end))
        elif isinstance(node, _Sequence):
            for part in node.parts:
                self._emit(part)
        elif isinstance(node, _Group):
            program.append(_Instruction("open", slot=node.name))
            self._emit(node.part)
            program.append(_Instruction("close", slot=node.name))
        elif isinstance(node, _Repeat):
            self._emit_repeat(node)
        else:
            self._emit_choice(node)

    def _emit_word(self, node: _Word) -> None:
        if node.prefix or node.suffix:
            self._program.append(_Instruction("affix", affix=node))
        else:
            self._program.append(_Instruction("words", words={node.text: ((node.text,),)}))

    def _emit_repeat(self, node: _Repeat) -> None:
        splits = []
        for _ in range(node.most):
            splits.append(len(self._program))
            self._program.append(_Instruction("split"))
            self._emit(node.part)
        for place in splits:
            order = (place + 1, len(self._program)) if node.lazy else (len(self._program), place + 1)
            self._program[place] = _Instruction("split", targets=order)

    def _emit_choice(self, node: _Choice) -> None:
        phrases = [phrase for branch in node.branches if (phrase := _phrase(branch))]
        others = [branch for branch in node.branches if not _phrase(branch)]
        split = len(self._program)
        self._program.append(_Instruction("split"))
        starts, jumps = [], []
        if phrases:
            starts.append(len(self._program))
            self._program.append(_Instruction("words", words=by_first_word(phrases)))
            jumps.append(len(self._program))
            self._program.append(_Instruction("split"))
        for branch in others:
            starts.append(len(self._program))
            self._emit(branch)
            jumps.append(len(self._program))
            self._program.append(_Instruction("split"))
        self._program[split] = _Instruction("split", targets=tuple(reversed(starts)))
        for jump in jumps:
            self._program[jump] = _Instruction("split", targets=(len(self._program),))

    def match(self, tokens: Tokens, place: int = 0, last: int | None = None) -> Match | None:
        """Return the match that starts at a token; with ``last``, only one that ends there."""
        return self._run(tokens, place, set(), last)

    def search(self, tokens: Tokens, place: int = 0) -> Match | None:
        """Return the first match that starts at or behind a token."""
        if self.cues is not None and self.cues.isdisjoint(tokens.words):
            return None
        visited: set[int] = set()
        for start in self._places(tokens, place):
            if found := self._run(tokens, start, visited, None):
                return found
        return None

    def _places(self, tokens: Tokens, place: int) -> Iterable[int]:
        """Return the places from ``place`` on at which a match may start, by their first words."""
        if self._anchored:
            return range(place, 1)
        words, starts = tokens.words, self._starts
        if starts is None:
            return range(place, len(words) + 1)
        if not self._affixes:
            return [start for start in range(place, len(words)) if words[start] in starts]
        return [
            start
            for start in range(place, len(words))
            if words[start] in starts or any(affix.fits(words[start]) for affix in self._affixes)
        ]

    def finditer(self, tokens: Tokens) -> Iterator[Match]:
        """Return all matches that do not overlap, from the first on."""
        place = 0
        while found := self.search(tokens, place):
            yield found
            place = max(found.last, found.first + 1)

    def _run(self, tokens: Tokens, start: int, visited: set[int], last: int | None) -> Match | None:
        program, words, width = self._program, tokens.words, len(tokens.words) + 1
        stack: list[tuple[int, int, _Saved]] = [(0, start, None)]
        while stack:
            at, place, saved = stack.pop()
            key = at * width + place
            if key in visited:
                continue
            visited.add(key)
            instruction = program[at]
            op = instruction.op
            if op == "split":
                for target in instruction.targets:
                    stack.append((target, place, saved))
            elif op == "words":
                if place < width - 1:
                    for phrase in instruction.words.get(words[place], ()):
                        length = len(phrase)
                        if length == 1 or tuple(words[place : place + length]) == phrase:
                            stack.append((at + 1, place + length, saved))
            elif op == "open" or op == "close":
                stack.append((at + 1, place, (op, instruction.slot, place, saved)))
            elif op == "match":
                if last is None or place == last:
                    return Match(start, place, _groups(saved))
            elif op == "edge":
                if place == (width - 1 if instruction.flag else 0):
                    stack.append((at + 1, place, saved))
            elif place < width - 1 and _takes(instruction, words[place], tokens, place):
                stack.append((at + 1, place + 1, saved))
        return None


_Saved = tuple[str, str, int, "_Saved"] | None


def _takes(instruction: _Instruction, word: str, tokens: Tokens, place: int) -> bool:
    """Return whether an instruction for one token takes this one."""
    if instruction.op == "affix":
        return instruction.affix is not None and instruction.affix.fits(word)
    if instruction.op == "number":
        return word[0].isdigit()
    return instruction.flag or not tokens.ends[place]


def _groups(saved: _Saved) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    closed: dict[str, int] = {}
    while saved is not None:
        op, slot, place, saved = saved
        if op == "close":
            closed.setdefault(slot, place)
        elif slot not in found:
            found[slot] = (place, closed[slot])
    return found


def by_first_word(phrases: Iterable[Sequence[str]]) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return phrases by their first word, the shortest first."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for phrase in phrases:
        found.setdefault(phrase[0], set()).add(tuple(phrase))
    return {word: tuple(sorted(known, key=lambda phrase: (len(phrase), phrase))) for word, known in found.items()}


_COMMON_WORDS = (
    "the a an of to in on at by for and or is was be has have been this that these our its it with as from following "
    "release releases announcement press news media issued published released sent dated , . : ; - — ( ) / ' \" "
    "der die das den dem des ein eine einer und vom am im von zu in ist wird wurde le la les de du des un une et au "
    "a l d el los las y o os as e do da em il lo i gli del della di che den det i som av af til till"
)
_COMMON = frozenset(_COMMON_WORDS.split())


def _cues(node: _Node) -> frozenset[str] | None:
    if isinstance(node, _Word):
        return None if node.prefix or node.suffix else frozenset((node.text,))
    if isinstance(node, _Group):
        return _cues(node.part)
    if isinstance(node, _Choice):
        found: set[str] = set()
        for branch in node.branches:
            cues = _cues(branch)
            if cues is None:
                return None
            found |= cues
        return frozenset(found)
    if isinstance(node, _Sequence):
        known = [cues for part in node.parts if (cues := _cues(part)) is not None]
        return min(known, key=lambda cues: (len(cues & _COMMON), len(cues)), default=None)
    return None


def _starts(node: _Node) -> frozenset[_Word] | None:
    """Return the words that a match can start with; None where it can start with any, or be empty."""
    if isinstance(node, _Word):
        return frozenset((node,))
    if isinstance(node, _Group):
        return _starts(node.part)
    if isinstance(node, _Choice):
        known = [_starts(branch) for branch in node.branches]
        return None if None in known else frozenset().union(*(words for words in known if words is not None))
    if isinstance(node, _Sequence):
        found: set[_Word] = set()
        for part in node.parts:
            if isinstance(part, _Edge):
                continue
            inner = _starts(part.part if isinstance(part, _Repeat) else part)
            if inner is None:
                return None
            found |= inner
            if not isinstance(part, _Repeat):
                return frozenset(found)
    return None


def _is_anchored(node: _Node) -> bool:
    return isinstance(node, _Sequence) and bool(node.parts) and node.parts[0] == _Edge(end=False)


class PatternSet:
    """Patterns in order of preference, of which only those whose cues a text holds are tried."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._always = [number for number, pattern in enumerate(patterns) if pattern.cues is None]
        self._cued: dict[str, list[int]] = {}
        for number, pattern in enumerate(patterns):
            for cue in pattern.cues or ():
                self._cued.setdefault(cue, []).append(number)

    def candidates(self, words: Iterable[str]) -> list[int]:
        """Return the numbers of the patterns that a text with these words may match, in order."""
        found = set(self._always)
        for word in set(words):
            found.update(self._cued.get(word, ()))
        return sorted(found)
