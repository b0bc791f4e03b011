"""The program ``wirewatch``: its options, its commands, and how faults reach the person who typed."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from config.loader import ConfigurationError
from config.observability.expected_errors import is_expected
from config.observability.logging import configure_logging
from config.observability.redaction import scrub
from config.observability.sentry import configure_sentry, flush, report
from scheduler.cli import (
    alerts,
    archive,
    backup,
    check,
    crawl,
    demo,
    export,
    extract,
    healthcheck,
    run,
    sources,
    watches,
    worker,
)
from scheduler.cli.context import CommandError, Context
from scheduler.cli.output import plain_lines
from scheduler.wiring import StartError

LONG_RUNNING_COMMANDS = ("run", "worker")
"""The commands whose log tells how they are."""

app = typer.Typer(
    name="wirewatch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches newswires: nothing missed, nothing alerted twice, every correction tied to what it corrects.",
    epilog="Begin with: wirewatch demo. Then write wirewatch.toml (README.md shows the smallest) and: wirewatch run",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wirewatch {version('wirewatch')}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The configuration; else $WIREWATCH_CONFIG, ./wirewatch.toml, the user's, /etc."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more, on standard error.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Watches newswires."""
    if context.invoked_subcommand in LONG_RUNNING_COMMANDS and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until the command handles it: it must never end the process
    configure_logging(verbose)
    if not verbose and context.invoked_subcommand not in LONG_RUNNING_COMMANDS:
        # What a command did and could not do is its result; it need not be told twice.
        logging.getLogger().setLevel(logging.WARNING)
        logging.getLogger("crawler").setLevel(logging.ERROR)
    context.obj = Context(config=config, verbose=verbose)


COMMANDS = (run, worker, crawl, extract, archive, export, sources, watches, alerts, check, backup, demo, healthcheck)
for module in COMMANDS:
    module.register(app)


def main() -> None:
    """Run the program, and end it with 0 (done), 1 (it could not be done) or 2 (usage or configuration)."""
    os.umask(0o077)  # whatever this program and the servers that it starts write is for its user alone
    configure_sentry(None, version("wirewatch"))
    try:
        app()
    except ConfigurationError as fault:
        typer.echo(f"The configuration has {len(fault.faults)} fault(s):", err=True)
        typer.echo(str(fault), err=True)
        sys.exit(2)
    except (StartError, CommandError) as fault:
        typer.echo(plain_lines(f"wirewatch: {fault}"), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if is_expected(error):  # Redis went away while the command ran, the disk is full
            typer.echo(plain_lines(f"wirewatch: {scrub(f'{type(error).__name__}: {error}')}"), err=True)
            sys.exit(1)
        report(error)
        typer.echo(scrub(traceback.format_exc()), err=True)  # Python itself would print it with any secret in it
        sys.exit(1)
    finally:
        flush()
