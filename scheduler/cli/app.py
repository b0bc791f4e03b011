"""The program ``wirewatch``: its options, its commands, its error messages and exit statuses."""

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
"""Commands that run until a signal; they log at level INFO."""

app = typer.Typer(
    name="wirewatch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Watches newswires: nothing missed, nothing alerted twice, every correction linked to what it corrects.",
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
        typer.Option(
            "--config",
            help="Configuration file; left out: $WIREWATCH_CONFIG, ./wirewatch.toml, the user's, /etc/wirewatch.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more, on standard error.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Watches newswires."""
    if context.invoked_subcommand in LONG_RUNNING_COMMANDS and threading.current_thread() is threading.main_thread():
        signal.signal(
            signal.SIGHUP, signal.SIG_IGN
        )  # until the command handles SIGHUP, which must never end the process
    configure_logging(verbose)
    if not verbose and context.invoked_subcommand not in LONG_RUNNING_COMMANDS:
        # The result of a command is printed, so it need not be logged too.
        logging.getLogger().setLevel(logging.WARNING)
        logging.getLogger("crawler").setLevel(logging.ERROR)
    context.obj = Context(config=config, verbose=verbose)


COMMANDS = (run, worker, crawl, extract, archive, export, sources, watches, alerts, check, backup, demo, healthcheck)
for module in COMMANDS:
    module.register(app)


def main() -> None:
    """Run the program; exit with 0 (done), 1 (failed) or 2 (usage or configuration error)."""
    os.umask(0o077)  # files of this program and of its servers are readable by their user only
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
        if is_expected(error):  # Redis became unreachable, or the disk is full
            typer.echo(plain_lines(f"wirewatch: {scrub(f'{type(error).__name__}: {error}')}"), err=True)
            sys.exit(1)
        report(error)
        typer.echo(scrub(traceback.format_exc()), err=True)  # Python would print it with secrets
        sys.exit(1)
    finally:
        flush()
