"""What wirewatch says about itself: log lines on standard error, and errors to Sentry; neither holds a secret."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TextIO, cast

import sentry_sdk
import structlog
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn
from structlog.typing import EventDict, WrappedLogger

from config.observability.expected_errors import ExpectedFilter, is_expected
from config.observability.log_deduplication import RepeatFilter
from config.observability.log_limits import LimitLibraries, LimitLines, LineRates, bound_for_scrubbing, bound_values
from config.observability.redaction import hide, hide_secrets_of, scrub, scrub_all
from stories.model.ids import number_of, release_id
from stories.model.urls import canonical_url, url_digest

__all__ = [
    "clock_checkin",
    "configure_logging",
    "configure_sentry",
    "flush",
    "hide",
    "hide_secrets_of",
    "report",
    "scrub",
    "traced",
]

MONITOR = "wirewatch-clock"
_traced_share = 0.0
FLUSH = 2.0  # seconds that an exit may wait for Sentry
LONGEST_VALUE = 1_024  # characters of one string in an error report: a message, never a release's text

# They log every request, item or job; at DEBUG Scrapy's lines hold items and URLs with tokens.
CHATTY = ("scrapy", "apscheduler", "uvicorn.access", "twisted", "aiohttp.access", "apprise", "filelock")
QUIET = ("urllib3", "requests", "asyncio", "trafilatura", "htmldate", "charset_normalizer", "tldextract", "markdown_it")

log = logging.getLogger(__name__)  # before logging is configured its warnings go to standard error too


def configure_logging(verbose: bool, *, stream: TextIO | None = None) -> None:
    """Send the lines of structlog and of every library to ``stream`` (standard error), scrubbed.

    For people on a terminal, else one JSON object a line: ``event``, ``level``, ``timestamp``, ``logger`` and the keys
    given. Values are cut, control characters escaped, and the lines of one source limited in rate
    (``config.observability.log_limits``). ``verbose`` adds our own debugging and what Scrapy and the web server do, but not their
    debugging.
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
                _named,
                structlog.processors.format_exc_info,  # a plain traceback: no values of variables
                bound_for_scrubbing,
                _scrubbed,
                bound_values,
                _renderer(stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.INFO if verbose else logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # it brings handlers of its own
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


def _named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Name the release in a line that names its page, so that all lines of one release are found by its id."""
    if isinstance(url := event.get("url"), str) and "release" not in event:
        with contextlib.suppress(ValueError):  # no web address, no release
            event["release"] = release_id(url_digest(canonical_url(url)))
    return event


def _scrubbed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return cast(EventDict, scrub_all(event))


def configure_sentry(environment: str | None, release: str, *, variables: Mapping[str, str] | None = None) -> bool:
    """Report errors to ``$SENTRY_DSN``, and return whether there is one; without it nothing is ever sent.

    ``$SENTRY_TRACES_SAMPLE_RATE`` (0 to 1; left out: 0) is the share of releases whose stops are traced.

    ``environment`` is Sentry's ("production" when None and ``$SENTRY_ENVIRONMENT`` is not set), ``release`` the
    program's. Nothing is reported that is not told to ``report``, logged by a library with an exception, or ends
    the program.
    """
    global _traced_share
    variables = os.environ if variables is None else variables
    dsn = _dsn(variables)
    if dsn is None:
        return False
    share = _share(variables.get("SENTRY_TRACES_SAMPLE_RATE", ""))
    hide(dsn)
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release,
            # The usual ones patch asyncio, aiohttp, redis and the web server, and gather requests and variables.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                LoggingIntegration(level=logging.INFO, event_level=logging.ERROR, sentry_logs_level=None),
                ExcepthookIntegration(),
                AtexitIntegration(callback=lambda pending, timeout: None),
            ],
            include_local_variables=False,
            # send_default_pii stays unset, which is False; set, newer versions warn of it.
            max_request_body_size="never",
            max_value_length=LONGEST_VALUE,
            event_scrubber=EventScrubber(
                recursive=True, denylist=[*DEFAULT_DENYLIST, "redis_url", "url_with_token", "webhook", "sentry_dsn"]
            ),
            before_send=_before_send,
            before_breadcrumb=_before_breadcrumb,
            auto_session_tracking=False,
            send_client_reports=False,
            traces_sampler=(lambda about: float(bool(about.get("parent_sampled")))) if share else None,
            before_send_transaction=_before_send_transaction,
            propagate_traces=False,
            shutdown_timeout=FLUSH,
        )
    except BadDsn as error:
        log.warning("SENTRY_DSN is no Sentry DSN (%s); errors are not reported", error)
        return False
    _traced_share = share
    return True


def _share(text: str) -> float:
    try:
        share = float(text or 0)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        log.warning("SENTRY_TRACES_SAMPLE_RATE is no number from 0 to 1; nothing is traced")
        return 0.0
    return share


def _dsn(variables: Mapping[str, str]) -> str | None:
    if dsn := variables.get("SENTRY_DSN", "").strip():
        return dsn
    if file := variables.get("SENTRY_DSN_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("SENTRY_DSN_FILE cannot be read (%s); errors are not reported", error)
    return None


def _before_send(event: Event, hint: Hint) -> Event | None:
    info = hint.get("exc_info")
    error = info[1] if info else None
    if "log_record" in hint and error is None:
        return None  # a library's complaint; it stands in the log
    if error is not None:
        if is_expected(error):
            return None  # Redis away, a full disk, an ordered end: the log has it in a line
        if getattr(error, "_wirewatch_reported", False):
            return None  # told to report(), then logged or raised to the top
        error._wirewatch_reported = True
    # Bodies and headers of requests, whatever put them there.
    event.pop("request", None)
    return cast(Event, _trimmed(scrub_all(event)))


def _before_send_transaction(event: Event, hint: Hint) -> Event | None:
    for name in ("request", "breadcrumbs"):
        event.pop(name, None)  # type: ignore[misc]
    return cast(Event, _trimmed(scrub_all(event)))


def _before_breadcrumb(crumb: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    crumb.pop("data", None)
    return cast(
        dict[str, Any], _trimmed({key: scrub_all(one) if key != "timestamp" else one for key, one in crumb.items()})
    )


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
    if isinstance(value, dict):
        return {key: _trimmed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_trimmed(one) for one in value]
    return value


def report(
    error: BaseException, *, source: str | None = None, stop: str | None = None, release: str | None = None
) -> None:
    """Tell Sentry of an error, with the source, the stop of the journey and the release it happened at.

    The tags are ``source``, ``stop``, ``release`` and ``release_id``: Sentry itself drops a tag named ``release``,
    which it keeps for the program's own. Without a DSN, and for an error that was reported before, nothing happens.
    """
    with sentry_sdk.new_scope() as scope:
        tags = {"source": source, "stop": stop, "release": release, "release_id": release}
        for name, value in tags.items():
            if value is not None:
                scope.set_tag(name, value)
        scope.capture_exception(error)


@contextlib.contextmanager
def traced(stop: str, release: str, *, source: str | None = None, began: datetime | None = None) -> Iterator[None]:
    """Tell Sentry how long a stop of a release's journey takes, ``began`` where that was before this moment.

    The trace is the release's own, its id made from the release's: stops in other processes, and deliveries after a
    crash, come to the same trace, and of a release all stops are traced or none.
    """
    trace = number_of(release).hex() if _traced_share else ""
    if not trace or int(trace[:8], 16) >= _traced_share * 2**32:
        yield
        return
    with sentry_sdk.isolation_scope() as scope:
        headers = {"sentry-trace": f"{trace}-{trace[16:]}-1"}
        transaction = sentry_sdk.continue_trace(headers, op=f"wirewatch.{stop}", name=stop, source="task")
        if began is not None:
            transaction.start_timestamp = began
        tags = {"release_id": release, "stop": stop, "source": source}
        for name, value in tags.items():
            if value is not None:
                scope.set_tag(name, value)
        with sentry_sdk.start_transaction(transaction):
            yield


def clock_checkin(status: Literal["ok", "error"]) -> None:
    """Tell Sentry's monitor "wirewatch-clock" that the clock ticks, or that it could not; once a minute is expected."""
    sentry_sdk.crons.capture_checkin(
        monitor_slug=MONITOR,
        status=status,
        monitor_config={
            "schedule": {"type": "interval", "value": 1, "unit": "minute"},
            "checkin_margin": 3,  # minutes
            "max_runtime": 1,  # minutes
            "failure_issue_threshold": 2,
            "recovery_threshold": 1,
            "timezone": "UTC",
        },
    )


def flush() -> None:
    """Wait at most two seconds until what was reported has gone out; for the end of the program."""
    sentry_sdk.flush(timeout=FLUSH)
