"""The real program as a child process: ``wirewatch …`` with a configuration of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from daemon import COMMAND

from scheduler.demo.configuration import toml_text

PATIENCE = 60.0  # seconds; a busy machine imports slowly


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """Everything, for a failed assertion and for words that may stand on either."""
        return f"status {self.status}\n{self.out}\n{self.err}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """``wirewatch`` with one configuration."""

    folder: Path
    table: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def file(self) -> Path:
        """The configuration, written anew."""
        file = self.folder / "wirewatch.toml"
        file.write_text(toml_text(self.table), encoding="utf-8")
        return file

    def command(self, *arguments: str) -> list[str]:
        """Return the command line."""
        return [*COMMAND, "--config", str(self.file), *arguments]

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WIREWATCH_", "SENTRY_"))}
        return {**kept, "COLUMNS": "200", **self.environment}

    async def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end, its output in pipes."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.variables,
            cwd=self.folder,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        return Ended(status=process.returncode or 0, out=out.decode(), err=err.decode())

    async def all(self, *commands: Sequence[str]) -> list[Ended]:
        """Run commands that do not disturb each other, two at a time."""
        turn = asyncio.Semaphore(2)

        async def run(command: Sequence[str]) -> Ended:
            async with turn:
                return await self(*command)

        return list(await asyncio.gather(*(run(command) for command in commands)))

    async def within(self, *arguments: str) -> Ended:
        """Run a command in this process, which spares it a second of imports; not for commands that crawl."""
        return await asyncio.to_thread(self.within_now, *arguments)

    def within_now(self, *arguments: str) -> Ended:
        """Run a command in this process, where no loop runs."""
        from scheduler.cli.app import main

        out, err = io.StringIO(), io.StringIO()
        root, typed = logging.getLogger(), sys.argv
        before = root.handlers[:], root.level
        try:
            sys.argv = self.command(*arguments)
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                contextlib.chdir(self.folder),
                patch.dict(os.environ, self.variables, clear=True),
            ):
                try:
                    main()
                    status = 0
                except SystemExit as ended:
                    status = int(ended.code or 0)
        finally:
            sys.argv = typed
            root.handlers[:], root.level = before
            logging.captureWarnings(False)
            structlog.reset_defaults()
        return Ended(status=status, out=out.getvalue(), err=err.getvalue())

    async def all_within(self, *commands: Sequence[str]) -> list[Ended]:
        """Run commands in this process, one after the other."""
        return [await self.within(*command) for command in commands]

    async def on_terminal(self, *arguments: str, out_too: bool = True) -> Ended:
        """Run a command with standard error, and ``out_too`` standard output, on a terminal of its own."""
        ours, theirs = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=theirs if out_too else subprocess.PIPE,
            stderr=theirs,
            env=self.variables | {"TERM": "xterm"},
            cwd=self.folder,
        )
        os.close(theirs)
        shown = asyncio.get_running_loop().run_in_executor(None, _all_of, ours)
        piped, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
        terminal = (await shown).decode()
        return Ended(status=process.returncode or 0, out=terminal if out_too else piped.decode(), err=terminal)


def _all_of(terminal: int) -> bytes:
    """Return what is shown on a terminal until nobody writes to it any more."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as reader:
        while True:
            try:
                chunk = reader.read(65_536)
            except OSError:  # how Linux tells that the other side is closed
                return shown
            if not chunk:
                return shown
            shown += chunk
