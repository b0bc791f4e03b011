"""What a page may ask for while its scripts run, and what it may not."""

from __future__ import annotations

import shutil

import pytest
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, TextResponse

from crawler.http import rendering
from crawler.http.rendering import BROWSERS, Renderer, RenderError

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no Chromium on PATH; apt-get install chromium"),
]
URL = "https://gulls.example/news/1"


class Downloads:
    """Stands for the crawler's downloader."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, request):
        self.asked.append(f"{request.method} {request.url}")
        if "forbidden" in request.url:
            raise IgnoreRequest("Forbidden by robots.txt")
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "text/plain"}
        return TextResponse(request.url, body=b"a barge of salt ", headers=headers, request=request)


def shell(script: str) -> HtmlResponse:
    page = f"<html><body><p id=text></p><script>{script}</script></body></html>"
    return HtmlResponse(URL, body=page.encode(), headers={"Content-Type": "text/html", "X-Kept": "yes"})


def asking(*calls: str) -> str:
    """A script that makes the calls, and writes what they brought or ``no``."""
    made = "".join(f"await {call}.then(answer => answer.text()).catch(() => 'no ')," for call in calls)
    return f"(async () => {{ text.innerText = [{made}].join(''); }})()"


@pytest.fixture
async def downloads():
    return Downloads()


@pytest.fixture
async def renderer(downloads):
    running = Renderer(downloads, rendering=60)
    yield running
    await running.close()


async def test_every_request_of_a_page_is_the_downloaders(renderer, downloads):
    script = asking(
        "fetch('/one')",
        "fetch('https://other.example/two')",
        "fetch('/forbidden')",
        "fetch('/posted', {method: 'POST', body: '{}'})",
        "fetch('https://other.example/posted', {method: 'POST', body: '{}'})",
        "fetch('/deleted', {method: 'DELETE'})",
        f"fetch('/large', {{method: 'POST', body: 'x'.repeat({rendering.MAX_POST_BYTES + 1})}})",
        "fetch('data:text/plain,near')",
    )

    page = await renderer.render(shell(script))

    assert downloads.asked == [
        "GET https://gulls.example/one",
        "GET https://other.example/two",
        "GET https://gulls.example/forbidden",
        "POST https://gulls.example/posted",
    ]
    text = page.css("#text::text").get()
    assert " ".join(text.split()) == "a barge of salt a barge of salt no a barge of salt no no no near"
    assert (page.url, page.headers["X-Kept"]) == (URL, b"yes")


async def test_a_page_has_so_many_requests_and_no_more(renderer, downloads):
    await renderer.render(shell("for (let n = 0; n < 200; n++) fetch('/' + n).catch(() => 0);"))

    assert len(downloads.asked) == rendering.MAX_REQUESTS


async def test_a_script_that_never_ends_costs_its_own_page_and_no_other(downloads, monkeypatch):
    monkeypatch.setattr(rendering, "CLOSE_SECONDS", 1.0)
    renderer = Renderer(downloads, rendering=2)
    try:
        with pytest.raises(RenderError, match="did not end in time"):
            await renderer.render(shell("while (true) {}"))

        renderer._rendering = 60.0  # a busy machine starts a browser slowly
        page = await renderer.render(shell("text.innerText = 'salt and rope'"))
        assert page.css("#text::text").get() == "salt and rope"
    finally:
        await renderer.close()


async def test_a_page_that_grows_without_end_is_refused(renderer, monkeypatch):
    monkeypatch.setattr(rendering, "MAX_PAGE_CHARACTERS", 10_000)

    with pytest.raises(RenderError, match="larger than allowed"):
        await renderer.render(shell("text.innerText = 'salt '.repeat(10000)"))


async def test_without_a_browser_the_reason_says_what_to_install(renderer, monkeypatch):
    monkeypatch.setattr(rendering.shutil, "which", lambda name: None)

    with pytest.raises(RenderError, match="install the package chromium"):
        await renderer.render(shell(""))
