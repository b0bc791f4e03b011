"""Why a request failed, in words that a person understands."""

from __future__ import annotations

import pytest
from OpenSSL import SSL
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from config.address_policy import AddressPolicy
from crawler.http.address_guard import AddressGuard
from crawler.http.errors import RobotsForbiddenError, describe_error, describe_status

MOVED = Response("https://wire.example/", status=302, headers={"Location": "file:///etc/hostname"})
WORDS = {
    "no such name": (CannotResolveHostError(), "the name wire.example cannot be resolved"),
    "nobody listens": (DownloadConnectionRefusedError(), "wire.example refuses the connection"),
    "too slow": (DownloadTimeoutError(), "wire.example did not answer in time"),
    "too large": (DownloadCancelledError(), "the answer is larger than allowed"),
    "too large when unpacked": (
        IgnoreRequest("… exceeded DOWNLOAD_MAXSIZE (8 B)"),
        "the answer is larger than allowed",
    ),
    "broken off": (ResponseDataLossError(), "the answer broke off"),
    "forbidden": (
        RobotsForbiddenError("robots.txt forbids it (Disallow: /news/)"),
        "robots.txt forbids it (Disallow: /news/)",
    ),
    "in a circle": (IgnoreRequest("max redirections reached"), "it redirects again and again"),
    "dropped in words": (IgnoreRequest("refused: ftp://x is no web address"), "refused: ftp://x is no web address"),
    "dropped without": (IgnoreRequest(), "the request was dropped"),
    "led to a file": (HttpError(MOVED), "302 Found, to file:///etc/hostname, which is not followed"),
    "a bad certificate": (SSL.Error([("x509", "", "certificate verify failed")]), "the TLS connection to wire.example"),
    "anything else": (RuntimeError("a knot"), "RuntimeError: a knot"),
}


@pytest.mark.parametrize("what", WORDS)
def test_a_failure_is_told_in_words(what):
    error, words = WORDS[what]
    assert describe_error(error, "wire.example", AddressGuard(AddressPolicy())).startswith(words)


def test_an_address_that_is_not_allowed_is_told_with_what_allows_it():
    guard = AddressGuard(AddressPolicy())
    guard.permits("127.0.0.2", "inside.example")
    told = describe_error(CannotResolveHostError(), "inside.example", guard)
    assert told.startswith("refused: inside.example resolves to 127.0.0.2, which is not a public address")
    assert "[polling] private_addresses" in told


@pytest.mark.parametrize(
    ("status", "words"), [(404, "404 Not Found"), (429, "429 Too Many Requests"), (599, "HTTP status 599")]
)
def test_a_status_is_told_in_words(status, words):
    assert describe_status(status) == words
