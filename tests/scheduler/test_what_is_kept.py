"""Of all that a listing names only releases are kept, whatever charset the server says they are in."""

from __future__ import annotations

import pytest
from program import Program
from shell_site import serve_shells

HTML = "text/html; charset=utf-8"
CHINESE = (
    "海鷗航運今日宣布，其第{}艘駁船昨夜載滿鹽、繩索及二百封信件逆流而上，抵達上游船閘，全鎮居民醒來時貨物早已卸妥。"
)
TEASER = "<div><h3><a href='/news/{0}-b'>Barge number {0} of the Gull Line</a></h3><p>The town woke up to find that the lock...</p></div>"  # noqa: E501
NO_RELEASES = {
    "/news/2-business": ("<h1>Business</h1>" + "".join(map(TEASER.format, range(20, 32))), "listing"),
    "/news/3-gone-away": ("<h1>Page not found</h1><p>The page that you look for may have moved.</p>", "error page"),
    "/news/4-for-members": (
        "<h1>Please log in to continue</h1><p>Forgot your password?</p><input type=password>",
        "log-in wall",
    ),
    "/news/5-your-choice": (
        "<h1>Your choice about cookies</h1><p>We set cookies with your consent.</p><p>Your consent ends never.</p>",
        "cookie wall",
    ),
}


@pytest.fixture
async def site():
    async with serve_shells() as serving:
        yield serving


async def test_pages_that_are_no_release_are_named_and_not_kept(site, redis_url, tmp_path):
    release = "".join(f"<p>{CHINESE.format(number)}</p>" for number in "一二三四五")
    html = (
        f"<html><head><title>海鷗航運</title></head><body><h1>海鷗航運夜間啟航</h1><div>{release}</div></body></html>"
    )
    site.pages = {path: (f"<html><body>{body}</body></html>".encode(), HTML) for path, (body, _) in NO_RELEASES.items()}
    site.pages["/news/6-sails"] = (html.encode("big5"), "text/html; charset=Big5")
    program = Program(
        folder=tmp_path,
        table={
            "catalog": False,
            "redis_url": redis_url,
            "polling": {"private_addresses": ["127.0.0.1/32"]},
            "watches": {"all": {"title": "All"}},
            "sources": {"gulls": {"listings": [{"url": f"{site.url}/news"}], "release": {"url": r"/news/\d+"}}},
        },
        environment={},
    )

    crawled = await program("crawl", "gulls")
    kept = await program("releases", "--format", "jsonl")

    reasons = {path: reason for path, (_, reason) in NO_RELEASES.items()} | {"/news/1-gull": "needs JavaScript"}
    for path, reason in reasons.items():
        assert [line for line in crawled.err.splitlines() if path in line and f": {reason}" in line], crawled.said
    assert [row["url"] for row in kept.rows] == [f"{site.url}/news/6-sails"]
    assert [row["headline"] for row in kept.rows] == ["海鷗航運夜間啟航"]
    assert kept.rows[0]["body"][-1] == CHINESE.format("五")


def release_of(issuer: str) -> tuple[bytes, str]:
    text = "".join(
        f"<p>{issuer} said that its barge number {number} carried salt, rope and two hundred letters up the river last "
        "night, as it does on every night of the year.</p>"
        for number in range(1, 6)
    )
    box = '<p>Get the harbour letter every morning: <a href="/letter">sign on</a></p>'
    html = f"<html><body><h1>{issuer} sails at night again</h1><div>{text}{box}</div></body></html>"
    return html.encode(), HTML


async def test_what_a_site_hangs_on_everybodys_releases_is_learned_and_left_out(site, redis_url, tmp_path):
    site.pages = {
        f"/news/{n}-sails": release_of(name) for n, name in enumerate(("Gull", "Heron", "Tern", "Plover"), 10)
    }
    first, last = list(site.pages)[:3], list(site.pages)[3]
    program = Program(
        folder=tmp_path,
        table={
            "catalog": False,
            "redis_url": redis_url,
            "polling": {"private_addresses": ["127.0.0.1/32"]},
            "watches": {"all": {"title": "All"}},
            "sources": {"gulls": {"listings": [{"url": f"{site.url}/news"}], "release": {"body": "div"}}},
        },
        environment={},
    )

    learned = await program("crawl", *(word for path in first for word in ("--url", site.url + path)))
    told = await program("crawl", "--url", site.url + last)

    assert [len(row["data"]["release"]["body"]) for row in learned.rows] == [6, 6, 6], learned.said
    assert [len(row["data"]["release"]["body"]) for row in told.rows] == [5], told.said
