"""The rules of a robots.txt for one user agent: parsed and decided in bounded time, whatever the file holds.

The decisions are those of Protego 0.7 (RFC 9309 with its usual extensions: ``*``, ``$``, misspelt fields, the longest
match wins, ``Allow`` wins a tie). Protego keeps the rules of every user agent and tries them one by one; both are
superlinear in a file of many agents or rules. Here only the groups of one agent are kept. Rules without a wildcard
are found by their length in a table, rules with one by the text before it. A decision that would cost more than
``WORK_MAX`` raises ``RulesTooCostlyError``. The tests compare all real files of the collection with Protego.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

DISALLOW = frozenset({"disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"})
ALLOW = frozenset({"allow"})
USER_AGENT = frozenset({"user-agent", "useragent", "user agent"})
SITE_WIDE = frozenset({"sitemap", "sitemaps", "site-map", "host"})
"""Fields that belong to no group."""
CRAWL_DELAY = frozenset({"crawl-delay", "crawl delay"})
OTHERS = frozenset({"request-rate", "request rate", "visit-time", "visit time"})
FIELDS = DISALLOW | ALLOW | USER_AGENT | SITE_WIDE | CRAWL_DELAY | OTHERS
WORDS_MAX = 2  # words of the longest field
NUMBER_MAX = 32  # characters of a Crawl-delay; a longer one is no number of seconds
WORK_MAX = 50_000_000
"""Characters of rules times characters of the URL that one decision may compare: at most about 50 ms.

The costliest of the 4,231 real files takes at most 4,000,000, with a URL of 175 characters.
"""
WORK_SMALL = 5_000_000  # in the same unit; up to here a decision costs about 1 ms
RULE_WORK = 100  # characters; what trying a rule costs besides comparing it
INDEX_PAGE = "index.html"
_KEPT = frozenset({"2F", "25"})  # escapes of "/" and "%" are never decoded
_PATTERN_KEPT = _KEPT | {"2A"}  # nor that of "*" in a rule
_HEX = frozenset("0123456789ABCDEFabcdef")


class RulesTooCostlyError(Exception):
    """A decision would cost more than ``WORK_MAX``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: ``Allow`` or ``Disallow`` with a pattern."""

    allow: bool
    pattern: str
    """Normalized; its length is the rule's precedence."""
    written: str
    """As the file has it."""

    @property
    def precedence(self) -> tuple[int, bool]:
        """Return what decides between two rules that match."""
        return len(self.pattern), self.allow

    def matches(self, path: str) -> bool:
        """Return whether a pattern with wildcards matches a path that begins with its literal prefix."""
        anchored = self.pattern.endswith("$")
        parts = (self.pattern[:-1] if anchored else self.pattern).split("*")
        at = len(parts[0])
        for part in parts[1:-1]:
            found = path.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        last = parts[-1]
        if anchored:
            return len(path) - len(last) >= at and path.endswith(last)
        return path.find(last, at) >= 0


@dataclass(slots=True)
class _Group:
    """The rules of all groups of a file that name one user agent."""

    rules: list[Rule] = field(default_factory=list)
    delay: float | None = None


class RobotsRules:
    """The rules of a robots.txt that hold for one user agent.

    Args:
        text: The file's text. Time and memory are linear in its length.
        agent: The product token of the user agent, for example ``wirewatch``.
    """

    def __init__(self, text: str, agent: str) -> None:
        group = _group_of(text, agent.lower())
        self.crawl_delay = group.delay
        """Seconds between two requests; None where the file gives no number."""
        self.weight = sum(len(rule.pattern) + len(rule.written) + 200 for rule in group.rules)
        """Bytes of memory that the rules take, about."""
        self._plain: dict[str, Rule] = {}
        self._exact: dict[str, Rule] = {}
        self._wild: dict[str, list[Rule]] = {}
        for rule in group.rules:
            if "*" in rule.pattern:
                self._wild.setdefault(rule.pattern.partition("*")[0], []).append(rule)
            elif rule.pattern.endswith("$"):
                _keep(self._exact, rule.pattern[:-1], rule)
            else:
                _keep(self._plain, rule.pattern, rule)
        for rules in self._wild.values():
            rules.sort(key=lambda rule: rule.precedence, reverse=True)
        self._plain_lengths = sorted({len(prefix) for prefix in self._plain}, reverse=True)
        self._wild_lengths = sorted({len(prefix) for prefix in self._wild}, reverse=True)
        self._wild_work = sum(len(rule.pattern) + RULE_WORK for rules in self._wild.values() for rule in rules)

    def deciding(self, url: str) -> Rule | None:
        """Return the rule that decides on a URL; None where none matches, which allows it.

        Raises:
            RulesTooCostlyError: The rules with wildcards are too many or too long for this URL.
        """
        path = normal_path(url)
        best = self._exact.get(path)
        for length in self._plain_lengths:
            if length <= len(path) and (rule := self._plain.get(path[:length])) is not None:
                best = rule if best is None or rule.precedence > best.precedence else best
                break  # the longest of them
        work = 0
        for rule in self._candidates(path):
            if best is not None and rule.precedence <= best.precedence:
                continue
            work += len(rule.pattern) * len(path)
            if work > WORK_MAX:
                raise RulesTooCostlyError
            if rule.matches(path):
                best = rule
        return best

    def forbidding(self, url: str) -> str | None:
        """Return the rule that forbids a URL, as it is written; None for a URL that may be fetched.

        Raises:
            RulesTooCostlyError: As in ``deciding``.
        """
        if "/robots.txt" in url and urlsplit(url).path == "/robots.txt":
            return None
        rule = self.deciding(url)
        return None if rule is None or rule.allow else rule.written

    def is_cheap(self, url: str) -> bool:
        """Return whether a decision on a URL costs a few milliseconds at most, by a bound that is quickly known."""
        return self._wild_work * len(url) <= WORK_SMALL

    def _candidates(self, path: str) -> Iterator[Rule]:
        for length in self._wild_lengths:
            if length <= len(path):
                yield from self._wild.get(path[:length], ())


def _keep(table: dict[str, Rule], key: str, rule: Rule) -> None:
    known = table.get(key)
    if known is None or rule.precedence > known.precedence:
        table[key] = rule


def _group_of(text: str, agent: str) -> _Group:
    """Return the merged groups of the token that matches an agent best; of equally good ones the first."""
    groups: dict[str, _Group] = {}
    current: dict[str, _Group] = {}
    in_agents = False
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        parsed = _directive(line) if line else None
        if parsed is None:
            continue
        name, value = parsed
        if name in USER_AGENT:
            if not in_agents:
                current = {}
            in_agents = True
            for token in _tokens(value, agent):
                current[token] = groups.setdefault(token, _Group())
            continue
        in_agents = in_agents and name in SITE_WIDE
        if value and current:
            _apply(name, value, current.values())
    best = max(groups, key=len, default="")
    return groups.get(best, _Group())


def _tokens(value: str, agent: str) -> Iterator[str]:
    """The tokens of a User-agent line that match the agent, with and without their wildcards."""
    token = value.lower()
    for form in dict.fromkeys((token, token.replace("*", ""))):
        if form == "*" or (form and _names(form, agent)):
            yield form


def _names(token: str, agent: str) -> bool:
    """Whether a token is a part of the agent's name that begins where a word begins."""
    at = agent.find(token) if len(token) <= len(agent) else -1
    while at >= 0:
        if at == 0 or not (agent[at - 1].isalnum() or agent[at - 1] in "-_"):
            return True
        at = agent.find(token, at + 1)
    return False


def _apply(name: str, value: str, groups: Iterable[_Group]) -> None:
    if name in CRAWL_DELAY:
        if (delay := _seconds(value)) is not None:
            for group in groups:
                group.delay = delay
    elif name in ALLOW or name in DISALLOW:
        rules = list(_rules(value, allow=name in ALLOW))
        for group in groups:
            group.rules += rules


def _rules(written: str, *, allow: bool) -> Iterator[Rule]:
    """The rules that one line makes: ``$`` is also taken as a character, and an allowed index page as its folder."""
    for value in dict.fromkeys((written.replace("$", "%24"), written)):
        if pattern := normal_pattern(value):
            yield Rule(allow, pattern, written)
            if allow and pattern.endswith(f"/{INDEX_PAGE}"):
                yield Rule(allow, pattern.removesuffix(INDEX_PAGE) + "$", written)


def _seconds(value: str) -> float | None:
    try:
        delay = float(value) if len(value) <= NUMBER_MAX else -1.0
    except ValueError:
        return None
    return delay if math.isfinite(delay) and delay >= 0 else None


def _directive(line: str) -> tuple[str, str] | None:
    """Return a line's field and value, separated by a colon or, where it is meant so, by white space."""
    name, colon, rest = line.partition(":")
    name, value = name.strip().lower(), rest.strip()
    if colon and (name in FIELDS or not rest or rest[0].isspace()):
        return name, value
    words = line.split(maxsplit=WORDS_MAX)
    for count in range(1, WORDS_MAX + 1):
        field_name = " ".join(words[:count]).lower()
        if field_name in FIELDS:
            return field_name, " ".join(line.split(maxsplit=count)[count:])
    return (name, value) if colon else None


def normal_path(url: str) -> str:
    """Return the path and query of a URL as rules are compared with it: escapes of plain characters are decoded."""
    url = url.partition("#")[0]
    parts = urlsplit(url)
    path = _normal(f"{parts.path}?{parts.query}" if "?" in url else parts.path, _KEPT, "/%=")
    return path if path.startswith("/") else f"/{path}"


def normal_pattern(pattern: str) -> str:
    """Return a rule's pattern, normalized as the paths are; a final ``$`` stays what it is."""
    if pattern.startswith(("https://", "http://")):
        pattern = f"/{pattern}"
    anchor = "$" if pattern.endswith("$") else ""
    return _normal(pattern.removesuffix("$"), _PATTERN_KEPT, "/%*=") + anchor


def _normal(text: str, kept: frozenset[str], safe: str) -> str:
    if "%" not in text:
        return quote(text, safe=safe)
    first, *others = text.split("%")
    found = [first.encode("utf-8", "replace")]
    for part in others:
        code = part[:2].upper()
        if len(code) == 2 and _HEX.issuperset(code) and code not in kept:
            found.append(bytes.fromhex(code) + part[2:].encode("utf-8", "replace"))
        else:
            escaped = code + part[2:] if code in kept else part
            found.append(b"%" + escaped.encode("utf-8", "replace"))
    return quote(b"".join(found).decode("utf-8", "replace"), safe=safe)
