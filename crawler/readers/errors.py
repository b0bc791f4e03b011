"""Errors of the reader processes."""

from __future__ import annotations


class ReaderClosedError(RuntimeError):
    """The page is not read, because the reader is closed; nothing is known of the page."""

    expected = True


class ReaderFailedError(ReaderClosedError):
    """The reader processes cannot be started again; the message gives the cause."""

    expected = False
