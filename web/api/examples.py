"""Examples of answers in the OpenAPI document: one whole answer for each operation, in our own words."""

from __future__ import annotations

from typing import Any

_RELEASE_ID = "rel_01KD3V5Z0W5R7Q4T9XJ2M8B6CB"
_FIRST_ID = "rel_01KD3V5Z0W5R7Q4T9XJ2M8B6CA"
_STORY_ID = "sty_01KD3V5Z0W5R7Q4T9XJ2M8B6CC"
_EVENT_ID = "evt_01KD3V5Z0W5R7Q4T9XJ2M8B6CA"
_CRAWL_ID = "crl_01KD3V5Z0W5R7Q4T9XJ2M8B6CD"

_FIRST: dict[str, Any] = {
    "id": _FIRST_ID,
    "revision": 1,
    "url": "https://harbour-wire.example/news/4711",
    "source": "harbour",
    "wire": "Harbour Newswire",
    "wire_id": "4711",
    "headline": "Marlow Harbour Opens a Tidal Battery Plant",
    "subheadline": None,
    "dateline": {"place": "PORT MARLOW", "wire": "Harbour Newswire", "date": "2026-03-02"},
    "published_at": "2026-03-02T09:00:00+08:00",
    "published_from": "page",
    "first_seen_at": "2026-03-02T01:00:21.480Z",
    "embargoed_until": None,
    "tags": ["Tidal"],
    "tags_from": {"Tidal": "text"},
    "tickers": ["HKEX:0700"],
    "issuer": "Marlow Harbour Ltd",
    "language": "en",
    "body": ["The plant stores 48 megawatt hours.", "It cost 301 million crowns."],
    "about": ["Marlow Harbour runs the port of Marlow."],
    "disclaimer": None,
    "contacts": ["press@marlow.example"],
    "images": [{"url": "https://harbour-wire.example/plant.jpg", "caption": "The plant at low tide"}],
    "notice": None,
}
_STATEMENT = "The plant cost 310 million crowns, not 301 million."
_CORRECTION: dict[str, Any] = _FIRST | {
    "id": _RELEASE_ID,
    "url": "https://harbour-wire.example/news/4712",
    "wire_id": "4712",
    "published_at": "2026-03-02T11:30:00+08:00",
    "first_seen_at": "2026-03-02T03:30:12.004Z",
    "body": ["The plant stores 48 megawatt hours.", "It cost 310 million crowns."],
    "notice": {"kind": "correction", "marker": "Correcting and Replacing", "statement": _STATEMENT},
}
_NEW: dict[str, Any] = {
    "release": _FIRST,
    "story": _STORY_ID,
    "kind": "new",
    "verdict": "new",
    "why": "nothing like it was seen before",
    "replaces": None,
}
_CORRECTED: dict[str, Any] = {
    "release": _CORRECTION,
    "story": _STORY_ID,
    "kind": "correction",
    "verdict": "notice",
    "why": "it says so, and has the headline of the one it is about",
    "replaces": _FIRST_ID,
}

RELEASES: dict[str, Any] = {
    "releases": [_CORRECTION | {"story": _STORY_ID, "kind": "correction"}],
    "next": f"1772422212004-{_RELEASE_ID}",
}
RELEASE: dict[str, Any] = _CORRECTED | {"revisions": [_CORRECTION]}
STORY: dict[str, Any] = {
    "id": _STORY_ID,
    "watches": ["tidal"],
    "channels": ["desk"],
    "releases": [_NEW, _CORRECTED],
}
EVENT: dict[str, Any] = {
    "type": "release.corrected",
    "id": _EVENT_ID,
    "timestamp": "2026-03-02T03:30:12.301Z",
    "data": {
        "watches": ["tidal"],
        "story": {"id": _STORY_ID, "releases": 2},
        "release": _CORRECTION,
        "replaces": {name: _FIRST[name] for name in ("id", "url", "source", "headline", "published_at")},
        "changes": [
            {
                "field": "body",
                "paragraph": 2,
                "before": "It cost 301 million crowns.",
                "after": "It cost 310 million crowns.",
            }
        ],
        "claims": [{"wrong": "301 million", "right": "310 million crowns", "state": "confirmed"}],
        "outdated": [],
        "relation": None,
        "follows": None,
    },
}
EVENTS: dict[str, Any] = {"events": [EVENT], "next": _EVENT_ID}
SOURCES: dict[str, Any] = {
    "sources": [
        {
            "name": "harbour",
            "title": "Harbour Newswire",
            "wire": "Harbour Newswire",
            "enabled": True,
            "reason": None,
            "verified": False,
            "timezone": "Asia/Hong_Kong",
            "language": "en",
            "interval": "5m",
            "listings": [{"url": "https://harbour-wire.example/news", "kind": None}],
            "health": {
                "polled_at": "2026-03-02T03:30:10.120Z",
                "read_at": "2026-03-02T03:30:10.120Z",
                "failures": 0,
                "error": None,
                "sightings": 20,
                "releases": 4_711,
                "last_release_at": "2026-03-02T03:30:12.004Z",
                "verdict": {
                    "state": "working",
                    "word": None,
                    "detail": None,
                    "since": "2026-02-20T08:00:00Z",
                    "whole": 1.0,
                    "usual_a_day": 14.0,
                },
                "listings": [],
                "gaps": [],
                "waiting_pages": 0,
                "set_aside": [],
            },
        }
    ]
}
ALERTS: dict[str, Any] = {
    "alerts": [
        {
            "id": f"{_EVENT_ID}:desk",
            "event": _EVENT_ID,
            "channel": "desk",
            "story": _STORY_ID,
            "type": "release.corrected",
            "state": "sent",
            "tries": 1,
            "created": "2026-03-02T03:30:12.301Z",
            "listed": "2026-03-02T03:30:10.120Z",
            "due": None,
            "settled": "2026-03-02T03:30:12.604Z",
            "detail": "204",
            "error": None,
        }
    ],
    "channels": [
        {
            "channel": "desk",
            "waiting": 0,
            "failed": 0,
            "sent": 812,
            "oldest_waiting": None,
            "off": None,
            "off_at": None,
            "last_sent": "2026-03-02T03:30:12.604Z",
            "last_error": None,
            "last_error_at": None,
        }
    ],
}
FEEDS: dict[str, Any] = {
    "feeds": [
        {
            "watch": "tidal",
            "title": "Tidal power",
            "atom": "https://desk.example/feeds/tidal.atom",
            "json": "https://desk.example/feeds/tidal.json",
        }
    ]
}
CRAWL_ID: dict[str, Any] = {"id": _CRAWL_ID}
CRAWL: dict[str, Any] = {
    "id": _CRAWL_ID,
    "state": "done",
    "source": "harbour",
    "tag": "Tidal",
    "url": None,
    "asked_at": "2026-03-02T03:30:09.900Z",
    "done_at": "2026-03-02T03:30:12.320Z",
    "listings": 1,
    "releases": 1,
    "events": 1,
    "errors": [],
}


ATOM = f"""<?xml version='1.0' encoding='utf-8'?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>urn:uuid:5f1c7d1e-0b0d-5d5e-9c1a-3a8f3c1f7a11</id>
  <title>Tidal power</title>
  <updated>2026-03-02T03:30:12.301Z</updated>
  <author><name>wirewatch</name></author>
  <link rel="self" href="https://desk.example/feeds/tidal.atom" type="application/atom+xml"/>
  <entry>
    <id>urn:uuid:0198a1b2-7c3d-8e4f-9a5b-6c7d8e9f0a1b</id>
    <title>{_FIRST["headline"]}</title>
    <updated>2026-03-02T03:30:12.301Z</updated>
    <link rel="alternate" href="{_CORRECTION["url"]}" type="text/html"/>
    <content type="html">&lt;p&gt;&lt;strong&gt;Correction&lt;/strong&gt;: {_STATEMENT}&lt;/p&gt;</content>
  </entry>
</feed>
"""
JSON_FEED: dict[str, Any] = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Tidal power",
    "home_page_url": "https://desk.example/",
    "feed_url": "https://desk.example/feeds/tidal.json",
    "items": [
        {
            "id": "urn:uuid:0198a1b2-7c3d-8e4f-9a5b-6c7d8e9f0a1b",
            "url": _CORRECTION["url"],
            "title": _FIRST["headline"],
            "content_html": f"<p><strong>Correction</strong>: {_STATEMENT}</p>",
            "date_modified": "2026-03-02T03:30:12.301Z",
        }
    ],
}
READY: dict[str, Any] = {
    "ready": True,
    "checks": {
        "redis": {"ok": True, "detail": "answers and takes writes"},
        "clock": {"ok": True, "detail": "ticked 1 s ago, at 2026-03-02T03:30:11.000Z"},
        "lease": {"ok": True, "detail": "this daemon is the leader"},
        "canary": {"ok": True, "detail": "a listing and a page were read 23 s ago"},
        "parts": {"ok": True, "detail": "all parts run"},
        "permissions": {"ok": True, "detail": "the Redis user has all permissions"},
    },
    "channels_off": {},
}
FIGURES = """# TYPE wirewatch_events_total counter
wirewatch_events_total{type="release.corrected"} 12.0
"""

ANSWERS: dict[tuple[str, str, str], dict[str, Any]] = {
    ("get", "/api/v1/releases", "200"): {"application/json": RELEASES},
    ("get", "/api/v1/releases/{id}", "200"): {"application/json": RELEASE},
    ("get", "/api/v1/stories/{id}", "200"): {"application/json": STORY},
    ("get", "/api/v1/events", "200"): {"application/json": EVENTS},
    ("get", "/api/v1/sources", "200"): {"application/json": SOURCES},
    ("get", "/api/v1/alerts", "200"): {"application/json": ALERTS},
    ("get", "/api/v1/feeds", "200"): {"application/json": FEEDS},
    ("post", "/api/v1/crawls", "202"): {"application/json": CRAWL_ID},
    ("get", "/api/v1/crawls/{id}", "200"): {"application/json": CRAWL},
    ("get", "/feeds/{watch}.atom", "200"): {"application/atom+xml": ATOM},
    ("get", "/feeds/{watch}.json", "200"): {"application/feed+json": JSON_FEED},
    ("get", "/readyz", "200"): {"application/json": READY},
    ("get", "/metrics", "200"): {"text/plain": FIGURES},
}
"""By method, path, status and content type."""
PARAMETERS: dict[str, Any] = {
    "tag": "Tidal", "watch": "tidal", "source": "harbour", "since": "7d", "kind": "correction", "limit": 20,
    "cursor": RELEASES["next"], "after": _EVENT_ID, "last-event-id": _EVENT_ID, "channel": "desk", "state": "failed",
    "key": "5f1c7d1e0b0d5d5e9c1a3a8f3c1f7a11",
}  # fmt: skip
IDS = {"releases": _RELEASE_ID, "stories": _STORY_ID, "crawls": _CRAWL_ID}


def show_examples(document: dict[str, Any]) -> None:
    """Add an example to every answer and parameter of an OpenAPI document that has none of its own."""
    for (method, path, status), by_kind in ANSWERS.items():
        content = document["paths"][path][method]["responses"][status].setdefault("content", {})
        for kind, example in by_kind.items():
            content.setdefault(kind, {})["example"] = example
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                given = IDS.get(path.split("/")[-2]) if parameter["name"] == "id" else PARAMETERS.get(parameter["name"])
                if given is not None and "examples" not in parameter["schema"]:
                    parameter.setdefault("example", given)
