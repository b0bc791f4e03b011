"""The real daemon, and pages under many teasers that lose their release: each is told as withdrawn or corrected."""

from __future__ import annotations

from aiohttp import web
from daemon import running
from replaced_pages import LANGUAGES, LAYOUTS, page, states

SOON = 90  # seconds; a busy machine
WORDS = LANGUAGES["en"]
LOST = ("soft 404", "emptied", "emptied, headline too", "withdrawal", "correction", "/", "/news/")
"""What takes the place of a release, or where its URL redirects to."""
PAGES = 10  # the last three stay as they are


class LosingSite:
    """Pages with 12 to 40 teasers in all layouts; ``lost`` says what each page shows by now."""

    def __init__(self) -> None:
        self.lost: dict[int, str] = {}

    def html(self, number: int) -> str:
        """Return a page as it is now."""
        headline = f"{WORDS.headline}, Ship {number}"
        body = tuple(f"{line} Its number in the register of ships is {number * 7919}." for line in WORDS.body)
        replaced = states(WORDS).get(self.lost.get(number, ""))
        if replaced is not None:
            text = replaced[1] if replaced[1] != WORDS.body else body
            title = replaced[0].replace(WORDS.headline, headline)
            headline, body = (
                title,
                tuple(line.replace(WORDS.headline, f"{WORDS.headline}, Ship {number}") for line in text),
            )
        return page(WORDS, headline, body, LAYOUTS[number % len(LAYOUTS)], 12 + 4 * number)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with the feed, a page or a redirect."""
        if request.path == "/wire.rss":
            base = f"http://{request.host}"
            items = "".join(
                f"<item><title>{WORDS.headline}, Ship {at}</title><link>{base}/news/2026/{at}-night-ferry</link></item>"
                for at in range(PAGES)
            )
            return web.Response(
                text=f'<rss version="2.0"><channel><title>Wire</title>{items}</channel></rss>',
                content_type="application/rss+xml",
            )
        if request.path.startswith("/news/2026/"):
            number = int(request.path.rpartition("/")[2].partition("-")[0])
            if (to := self.lost.get(number, "")).startswith("/"):
                return web.Response(status=302, headers={"Location": to})
            return web.Response(text=self.html(number), content_type="text/html")
        home = page(WORDS, "Harbour Wire", (), "article", 25)
        return web.Response(text=home, content_type="text/html", status=200 if request.path in ("/", "/news/") else 404)


async def test_pages_that_lost_their_release_are_told_and_the_others_are_not(redis_url, receiver, until, tmp_path):
    site = LosingSite()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        table = {
            "catalog": False,
            "redis_url": redis_url,
            "web": {"port": 0},
            "alerts": {"first_poll": "alert", "max_age": "off"},
            "polling": {"interval": "30s", "revisit": ["1s for 1h"], "private_addresses": ["127.0.0.0/8"]},
            "watches": {"all": {"title": "All"}},
            "channels": {"hook": {"type": "webhook", "url": receiver.url}},
            "sources": {"wire": {"listings": [{"url": f"{base}/wire.rss"}]}},
        }

        def told(number: int) -> list[str]:
            return [
                event["type"].removeprefix("release.")
                for event in receiver.events
                if event["data"].get("release", {}).get("url") == f"{base}/news/2026/{number}-night-ferry"
            ]

        async with running(table, tmp_path):
            await until(lambda: all(told(number) == ["new"] for number in range(PAGES)), SOON)
            site.lost |= dict(enumerate(LOST))
            expected = ["corrected" if state == "correction" else "withdrawn" for state in LOST]
            await until(
                lambda: [told(number)[1:] for number in range(len(LOST))] == [[types] for types in expected], SOON
            )
            assert [told(number) for number in range(len(LOST), PAGES)] == [["new"]] * (PAGES - len(LOST))
    finally:
        await runner.cleanup()
