"""Commands that texts propose: pasted into a shell they do what they say, and nothing else, whatever they name."""

from __future__ import annotations

import re
import shlex
import subprocess
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.cli.check import channel_faults
from stories.crawl_state.quarantine import QuarantinedItem, how_to_read
from stories.model.urls import canonical_url
from stories.store.receipts import ChannelCounts
from stories.text.shell_commands import command, printable

HOSTILE = (
    "https://wire.example/'; touch owned; '",
    "https://wire.example/$(touch owned)`touch owned`",
    "https://wire.example/a&touch owned|touch owned>owned",
    "https://wire.example/\n touch owned\r\n",
    "https://wire.example/#!~*?[a]{b,c}\\",
    "https://wire.example/\u202egpj.exe",
    "https://wire.example/\x1b]0;owned\x07\x9b2J\u2028\u200b\ufeff",
    'https://wire.example/香港/é?q=a b&c="d"',
    "--config=/tmp/owned",
    "harbour; touch owned",
    "",
)


def _set_aside(kind: str, text: str) -> QuarantinedItem:
    source, url = ("harbour", text) if kind == "page" else (text, "https://wire.example/news")
    return QuarantinedItem(kind=kind, source=source, url=url, why="it ended", deaths=4, since="2026-03-02T09:00:00Z")  # type: ignore[arg-type]


def _channel(name: str) -> ChannelCounts:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    return ChannelCounts(
        channel=name, waiting=0, failed=0, sent=0, oldest_waiting=None, off="410", off_at=moment, last_sent=None,
        last_error=None, last_error_at=None,
    )  # fmt: skip


HINTS: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "a page set aside": (lambda text: how_to_read(_set_aside("page", text)), ("crawl", "--url")),
    "a listing set aside": (lambda text: how_to_read(_set_aside("listing", text)), ("crawl",)),
    "a channel that is off": (
        lambda text: channel_faults([_channel(text)])[0].rpartition(", or alerts retry")[0],
        ("alerts", "test"),
    ),
    "any command": (lambda text: command("show", text), ("show",)),
}
"""Every text with a command in it that names what others wrote: how it is made, and the arguments before the name."""


def proposed(hint: str) -> str:
    return hint[hint.rindex("wirewatch ") :] if hint.count("wirewatch ") == 1 else hint[hint.index("wirewatch ") :]


@pytest.mark.parametrize("kind", HINTS)
@given(
    st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60), st.text(max_size=60).map("https://wire.example/".__add__))
)
def test_a_shell_reads_exactly_the_arguments_that_were_meant(kind: str, text: str) -> None:
    make, before = HINTS[kind]
    assert shlex.split(proposed(make(text))) == ["wirewatch", *before, printable(text)]


@pytest.mark.parametrize("kind", HINTS)
@pytest.mark.parametrize("text", HOSTILE)
def test_a_real_shell_runs_nothing_else(kind: str, text: str, tmp_path) -> None:
    make, before = HINTS[kind]
    script = f'wirewatch() {{ for one in "$@"; do printf "%s\\0" "$one"; done; }}\n{proposed(make(text))}\n'
    ran = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert ran.stdout.decode().split("\0")[:-1] == [*before, printable(text)]
    assert list(tmp_path.iterdir()) == []


@given(st.text(max_size=60).map("https://wire.example/".__add__))
@example("https://wire.example/\u202egpj.exe\x00\n\x9b\u200b")
def test_nothing_in_a_proposed_command_is_obeyed_by_a_terminal_or_hidden(url: str) -> None:
    for line in (command("crawl", "--url", url), command("crawl", url.removeprefix("https://"))):
        assert not [part for part in line if part != " " and unicodedata.category(part)[0] in "CZ"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_an_address_that_was_made_printable_is_the_same_address(path: str) -> None:
    url = "https://wire.example/" + re.sub(r"[\s#?%\x00-\x20\\]", "", path)
    assert canonical_url(printable(url)) == canonical_url(url)
