"""The real daemon reads pages again: an edit, a page that goes and one that comes back are told; the rest is a 304."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from aiohttp import web
from daemon import running
from window_site import Issued, WindowSite

SOON = 90  # seconds; a busy machine


@dataclass(slots=True, kw_only=True)
class EditedSite(WindowSite):
    """A site whose pages have an ETag, and are edited and taken away by hand."""

    edits: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By path: what is replaced on a page, and by what."""
    gone: set[str] = field(default_factory=set)
    leads: dict[str, str] = field(default_factory=dict)
    """Where a path redirects to."""
    says: dict[str, str] = field(default_factory=dict)
    """The headline over other texts that stands on a page instead of its own."""
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """How often a path was answered with a status."""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request, 304 where the page is as it was."""
        response = await WindowSite.answer(self, request)
        if "/news/" in request.path:
            text = (response.text or "").replace(*self.edits.get(request.path, ("", "")))
            etag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
            response = web.Response(text=text, content_type="text/html", headers={"ETag": etag})
            if request.path in self.gone:
                response = web.Response(status=404)
            elif request.path in self.leads:
                response = web.Response(status=302, headers={"Location": self.leads[request.path]})
            elif request.path in self.says:
                teasers = text.partition("</time>")[2]
                text = f"<html><body><h1>{self.says[request.path]}</h1>{teasers}"
                response = web.Response(text=text, content_type="text/html")
            elif request.headers.get("If-None-Match") == etag:
                response = web.Response(status=304, headers={"ETag": etag})
        self.answers[request.path, response.status] += 1
        return response


async def test_the_daemon_tells_what_happens_to_pages_after_their_publication(redis_url, receiver, until, tmp_path):
    site = EditedSite()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
        site.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        edited, leaving, still, listed, soft, replaced, away = site.publish("wire", 7)
        table = {
            "catalog": False,
            "redis_url": redis_url,
            "web": {"port": 0},
            "alerts": {"first_poll": "alert"},
            "polling": {"interval": "30s", "revisit": ["1s for 1h"], "private_addresses": ["127.0.0.0/8"]},
            "watches": {"all": {"title": "All"}},
            "channels": {"hook": {"type": "webhook", "url": receiver.url}},
            "sources": {"wire": {"listings": [{"url": f"{site.base}/wire.rss"}]}},
        }
        async with running(table, tmp_path):
            await until(lambda: told(receiver, still) == ["new"] and site.answers[path(site, still), 304] > 1, SOON)
            await until(lambda: all(told(receiver, release) == ["new"] for release in site.columns["wire"]), SOON)
            first = edited.body[1].split()[0]
            site.edits[path(site, edited)] = (first, "Ambrose")
            site.gone.add(path(site, leaving))
            site.leads |= {path(site, listed): "/wire.rss", path(site, replaced): path(site, still)}
            site.says |= {path(site, soft): "Page not found", path(site, away): "The site is down for maintenance"}
            await until(lambda: told(receiver, edited) == ["new", "revised"], SOON)
            await until(lambda: told(receiver, leaving) == ["new", "withdrawn"], SOON)
            for release in (listed, soft, replaced):
                await until(lambda release=release: told(receiver, release) == ["new", "withdrawn"], SOON)
            assert receiver_event(receiver, listed)["data"]["detail"].startswith("moved to a listing, seen twice")
            assert receiver_event(receiver, soft)["data"]["detail"].startswith("not found, seen twice")
            assert receiver_event(receiver, replaced)["data"]["detail"].startswith(
                "moved to another release, seen twice"
            )
            site.gone.clear()
            await until(lambda: told(receiver, leaving) == ["new", "withdrawn", "revised"], SOON)
            assert receiver_event(receiver, leaving)["data"]["detail"].startswith("back again")
            (change,) = receiver_event(receiver, edited)["data"]["changes"]
            assert (change["field"], change["paragraph"]) == ("body", 2)
            assert told(receiver, still) == ["new"] == told(receiver, away)
            await until(lambda: site.answers[path(site, away), 200] > 2, SOON)
            assert told(receiver, away) == ["new"]
    finally:
        await runner.cleanup()


def path(site: EditedSite, issued: Issued) -> str:
    """Return where a release stands on its site."""
    return issued.url.removeprefix(site.base)


def events_of(receiver, issued: Issued) -> list:
    """Return the events of a release that the receiver got."""
    return [event for event in receiver.events if event["data"].get("release", {}).get("url") == issued.url]


def receiver_event(receiver, issued: Issued) -> dict:
    """Return the last of them."""
    return events_of(receiver, issued)[-1]


def told(receiver, issued: Issued) -> list[str]:
    """Return their types."""
    return [event["type"].removeprefix("release.") for event in events_of(receiver, issued)]
