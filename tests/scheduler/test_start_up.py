"""What a command loads before it begins."""

from __future__ import annotations

import subprocess
import sys

import pytest
from daemon import COMMAND


@pytest.mark.parametrize("arguments", [("--version",), ("releases", "--help"), ("check", "--help")])
def test_a_command_that_crawls_nothing_does_not_load_the_crawler(arguments: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", *COMMAND, *arguments], capture_output=True, text=True, check=True
    )
    loaded = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines() if line.startswith("import time:")}
    assert "typer" in loaded
    assert loaded.isdisjoint({"scrapy", "trafilatura", "fastapi", "OpenSSL", "feedparser"})
