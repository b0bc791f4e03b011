"""Error reports, traces and cron check-ins for Sentry; secrets are removed."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from config.observability.expected_errors import is_expected
from config.observability.redaction import hide, scrub_all
from stories.model.ids import release_id_bytes

log = logging.getLogger(__name__)  # before logging is configured, its warnings go to standard error too

CRON_MONITOR = "wirewatch-clock"
FLUSH_SECONDS = 2.0  # how long the end of the program may wait for Sentry
MAX_VALUE_CHARACTERS = 1_024  # of one string in an error report: a message, never the text of a release

_trace_sample_rate = 0.0


def configure_sentry(environment: str | None, release: str, *, variables: Mapping[str, str] | None = None) -> bool:
    """Report errors to ``$SENTRY_DSN``, and return whether it is set; without it nothing is ever sent.

    Reported are errors that are given to ``report``, that a library logs with an exception, or that end the program.

    Args:
        environment: Sentry's name of it; None: ``$SENTRY_ENVIRONMENT``, else "production".
        release: The version of the program.
        variables: Left out: the environment. ``SENTRY_TRACES_SAMPLE_RATE`` (0 to 1; left out: 0) is the share of
            releases whose processing is traced.
    """
    global _trace_sample_rate
    variables = os.environ if variables is None else variables
    dsn = _dsn(variables)
    if dsn is None:
        return False
    rate = _sample_rate(variables.get("SENTRY_TRACES_SAMPLE_RATE", ""))
    hide(dsn)
    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            release=release,
            # The default ones patch asyncio, aiohttp, redis and the web server, and collect requests and variables.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                LoggingIntegration(level=logging.INFO, event_level=logging.ERROR, sentry_logs_level=None),
                ExcepthookIntegration(),
                AtexitIntegration(callback=lambda pending, timeout: None),
            ],
            include_local_variables=False,
            # send_default_pii stays unset, which means False; newer versions warn when it is set.
            max_request_body_size="never",
            max_value_length=MAX_VALUE_CHARACTERS,
            event_scrubber=EventScrubber(
                recursive=True, denylist=[*DEFAULT_DENYLIST, "redis_url", "url_with_token", "webhook", "sentry_dsn"]
            ),
            before_send=_before_send,
            before_breadcrumb=_before_breadcrumb,
            auto_session_tracking=False,
            send_client_reports=False,
            traces_sampler=(lambda about: float(bool(about.get("parent_sampled")))) if rate else None,
            before_send_transaction=_before_send_transaction,
            propagate_traces=False,
            shutdown_timeout=FLUSH_SECONDS,
        )
    except BadDsn as error:
        log.warning("SENTRY_DSN is not a valid DSN (%s): errors are not reported; correct or remove it", error)
        return False
    _trace_sample_rate = rate
    return True


def _sample_rate(text: str) -> float:
    try:
        rate = float(text or 0)
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        log.warning("SENTRY_TRACES_SAMPLE_RATE is not a number from 0 to 1: nothing is traced; correct or remove it")
        return 0.0
    return rate


def _dsn(variables: Mapping[str, str]) -> str | None:
    if dsn := variables.get("SENTRY_DSN", "").strip():
        return dsn
    if file := variables.get("SENTRY_DSN_FILE"):
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            log.warning(
                "SENTRY_DSN_FILE cannot be read (%s): errors are not reported; correct the path or its permissions",
                error,
            )
    return None


def _before_send(event: Event, hint: Hint) -> Event | None:
    info = hint.get("exc_info")
    error = info[1] if info else None
    if "log_record" in hint and error is None:
        return None  # a library logged an error without an exception; the log has it
    if error is not None:
        if is_expected(error):
            return None  # Redis unreachable, disk full, process stopping: the log has a line
        if getattr(error, "_wirewatch_reported", False):
            return None  # reported by report(), then logged or raised again
        error._wirewatch_reported = True
    # Bodies and headers of requests.
    event.pop("request", None)
    return cast(Event, _trimmed(scrub_all(event)))


def _before_send_transaction(event: Event, hint: Hint) -> Event | None:
    for name in ("request", "breadcrumbs"):
        event.pop(name, None)  # type: ignore[misc]
    return cast(Event, _trimmed(scrub_all(event)))


def _before_breadcrumb(crumb: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any] | None:
    crumb.pop("data", None)
    return cast(
        dict[str, Any],
        _trimmed({key: scrub_all(value) if key != "timestamp" else value for key, value in crumb.items()}),
    )


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_VALUE_CHARACTERS else value[:MAX_VALUE_CHARACTERS] + "…"
    if isinstance(value, dict):
        return {key: _trimmed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_trimmed(item) for item in value]
    return value


def report(
    error: BaseException, *, source: str | None = None, stop: str | None = None, release: str | None = None
) -> None:
    """Report an error to Sentry; without a DSN, or if it was reported before, do nothing.

    Args:
        error: What was raised.
        source: The source that was processed, sent as the tag ``source``.
        stop: The pipeline stage, or the part of the process, sent as the tag ``stop``.
        release: The release id, sent as the tags ``release`` and ``release_id``. Sentry drops a tag named ``release``,
            which it reserves for the version of the program.
    """
    with sentry_sdk.new_scope() as scope:
        tags = {"source": source, "stop": stop, "release": release, "release_id": release}
        for name, value in tags.items():
            if value is not None:
                scope.set_tag(name, value)
        scope.capture_exception(error)


@contextlib.contextmanager
def traced(stop: str, release: str, *, source: str | None = None, began: datetime | None = None) -> Iterator[None]:
    """Record the duration of a pipeline stage of a release in Sentry, as a transaction.

    The trace id is made from the release id. So stages in other processes, and deliveries after a crash, are in the
    same trace, and all stages of a release are sampled or none.

    Args:
        stop: The pipeline stage.
        release: The release id.
        source: Where the release was found.
        began: When the stage began; left out: now.
    """
    trace = release_id_bytes(release).hex() if _trace_sample_rate else ""
    if not trace or int(trace[:8], 16) >= _trace_sample_rate * 2**32:
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
    """Check in with Sentry's cron monitor ``wirewatch-clock``, which expects one check-in a minute."""
    sentry_sdk.crons.capture_checkin(
        monitor_slug=CRON_MONITOR,
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
    """Wait at most ``FLUSH_SECONDS`` until pending reports are sent; for the end of the program."""
    sentry_sdk.flush(timeout=FLUSH_SECONDS)
