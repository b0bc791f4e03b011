"""Size limits on status line, headers and chunks of a response; Twisted has none.

A response over a limit is refused while it arrives: the connection is aborted and the request fails with
``ResponseLimitError``, which names the limit and is not retried. What was received until then is at most the header
block and one line. The size of a body is Scrapy's ``DOWNLOAD_MAXSIZE``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scrapy.exceptions import DownloadFailedError, ResponseDataLossError
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure
from twisted.web._newclient import HTTP11ClientProtocol, ParseError, Request
from twisted.web.http import _ChunkedTransferDecoder, _MalformedChunkedDataError
from twisted.web.iweb import IResponse

from crawler.http.scrapy_handler import http11
from crawler.http.size_limits import ResponseLimitError

HEADER_LINE_MAX = 16 * 1024  # bytes; browsers and servers allow 8 to 16 kB
HEADERS_MAX = 64 * 1024  # bytes of all header blocks of one response, those of interim (1xx) responses included
HEADER_LINES_MAX = 1_000  # lines in them
CHUNKS_MAX = 200_000  # chunks of one response; 8 MB in chunks of 40 bytes
WIRE_MAX = 32 << 20  # bytes of one response with its chunk sizes and extensions; the body alone is bounded at 8 MB


class BoundedParser(http11._LenientHTTPClientParser):
    """Parses one response within the limits; ``ResponseLimitError`` beyond them."""

    MAX_LENGTH = HEADER_LINE_MAX
    # Class attributes as initial values: the parser's class is changed after it was made, as Scrapy does it.
    _header_bytes = 0
    _header_lines = 0
    _wire_bytes = 0
    _chunks = 0
    _pieces: list[bytes]

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's name)
        """Count what arrives, and parse it."""
        self._wire_bytes += len(data)
        if self._wire_bytes > WIRE_MAX:
            raise ResponseLimitError(f"response larger than {WIRE_MAX >> 20} MB on the wire", "response_size")
        try:
            super().dataReceived(data)  # type: ignore[no-untyped-call]
        except _MalformedChunkedDataError as error:
            raise ResponseLimitError(f"chunks that cannot be read: {str(error)[:100]}", "chunks") from error
        except ParseError as error:
            raise ResponseLimitError(f"status line that cannot be read: {error.data[:60]!r}", "status_line") from error

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """Count a line of the header block, and parse it."""
        self._header_bytes += len(line) + 1
        self._header_lines += 1
        if self._header_bytes > HEADERS_MAX:
            raise ResponseLimitError(f"response headers larger than {HEADERS_MAX >> 10} kB", "headers")
        if self._header_lines > HEADER_LINES_MAX:
            raise ResponseLimitError(f"more than {HEADER_LINES_MAX} response header lines", "headers")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """Refuse a status or header line without end."""
        raise ResponseLimitError(f"response header line longer than {HEADER_LINE_MAX >> 10} kB", "header_line")

    def switchToBodyMode(self, decoder: Any) -> None:  # noqa: N802
        """Read a body; small chunks are gathered and passed on together, since each has a cost of its own."""
        if isinstance(decoder, _ChunkedTransferDecoder):
            self._pieces, pass_on, finish = [], decoder.dataCallback, decoder.finishCallback
            self._pass_on = pass_on

            def finished(rest: bytes) -> None:
                self._flush()
                finish(rest)

            decoder.dataCallback, decoder.finishCallback = self._chunk, finished
        super().switchToBodyMode(decoder)  # type: ignore[no-untyped-call]

    def rawDataReceived(self, data: bytes) -> None:  # noqa: N802
        """Pass bytes of the body to its decoder."""
        super().rawDataReceived(data)  # type: ignore[no-untyped-call]
        self._flush()

    def _chunk(self, data: bytes) -> None:
        self._chunks += 1
        if self._chunks > CHUNKS_MAX:
            raise ResponseLimitError(f"more than {CHUNKS_MAX} chunks", "chunks")
        self._pieces.append(data)

    def _flush(self) -> None:
        pieces = getattr(self, "_pieces", None)
        if pieces:
            self._pieces = []
            self._pass_on(b"".join(pieces))


class BoundedProtocol(http11._LenientHTTP11ClientProtocol):
    """A connection that is aborted by a response over a limit."""

    def request(self, request: Request) -> Deferred[IResponse]:
        """Send a request; its response is parsed within the limits."""
        sent: Deferred[IResponse] = super().request(request)
        if self._parser is not None:
            self._parser.__class__ = BoundedParser
        return sent

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Parse what arrives; the peer is not waited for when it is over a limit, since it may never stop sending."""
        if self._parser is None:  # bytes behind the end of a response, or after it was refused
            self.transport.abortConnection()  # type: ignore[union-attr]
            return
        try:
            self._parser.dataReceived(data)  # type: ignore[no-untyped-call]
        except ResponseLimitError:
            self.transport.abortConnection()  # type: ignore[union-attr]
            self._disconnectParser(Failure())  # type: ignore[no-untyped-call]
        except Exception:
            self._giveUp(Failure())  # type: ignore[no-untyped-call]


class BoundedFactory(http11._LenientHTTP11ClientFactory):
    """Makes connections with limits, for Scrapy's connection pool."""

    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:  # noqa: N802
        """Return the protocol of one connection."""
        return BoundedProtocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


@contextmanager
def limits_named() -> Iterator[None]:
    """Raise the ``ResponseLimitError`` behind Scrapy's error for a response that was refused."""
    try:
        yield
    except (DownloadFailedError, ResponseDataLossError) as error:
        if (limit := _limit_behind(error)) is not None:
            raise ResponseLimitError(str(limit), limit.reason) from error
        raise


def _limit_behind(error: BaseException | None) -> ResponseLimitError | None:
    """Return the limit in a chain of causes; Twisted wraps them in lists of failures."""
    seen = 0
    while error is not None and seen < 10:
        for failure in getattr(error, "reasons", ()):
            if isinstance(failure, Failure) and isinstance(failure.value, ResponseLimitError):
                return failure.value
        error, seen = error.__cause__, seen + 1
    return None
