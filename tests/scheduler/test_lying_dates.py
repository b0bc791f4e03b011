"""Pages whose dates lie while their feed says "now": each release is alerted, and published when the feed says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from program import Program

OLD, OLDER, LAST_MONTH = "2019-03-15", "2011-07-04T10:20:30+00:00", 31
WORDS = re.findall(
    r"\w+",
    "harbour pallet ferry ledger kiln turbine orchard lantern copper meadow quarry signal barley anchor canvas timber "
    "reservoir saddle beacon granite willow furnace compass parcel bridge",
)


def linked(*nodes: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(node)}</script>' for node in nodes)


def article(published: object, headline: str = "{headline}", **more: object) -> dict[str, object]:
    return {"@type": "NewsArticle", "headline": headline, "datePublished": published, **more}


def meta(name: str, content: str) -> str:
    return f'<meta property="{name}" content="{content}">'


FORMS: dict[str, dict[str, str]] = {
    "linked data: 1970": {"head": linked(article("1970-01-01T00:00:00Z"))},
    "linked data: year 1": {"head": linked(article("0001-01-01T00:00:00Z"))},
    "linked data: 1900": {"head": linked(article("1900-01-01"))},
    "linked data: 1899": {"head": linked(article("1899-12-30T00:00:00+00:00"))},
    "linked data: 2000 at midnight": {"head": linked(article("2000-01-01T00:00:00Z"))},
    "linked data: Unix zero": {"head": linked(article(0))},
    "linked data: year 9999": {"head": linked(article("9999-12-31T23:59:59Z"))},
    "linked data: next year": {"head": linked(article("{next_year}"))},
    "linked data: no date in words": {"head": linked(article("null"))},
    "linked data: of a draft": {"head": linked({"@type": "NewsArticle", "headline": "{headline}", "dateCreated": "{last_month}"})},  # noqa: E501
    "linked data: of a draft of years ago": {"head": linked({"@type": "Report", "headline": "{headline}", "dateCreated": OLDER})},  # noqa: E501
    "linked data: of a related story": {"head": linked(article(OLDER, "Another story of the harbour master"))},
    "linked data: related stories in a list": {"head": linked([article(OLDER, "Old quarry closes its gates"), article(OLD, "Old kiln is cold again")])},  # noqa: E501
    "linked data: of the site's first page": {"head": linked({"@graph": [{"@type": "WebPage", "datePublished": "2019-04-01T08:07:06+00:00"}]})},  # noqa: E501
    "linked data: of the template, in a graph": {"head": linked({"@graph": [{"@type": "WebPage", "datePublished": OLDER}, {"@type": "NewsArticle", "headline": "{headline}"}]})},  # noqa: E501
    "linked data: of a video": {"head": linked({"@type": "VideoObject", "name": "{headline}", "uploadDate": OLDER})},
    "linked data: of a comment": {"head": linked(article("", comment={"@type": "Comment", "dateCreated": OLDER}))},
    "linked data: of the first version": {"head": linked(article(OLDER))},
    "meta: 1970": {"head": meta("article:published_time", "1970-01-01T00:00:00+00:00")},
    "meta: 1970 in Hong Kong": {"head": meta("article:published_time", "1970-01-01T08:00:00+08:00")},
    "meta: year 1 in words": {"head": meta("article:published_time", "Mon, 01 Jan 0001 00:00:00 GMT")},
    "meta: date of the template": {"head": '<meta name="date" content="2014-05-06T07:08:09+02:00">'},
    "meta: Dublin Core of the template": {"head": '<meta name="DC.date.created" content="2014-05-06">'},
    "meta: last month": {"head": meta("article:published_time", "{last_month}")},
    "meta: years ahead": {"head": meta("article:published_time", "2098-01-01T00:00:00+00:00")},
    "meta: empty": {"head": meta("article:published_time", "")},
    "time: in an aside": {"tail": f'<aside><time datetime="{OLDER}">4 July 2011</time><a href="/old">Old story</a></aside>'},  # noqa: E501
    "time: in an aside before the text": {"under": f'<aside class="related"><time datetime="{OLDER}">4 July 2011</time></aside>'},  # noqa: E501
    "time: in a list of related stories": {"tail": f'<div class="related-posts"><ul><li><time datetime="{OLDER}">2011</time> Old story</li></ul></div>'},  # noqa: E501
    "time: of comments": {"tail": f'<section id="comments"><div class="comment"><time datetime="{OLDER}">4 July 2011</time><p>First!</p></div></section>'},  # noqa: E501
    "time: in the footer": {"tail": f'</article><footer><time datetime="{OLD}">Since 15 March 2019</time></footer><article>'},  # noqa: E501
    "time: of an event in the text": {"opening": f'The hall opened <time datetime="{OLD}">on 15 March 2019</time> and has been full of ferries, pallets and ledgers ever since.'},  # noqa: E501
    "microdata: 1970": {"under": '<span itemprop="datePublished" content="1970-01-01T00:00:00Z"></span>'},
    "microdata: in a related story": {"tail": '<div class="teaser"><span itemprop="datePublished" content="2011-07-04">4 July 2011</span></div>'},  # noqa: E501
    "text: founded on a day": {"opening": "The Gull Line was founded on 15 March 2019."},
    "text: founded on a day, in a short second paragraph": {"opening": "The Gull Line sails.</p><p>It was founded on 15 March 2019, its master said."},  # noqa: E501
    "text: the end of a financial year": {"opening": "Results for the year that ended on 31 December 2019 are out."},
    "printed: when the page was changed": {"under": "<p>Last updated: 4 July 2011 10:00 GMT</p>"},
    "printed: years ago": {"under": "<p class='date'>4 July 2011</p>"},
    "printed: 1 January 1970": {"under": "<p>1 January 1970</p>"},
    "printed: in the masthead": {"above": "<p class='today'>Monday, 4 July 2011</p>"},
    "marked: 01.01.1970": {"under": "<span class='date'>01.01.1970</span>"},
    "dateline of the last release": {"opening": "GULLHAVEN, July 4, 2011 /Tidings/ -- The line sails at night from now on, its master said to the harbour."},  # noqa: E501
    "URL: a folder of years ago": {"path": "/2011/07/04/"},
    "copyright since": {"tail": "<p class='copyright'>© 2011-07-04 Gull Line</p>"},
}  # fmt: skip
assert len(FORMS) >= 40


def paragraphs(seed: str) -> list[str]:
    draw = random.Random(seed)
    sentences = [" ".join(draw.choice(WORDS) for _ in range(draw.randint(9, 14))).capitalize() + "." for _ in range(12)]
    return [" ".join(sentences[at : at + 3]) for at in range(0, 12, 3)]


def filled(text: str, headline: str) -> str:
    now = datetime.now(UTC)
    values = {
        "{headline}": headline,
        "{last_month}": (now - timedelta(days=LAST_MONTH)).isoformat(timespec="seconds"),
        "{next_year}": (now + timedelta(days=400)).isoformat(timespec="seconds"),
    }
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def page(name: str, headline: str) -> str:
    form = {part: filled(text, headline) for part, text in FORMS[name].items()}
    opening = f"<p>{form['opening']}</p>" if "opening" in form else ""
    text = opening + "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs(name))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{headline}</title>{form.get('head', '')}</head>"  # noqa: E501
        f"<body><header><a href='/'>Home</a></header><main>{form.get('above', '')}<article><h1>{headline}</h1>"
        f"{form.get('under', '')}{text}{form.get('tail', '')}</article></main></body></html>"
    )


class Site:
    """A feed that says "now" for each page."""

    def __init__(self) -> None:
        self.base = ""
        self.feed_says: str | None = None
        """The date of each entry; None: now."""
        draw = random.Random("headlines")
        self.headlines = {name: f"{' '.join(draw.sample(WORDS, 6)).capitalize()}" for name in FORMS}
        self.paths = {f"{FORMS[name].get('path', '/news/')}{at}-release": name for at, name in enumerate(FORMS)}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request."""
        if request.path == "/feed.xml":
            now = self.feed_says or format_datetime(datetime.now(UTC))
            items = "".join(
                f"<item><title>{self.headlines[name]}</title><link>{self.base}{path}</link><pubDate>{now}</pubDate></item>"
                for path, name in self.paths.items()
            )
            text = f"<rss version='2.0'><channel><title>Wire</title>{items}</channel></rss>"
            return web.Response(text=text, content_type="application/rss+xml")
        name = self.paths.get(request.path)
        if name is None:
            return web.Response(status=404)
        return web.Response(text=page(name, self.headlines[name]), content_type="text/html")


@asynccontextmanager
async def serving() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()


@pytest.fixture
async def site():
    async with serving() as served:
        yield served


@pytest.fixture
def table(redis_url, receiver, site):
    return {
        "catalog": False,
        "redis_url": redis_url,
        "web": {"port": 0},
        "alerts": {"first_poll": "alert"},
        "polling": {"revisit": [], "private_addresses": ["127.0.0.0/8"]},
        "watches": {"all": {"title": "All"}},
        "channels": {"hook": {"type": "webhook", "url": receiver.url}},
        "sources": {"wire": {"pace": "0.01s", "listings": [{"url": f"{site.base}/feed.xml"}]}},
    }


async def test_no_lying_date_silences_an_alert_when_the_feed_says_now(table, site, receiver, tmp_path):
    ended = await Program(folder=tmp_path, table=table, environment={})("crawl", "--format", "jsonl")

    assert ended.status == 0, ended.said
    names = {f"{site.base}{path}": name for path, name in site.paths.items()}
    alerted = {names[event["data"]["release"]["url"]]: event["data"]["release"] for event in receiver.events}
    assert sorted(set(FORMS) - set(alerted)) == []
    today = datetime.now(UTC)
    days = {today.date().isoformat(), (today - timedelta(hours=1)).date().isoformat()}
    wrong = {name: shown["published_at"] for name, shown in alerted.items() if shown["published_at"][:10] not in days}
    assert wrong == {}
    assert {shown["published_from"] for shown in alerted.values()} == {"listing"}


async def test_a_release_that_is_too_old_is_stored_with_the_reason_why_it_is_not_alerted(
    table, site, receiver, tmp_path
):
    site.feed_says = "Mon, 04 Jul 2011 10:00:00 GMT"
    site.paths = {"/news/1-old": "printed: years ago"}
    program = Program(folder=tmp_path, table=table, environment={})
    ended = await program("crawl", "--format", "jsonl")

    (event,) = ended.rows
    assert receiver.events == []
    shown = await program("show", event["data"]["story"]["id"])
    assert "stored without alert: too old" in shown.out, shown.said
