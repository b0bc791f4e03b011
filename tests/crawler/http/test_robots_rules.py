"""The rules of a robots.txt are decided as Protego decides them, in time and memory that grow with the file alone."""

from __future__ import annotations

import contextlib
import os
import re
import tarfile
import time
import tracemalloc
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from crawler.http.robots import AGENT, truncated_rules
from crawler.http.robots_rules import WORK_MAX, RobotsRules, RulesTooCostlyError

DATA = Path(os.environ.get("WIREWATCH_DATA", "../shared/data")) / "robots" / "protego-robots.tar.xz"
SITE = "https://wire.example"


def rules(text: str, agent: str = AGENT) -> RobotsRules:
    return RobotsRules(text, agent)


PIECES = st.sampled_from(
    ["/", "a", "b", "*", "$", "%2F", "%2a", "%41", "%", "?q=1", "é", "=", "%3D", "index.html", "."]
)
PATTERNS = st.lists(PIECES, max_size=6).map("".join)
FIELDS = st.sampled_from(
    ["Disallow: ", "Allow: ", "disallow:", "Dissallow: ", "Allow ", "Crawl-delay: 3 #", "Sitemap: ", "Host: ", "Foo: "]
)
AGENTS = st.sampled_from(
    [
        "User-agent: *",
        "User-agent: wirewatch",
        "user agent: WireWatch",
        "User-agent: wire*",
        "User-agent: other",
        "Useragent: wirewatch/2",
        "User-agent:",
        "User-agent: watch",
        "User-agent: w",
        "User-agent wirewatch",
    ]
)
LINES = st.one_of(AGENTS, st.builds("{}{}".format, FIELDS, PATTERNS), st.sampled_from(["", "# x", "nonsense"]))


@given(
    st.lists(LINES, max_size=12), st.lists(PATTERNS, min_size=1, max_size=4), st.sampled_from(["", "User-agent: *\n"])
)
def test_every_decision_is_protegos(lines: list[str], paths: list[str], start: str) -> None:
    text = start + "\n".join(lines)
    known, found = Protego.parse(text), rules(text)
    assert found.crawl_delay == known.crawl_delay(AGENT)
    for path in paths:
        url = f"{SITE}/{path}"
        assert (found.forbidding(url) is None) == known.can_fetch(url, AGENT), (text, url)


@pytest.mark.skipif(not DATA.exists(), reason="no WIREWATCH_DATA: the real robots.txt files are not here")
def test_real_files_are_decided_as_protego_decides_them() -> None:
    random, differences, decided = Random(20261201), [], 0
    with tarfile.open(DATA) as archived:
        texts = [truncated_rules(file.read()).decode("utf-8-sig", "ignore") for member in archived
                 if member.isfile() and (file := archived.extractfile(member))]  # fmt: skip
    assert len(texts) > 4_000
    for text in texts:
        agent = random.choice([AGENT, "googlebot", "bingbot"])
        known, found = Protego.parse(text), rules(text, agent)
        assert found.crawl_delay == known.crawl_delay(agent)
        written = [value.strip() for value in re.findall(r"(?i)allow\s*:\s*([^#\r\n]*)", text) if value.strip()]
        for pattern in ["/", "/search?q=a", *random.sample(written, min(len(written), 5))]:
            path = pattern.replace("*", random.choice(["", "x", "a/b"])).removesuffix("$")
            url = f"{SITE}/{path.removeprefix('/')}{random.choice(['', 'x', '?a=1', '/', 'index.html'])}"
            decided += 1
            if (found.forbidding(url) is None) != known.can_fetch(url, agent):
                differences.append((url, text))
    assert decided > 15_000
    assert differences == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("User-agent: *\nDisallow: /news/\nDisallow: /search", "/news/"),
        ("User-agent: *\nDisallow: /news\nDisallow: /news/", "/news/"),
        ("User-agent: GPTBot\nDisallow: /news/1\n\nUser-agent: *\nDisallow: /*news", "/*news"),
        ("user-agent:wirewatch\nDISALLOW:/ # all of it", "/"),
        ("User-agent: *\nDisallow: /news/1$", "/news/1$"),
        ("User-agent: *\nDisallow: /n%65ws/", "/n%65ws/"),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/1", None),
        ("User-agent: *\nDisallow: /news/1\nAllow: /news/1", None),
        ("User-agent: *\nAllow: /news/*\nDisallow: /*ws/1", None),
        ("User-agent: *\nDisallow: /*ews/1\nAllow: /news/", "/*ews/1"),
        ("User-agent: *\nDisallow: /search", None),
        ("", None),
    ],
)
def test_the_rule_that_forbids_is_named_as_it_is_written(text: str, rule: str | None) -> None:
    assert rules(text).forbidding(f"{SITE}/news/1") == rule


def many(count: int, line: str) -> str:
    return "".join(line.format(number) for number in range(count))


HOSTILE = {
    "many plain rules": lambda n: "User-agent: *\n" + many(n * 30, "Disallow: /p{}/\n"),
    "many rules with wildcards": lambda n: "User-agent: *\n" + many(n * 30, "Disallow: /*a{}b\n"),
    "wildcards behind one prefix": lambda n: "User-agent: *\n" + many(n * 30, "Disallow: /news/*{}$\n"),
    "a rule of a thousand wildcards": lambda n: "User-agent: *\nDisallow: /" + "*a" * (n * 200) + "$\n",
    "one endless rule": lambda n: "User-agent: *\nDisallow: /" + "x" * (n * 400) + "\n",
    "one line without a field": lambda n: "x " * (n * 200),
    "many agents of one group": lambda n: many(n * 30, "User-agent: bot{}\n") + many(n * 30, "Disallow: /{}\n"),
    "many groups": lambda n: many(n * 15, "User-agent: bot{0}\nDisallow: /{0}\n"),
    "our group many times": lambda n: "User-agent: wirewatch\nDisallow: /q\n\n" * (n * 15),
    "escapes": lambda n: "User-agent: *\nDisallow: /" + "%41%" * (n * 100) + "\n",
    "dollars": lambda n: "User-agent: *\n" + many(n * 20, "Disallow: /$x{}$\n"),
    "a number without end": lambda n: "User-agent: *\nCrawl-delay: " + "9" * (n * 400),
    "agents of wildcards": lambda n: "User-agent: " + "*" * (n * 400) + "\nDisallow: /\n",
    "white space": lambda n: "User-agent: *\nDisallow:" + " " * (n * 400) + "/x\n",
}
URLS = [f"{SITE}/news/1", f"{SITE}/" + "a" * 3_000, f"{SITE}/" + "%41" * 1_000, f"{SITE}/news/" + "a/" * 1_000 + "b"]


def spent(text: str) -> float:
    """Return the CPU seconds for reading a file and deciding on some URLs; the best of three."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        found = rules(text)
        for url in URLS:
            with contextlib.suppress(RulesTooCostlyError):
                found.forbidding(url)
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_the_time_grows_with_the_file_and_no_faster(made) -> None:
    once, eight = spent(made(100)), spent(made(800))
    assert eight < max(8 * once, 0.02) * 3
    assert len(made(800).encode()) < 1_000_000
    assert eight < 1.5, "a file of 500 kB, and four decisions"


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
def test_its_memory_is_bounded(made) -> None:
    text = made(800)
    tracemalloc.start()
    found = rules(text)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20_000_000
    assert peak < 40_000_000
    assert kept < found.weight * 3 + 200_000, "what is counted is about what is kept"


def test_a_decision_that_would_compare_too_much_is_refused() -> None:
    longest = "User-agent: *\n" + many(20_000, "Disallow: /*aaaaaaaa{}b\n")
    assert len(longest) * 4_000 > WORK_MAX
    with pytest.raises(RulesTooCostlyError):
        rules(longest).forbidding(f"{SITE}/" + "a" * 4_000)
    assert rules(longest).forbidding(f"{SITE}/news/1") is None, "an ordinary URL is decided"
