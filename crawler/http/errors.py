"""Request errors: their kind in a word, and a description for people."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.spidermiddlewares.httperror import HttpError

from crawler.http.address_guard import AddressGuard
from crawler.http.size_limits import ResponseLimitError
from stories.model.sighting import Trouble


class RobotsForbiddenError(IgnoreRequest):
    """robots.txt forbids it; the message names the rule."""


class HostBusyError(IgnoreRequest):
    """The host requested a pause; the message says until when."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


IGNORED_REASONS = {
    "max redirections reached": "it redirects again and again",
}
"""Scrapy's words for a request that it drops, and ours."""


def describe_status(status: int) -> str:
    """Return an HTTP status in words: ``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP status {status}"


def status_kind(status: int) -> Trouble:
    """Return an HTTP error in a word."""
    if status in (429, 503):
        return "busy"
    if status == 410:
        return "gone"
    return "forbidden" if status in (401, 403, 451) else "status"


def error_kind(error: BaseException, host: str, guard: AddressGuard) -> Trouble:
    """Return why a request to a host failed, in a word."""
    match error:
        case RobotsForbiddenError():
            return "robots"
        case HostBusyError():
            return "busy"
        case ResponseLimitError():
            return "answer"
        case CannotResolveHostError():
            return "refused" if guard.refused(host) else "dns"
        case DownloadConnectionRefusedError():
            return "connect"
        case DownloadTimeoutError():
            return "timeout"
        case DownloadCancelledError() | ResponseDataLossError():
            return "answer"
        case HttpError():
            return "status"
        case IgnoreRequest():
            return _ignored(str(error))
    if isinstance(error, SSL.Error) or "certificate" in str(error).lower():
        return "tls"
    return "connect" if isinstance(error, OSError | DownloadFailedError) else "other"


def _ignored(words: str) -> Trouble:
    if words.startswith("refused"):
        return "refused"
    return "answer" if "DOWNLOAD_MAXSIZE" in words else "other"


def describe_error(error: BaseException, host: str, guard: AddressGuard) -> str:
    """Return why a request to a host failed."""
    refusal = guard.refused(host)
    match error:
        case CannotResolveHostError() if refusal:
            return f"refused: {refusal}"
        case CannotResolveHostError():
            return f"the name {host} cannot be resolved"
        case DownloadConnectionRefusedError():
            return f"{host} refuses the connection"
        case DownloadTimeoutError():
            return f"{host} did not answer in time"
        case DownloadCancelledError():
            return "the answer is larger than allowed"
        case ResponseDataLossError():
            return "the answer broke off"
        case HttpError():  # a redirect that Scrapy does not follow
            where = (error.response.headers.get("Location") or b"nowhere").decode("latin-1")
            return f"{describe_status(error.response.status)}, to {where[:100]}, which is not followed"
        case IgnoreRequest() if "DOWNLOAD_MAXSIZE" in str(error):
            return "the answer is larger than allowed"
        case IgnoreRequest():
            return IGNORED_REASONS.get(str(error), str(error)) or "the request was dropped"
    if isinstance(error, SSL.Error) or "certificate" in str(error).lower():
        return f"the TLS connection to {host} failed: {error}"
    return f"{type(error).__name__}: {error}"[:300]
