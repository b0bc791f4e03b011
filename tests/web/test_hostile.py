"""Whatever is asked, the answer is an answer: never a fault of the server, never what was sent as markup."""

from __future__ import annotations

import asyncio

import pytest
from archive_filler import ArchiveFiller
from yarl import URL

NASTY = {
    "nothing": "",
    "a zero byte": "%00",
    "no UTF-8": "%ff%fe",
    "a surrogate": "%ED%A0%80",
    "an emoji": "%F0%9F%A6%8A",
    "markup": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "a template": "%7B%7B77*7919%7D%7D",
    "a header": "x%0d%0aSet-Cookie:%20a=b",
    "a folder above": "..%2F..%2Fetc%2Fpasswd",
    "a negative number": "-1",
    "a huge number": "9" * 400,
    "an infinite number": "1e999",
    "another script's digit": "%D9%A3",
    "much": "x" * 8_000,
    "a span that is too long": "9999999999d",
    "the year one": "0001-01-01T00:00:00%2B14:00",
    "the last year": "9999-12-31T23:59:59-14:00",
    "a pattern": "*",
}
PARAMETERS = {
    "/api/v1/releases": ("q", "tag", "watch", "source", "since", "kind", "limit", "cursor", "other"),
    "/api/v1/events": ("after", "limit"),
    "/api/v1/alerts": ("channel", "state", "limit"),
    "/parts/events": ("after", "q"),
    "/": ("q", "tag", "watch", "source", "kind", "since", "before"),
    "/watches": ("q", "tag"),
    "/sources/harbour": ("crawl",),
    "/alerts": ("state", "channel", "said", "tested", "more"),
    "/stories/sty_one": ("before", "after", "images"),
    "/feeds/all.atom": ("key",),
}
PLACES = (
    "/sources/",
    "/parts/crawls/",
    "/parts/tests/",
    "/api/v1/releases/",
    "/api/v1/stories/",
    "/api/v1/crawls/",
    "/stories/",
    "/static/",
    "/feeds/",
    "/",
)


@pytest.mark.parametrize("what", NASTY.values(), ids=NASTY)
async def test_nothing_that_is_asked_breaks_the_server(site, archive: ArchiveFiller, what):
    await archive.publish("Plant Opens", tags=("Battery",))

    async def ask(path: str) -> tuple[str, int, str]:
        headers = {"Accept": "text/html"}
        async with site.http.get(URL(path, encoded=True), headers=headers, allow_redirects=False) as reply:
            assert "Set-Cookie" not in reply.headers
            return path, reply.status, await reply.text()

    paths = [f"{path}?{name}={what}" for path, names in PARAMETERS.items() for name in names]
    paths += [f"{place}{what}" for place in PLACES]
    for path, status, text in await asyncio.gather(*(ask(site.base + path) for path in paths)):
        assert status < 500, path
        assert "<script>alert" not in text or text.startswith("{"), path
        assert str(77 * 7919) not in text, path
