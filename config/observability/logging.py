"""Log lines on standard error: text on a terminal, else JSON; secrets are removed."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

from config.observability.expected_errors import ExpectedFilter
from config.observability.log_deduplication import RepeatFilter
from config.observability.log_limits import LimitLibraries, LimitLines, LineRates, bound_for_scrubbing, bound_values
from config.observability.redaction import scrub_all
from stories.model.ids import release_id
from stories.model.urls import canonical_url, url_digest

VERBOSE_LIBRARIES = (*("scrapy", "apscheduler", "uvicorn.access", "twisted", "aiohttp.access", "apprise", "filelock"),)
"""They log every request, item or job. At DEBUG, Scrapy's lines hold items and URLs with tokens."""
QUIET_LIBRARIES = (
    *("urllib3", "requests", "asyncio", "trafilatura", "htmldate", "charset_normalizer", "tldextract", "markdown_it"),
)
"""Only their warnings are logged, with ``verbose`` too."""


def configure_logging(verbose: bool, *, stream: TextIO | None = None) -> None:
    """Send the log lines of structlog and of every library to a stream, without secrets.

    On a terminal the lines are text, else one JSON object a line: ``event``, ``level``, ``timestamp``, ``logger`` and
    the keys given. Values are cut, control characters escaped, and the lines of one source are rate limited
    (``config.observability.log_limits``).

    Args:
        verbose: Adds our own DEBUG lines and the INFO lines of Scrapy and of the web server.
        stream: Left out: standard error.
    """
    stream = sys.stderr if stream is None else stream
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rates = LineRates()
    handler = logging.StreamHandler(stream)
    handler.addFilter(ExpectedFilter())
    handler.addFilter(RepeatFilter())
    handler.addFilter(LimitLibraries(rates))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                _with_release_id,
                structlog.processors.format_exc_info,  # a plain traceback: no values of variables
                bound_for_scrubbing,
                _without_secrets,
                bound_values,
                _renderer(stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("crawler").setLevel(logging.NOTSET)  # one-off commands make it quieter
    for name in VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # uvicorn installs its own handlers
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            LimitLines(rates),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _renderer(stream: TextIO) -> Any:
    if stream.isatty():
        return structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _with_release_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the release id to a line that has a page's URL, so that all lines of one release can be found by it."""
    if isinstance(url := event.get("url"), str) and "release" not in event:
        with contextlib.suppress(ValueError):  # not a web address
            event["release"] = release_id(url_digest(canonical_url(url)))
    return event


def _without_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return cast(EventDict, scrub_all(event))
