"""A watch of a tag gets every release that its wire tags, wherever the wire gives the tag."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from stories.model.timestamps import timestamp
from stories.model.urls import canonical_url

FEED = '<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
SITEMAP = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{items}</urlset>'
)
LISTINGS = {
    "tag page": "/tag/{tag}",
    "category": "/feed.xml",
    "json feed": "/feed.json",
    "keywords of a sitemap": "/keywords.xml",
    "tickers of a sitemap": "/tickers.xml",
    "keywords of a page": "/feed.xml",
    "article:tag": "/feed.xml",
    "rel=tag": "/feed.xml",
    "link to a tag page": "/feed.xml",
    "linked data": "/feed.xml",
    "text": "/feed.xml",
}
"""The carriers, with the listing that names the release."""
SEEN_IN = dict.fromkeys(("tag page", "category", "json feed"), "listing") | dict.fromkeys(
    ("keywords of a sitemap", "tickers of a sitemap"), "listing"
)
HEADS = {
    "keywords of a page": '<meta name="keywords" content="harbour, HKSTP；ferries">',
    "article:tag": '<meta property="article:tag" content="HKSTP"><meta property="article:tag" content="Ferries">',
    "linked data": '<script type="application/ld+json">{"@type":"NewsArticle","keywords":["Ferries","HKSTP"]}</script>',
}
TAILS = {
    "rel=tag": '<footer class="entry-footer">Tags: <a rel="tag" href="/topics/hkstp">HKSTP</a></footer>',
    "link to a tag page": '<ul class="labels"><li><a href="/tags/hkstp">HKSTP</a></li></ul>',
    "text": "<p>Hashtag: #HKSTP #Ferries</p>",
}
BOX = (
    '<aside><a rel="tag" href="/tag/elsewhere">Elsewhere</a></aside><div class="related"><article><h3>Ferry prices</h3>'
    '<a rel="tag" href="/tag/elsewhere">Elsewhere</a></article></div>'
)
"""Tags of other stories, on every page."""


@dataclass(slots=True, kw_only=True)
class TagSite:
    """A site with one release and the listings that may name it; ``carrier`` says where its tag is."""

    carrier: str
    now: str
    base: str = ""
    is_listed_by_tag: bool = True
    paths: list[str] = field(default_factory=list)

    def page(self, carrier: str) -> str:
        """Return the release's page."""
        body = "".join(
            f"<p>The {count} ferry of the harbour company left the yard in Port Marlow on Monday, and carries {count} "
            "hundred passengers between the island and the town in any weather that the sound has.</p>"
            for count in ("first", "second", "third")
        )
        return (
            f"<html><head><title>Harbour Company Orders Ferries</title>{HEADS.get(carrier, '')}</head><body>"
            f"<article><h1>Harbour Company Orders Ferries</h1><time datetime='{self.now}'>{self.now}</time>{body}"
            f"{TAILS.get(carrier, '')}</article>{BOX}</body></html>"
        )

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request."""
        self.paths.append(request.path)
        link, title = f"{self.base}/news/4711", "Harbour Company Orders Ferries"
        carrier = self.carrier
        if request.path == "/feed.xml":
            tag = "<category>Ferries</category><category>HKSTP</category>" if carrier == "category" else ""
            item = f"<item><title>{title}</title><link>{link}</link>{tag}</item>"
            return web.Response(text=FEED.format(items=item), content_type="application/rss+xml")
        if request.path == "/feed.json":
            item = {"id": link, "url": link, "title": title, "tags": ["Ferries", "#HKSTP"]}
            return web.json_response({"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": [item]})
        if request.path in ("/keywords.xml", "/tickers.xml"):
            tag = (
                "<news:keywords>ferries, hkstp</news:keywords>"
                if request.path == "/keywords.xml"
                else "<news:stock_tickers>NYSE:FERRY, HKEX:HKSTP</news:stock_tickers>"
            )
            item = f"<url><loc>{link}</loc><news:news><news:title>{title}</news:title>{tag}</news:news></url>"
            return web.Response(text=SITEMAP.format(items=item), content_type="application/xml")
        if request.path.startswith("/tag/"):
            named = f'<li><a href="{link}">{title}</a></li>' if self.is_listed_by_tag else ""
            older = '<li><a href="/news/1">An Older Notice To Mariners</a></li>'
            text = f"<html><body><h1>Releases</h1><ul>{named}{older}</ul>"
            return web.Response(text=text, content_type="text/html")
        if request.path == "/news/4711":
            return web.Response(text=self.page(carrier), content_type="text/html")
        return web.Response(status=404)


@pytest.fixture
async def tag_site() -> AsyncIterator[TagSite]:
    """Serve the site until the test ends."""
    site = TagSite(carrier="", now=timestamp(datetime.now(UTC)))
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


def watching(table, site: TagSite, *listings: str, **alerts: str):
    """Make the configuration one of this site's listings, with a watch of the tag."""
    table["sources"] = {"wire": {"title": "Wire", "listings": [{"url": f"{site.base}{one}"} for one in listings]}}
    table["watches"] = {"park": {"tags": ["HKSTP"]}}
    table["alerts"] = {"first_poll": "alert", **alerts}


@pytest.mark.parametrize("carrier", LISTINGS)
async def test_a_tag_reaches_its_watch_from_every_carrier_with_where_it_was_seen(carrier, program, table, tag_site):
    tag_site.carrier = carrier
    watching(table, tag_site, LISTINGS[carrier])
    crawled = await program("crawl", "wire")
    (release,) = [
        event["data"]["release"]
        for event in crawled.rows
        if event["data"]["release"]["url"] == canonical_url(f"{tag_site.base}/news/4711")
    ]
    seen = SEEN_IN.get(carrier, "text" if carrier == "text" else "page")
    tags = {tag.casefold(): origin for tag, origin in release["tags_from"].items()}
    assert tags["hkstp"] == seen, release["tags_from"]
    assert sorted(release["tags_from"]) == sorted(release["tags"])
    assert "elsewhere" not in tags
    assert [event["data"]["watches"] for event in crawled.rows if event["data"]["release"] == release] == [["park"]]
    if carrier == "tickers of a sitemap":
        assert release["tickers"] == ["NYSE:FERRY", "HKEX:HKSTP"]


async def test_a_release_that_a_tag_page_names_later_alerts_the_watch_of_that_tag(program, table, tag_site, receiver):
    tag_site.is_listed_by_tag = False
    watching(table, tag_site, "/feed.xml", "/tag/{tag}")
    first = await program("crawl", "wire")
    assert [event["data"]["watches"] for event in first.rows] == [[]], first.said
    tag_site.is_listed_by_tag = True
    later = await program("crawl", "wire")
    assert [event["type"] for event in receiver.events] == ["release.new"], later.said
    assert later.rows[0]["data"]["release"]["tags_from"] == {"HKSTP": "listing"}
    again = await program("crawl", "wire")
    assert again.rows == [], again.said


@pytest.mark.parametrize("carrier", ["keywords of a page", "article:tag", "rel=tag", "text"])
async def test_a_tag_that_a_page_gets_later_alerts_its_watch_once(carrier, program, table, tag_site, receiver):
    watching(table, tag_site, "/feed.xml")
    first = await program("crawl", "wire")
    assert [event["data"]["watches"] for event in first.rows] == [[]], first.said
    tag_site.carrier = carrier
    later = await program("crawl", "--url", f"{tag_site.base}/news/4711")
    assert [event["type"] for event in receiver.events] == ["release.new"], later.said
