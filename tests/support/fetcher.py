"""Fetches one URL a line through the download handler in Twisted's reactor, and prints what came of it as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import tracemalloc

from scrapy import Request, Spider
from scrapy.utils.test import get_crawler

from config.address_policy import AddressPolicy
from crawler.http.address_guard import AddressGuard
from crawler.http.errors import describe_error, error_kind
from crawler.http.host_throttle import ThrottledDownloader
from scheduler.reactor import run


async def fetch(handler: ThrottledDownloader, url: str) -> dict[str, object]:
    """Return the response, or the error in words, with the peak of memory (bytes) and the CPU time (seconds)."""
    tracemalloc.reset_peak()
    before, began = tracemalloc.get_traced_memory()[0], time.process_time()
    try:
        response = await handler.download_request(Request(url, meta={"download_timeout": 240}))
        found = {"status": response.status, "body": response.body.decode("latin-1"), "headers": len(response.headers)}
    except Exception as error:
        guard = AddressGuard(AddressPolicy())
        found = {
            "error": type(error).__name__,
            "fault": describe_error(error, "127.0.0.1", guard),
            "trouble": error_kind(error, "127.0.0.1", guard),
            "reason": getattr(error, "reason", None),
        }
    peak = tracemalloc.get_traced_memory()[1] - before
    return {**found, "peak": peak, "cpu": time.process_time() - began}


async def main() -> None:
    """Answer until standard input ends."""
    tracemalloc.start()
    handler = ThrottledDownloader(get_crawler(Spider, {"DOWNLOAD_MAXSIZE": 8 << 20, "DOWNLOAD_FAIL_ON_DATALOSS": True}))
    while url := (await asyncio.to_thread(sys.stdin.readline)).strip():
        sys.stdout.write(json.dumps(await fetch(handler, url)) + "\n")
        sys.stdout.flush()
    await handler.close()


if __name__ == "__main__":
    run(main)
