"""Logging without traces of other tests."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.observability import redaction
from config.observability.logging import configure_logging


@pytest.fixture(autouse=True)
def nothing_is_left_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test begins without known secrets, and leaves logging as it was."""
    monkeypatch.setattr(redaction, "_known", set())
    for name in ("SENTRY_DSN", "SENTRY_DSN_FILE", "SENTRY_ENVIRONMENT", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def lines() -> io.StringIO:
    """Where the log goes, with our own debugging in it."""
    stream = io.StringIO()
    configure_logging(True, stream=stream)
    return stream
