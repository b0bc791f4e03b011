"""What feed readers get of a watch."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import feedparser
import jsonschema_rs
import pytest
from archive_filler import ArchiveFiller
from atom_schema import ATOM
from bureau import Bureau
from jsonfeed_schema import JSON_FEED
from lxml import etree

from stories.model.release import Change, Notice

VALID = jsonschema_rs.Draft202012Validator(JSON_FEED, validate_formats=True)
WITHDRAWN = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
HOSTILE = "<script>alert('x')</script> & \"quotes\" ]]> \x0b\ufffe 科技 {{7*7}}"


async def atom(site: Any, watch: str = "all", **headers: str) -> Any:
    """Return a watch's Atom feed as feedparser reads it, once it is found valid."""
    async with site.http.get(f"/feeds/{watch}.atom", headers=headers) as reply:
        assert reply.status == 200
        assert reply.headers["Content-Type"].startswith("application/atom+xml")
        body = await reply.read()
    document = etree.fromstring(body)
    assert ATOM.validate(document), ATOM.error_log
    read = feedparser.parse(body)
    assert not read.bozo, read.get("bozo_exception")
    read["document"] = document
    return read


async def json_feed(site: Any, watch: str = "all") -> Any:
    """Return a watch's JSON Feed, once it is found valid."""
    async with site.http.get(f"/feeds/{watch}.json") as reply:
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "application/feed+json"
        said = json.loads(await reply.read())
    assert [str(fault) for fault in VALID.iter_errors(said)] == []
    return said


@pytest.fixture(params=["with an index", "without an index"])
def either(request: pytest.FixtureRequest) -> Any:
    """The site, with and without an index."""
    return request.getfixturevalue("indexed" if request.param == "with an index" else "site")


async def test_an_empty_feed_is_a_feed(either: Any) -> None:
    read = await atom(either)
    assert (read.entries, read.feed.title) == ([], "all")
    assert (await json_feed(either, "batteries"))["items"] == []


async def test_a_feed_holds_what_its_watch_matches(either: Any, archive: ArchiveFiller) -> None:
    await archive.publish("Of batteries", tags=("Battery",), language="en", issuer="Marlow Ltd")
    await archive.publish("Of something else")
    read = await atom(either, "batteries")
    assert [entry.title for entry in read.entries] == ["Of batteries"]
    (entry,) = read.entries
    assert entry.link == "https://harbour-wire.example/news/1"
    assert entry.id.startswith("urn:uuid:")
    assert (entry.author, [tag.term for tag in entry.tags]) == ("Marlow Ltd", ["Battery", "new"])
    assert "48 megawatt" in entry.content[0].value
    assert [entry.title for entry in (await atom(either)).entries] == ["Of something else", "Of batteries"]
    items = (await json_feed(either, "batteries"))["items"]
    assert [item["id"] for item in items] == [entry.id]
    assert read.feed.id != (await atom(either)).feed.id


async def test_a_correction_moves_the_entry_and_stands_in_it(either: Any, archive: ArchiveFiller) -> None:
    first = await archive.publish("Plant Opens", tags=("Battery",))
    await archive.publish("Later news", tags=("Battery",))
    newer, before = (await atom(either, "batteries")).entries
    story = (await (await either.http.get(f"/api/v1/releases/{first.id}")).json())["story"]
    await archive.publish(
        "Plant Opens at Last", kind="release.corrected", story=story, replaces=first,
        notice=Notice(kind="correction", marker="CORRECTION", headline="", statement="The sum was wrong."),
        changes=[Change(field="body", paragraph=2, before="It cost 1 crown.", after="It cost 2 <b>crowns</b>.")],
        body=("It cost 2 crowns.",), tags=("Battery",),
    )  # fmt: skip
    after, _ = (await atom(either, "batteries")).entries
    assert after.id == before.id
    assert after.published == before.published
    assert after.updated > newer.updated > before.updated
    assert after.title == "Plant Opens at Last"
    text = after.content[0].value
    assert "<ins>It cost 2 &lt;b&gt;crowns&lt;/b&gt;.</ins>" in text
    assert "<del>It cost 1 crown.</del>" in text
    assert "The sum was wrong." in text
    (item, _) = (await json_feed(either, "batteries"))["items"]
    assert (item["id"], item["_wirewatch"]["kind"]) == (after.id, "correction")
    assert item["content_html"].endswith("<p>It cost 2 crowns.</p>")


async def test_a_correction_that_the_watch_does_not_match_is_in_its_feed_all_the_same(
    indexed: Any, archive: ArchiveFiller
) -> None:
    first = await archive.publish("Plant Opens", tags=("Battery",))
    story = (await (await indexed.http.get(f"/api/v1/releases/{first.id}")).json())["story"]
    for number in range(60):
        await archive.publish(f"Number {number}", tags=("Battery",))
    await archive.publish(
        "Other words", kind="release.corrected", story=story, replaces=first,
        notice=Notice(kind="correction", marker="CORRECTION", headline="Other words", statement="All wrong."),
    )  # fmt: skip
    entries = (await atom(indexed, "batteries")).entries
    assert (len(entries), entries[0].title) == (50, "Other words")


async def test_a_page_changed_in_place_moves_the_entry_and_a_copy_does_not(either: Any, archive: ArchiveFiller) -> None:
    first = await archive.publish("Plant Opens", tags=("Battery",))
    (before,) = (await atom(either, "batteries")).entries
    story = (await (await either.http.get(f"/api/v1/releases/{first.id}")).json())["story"]
    await archive.publish("Plant Opens", kind="release.syndicated", story=story, source="quayside", tags=("Battery",))
    (same,) = (await atom(either, "batteries")).entries
    assert (same.updated, same.link) == (before.updated, before.link)
    change = Change(field="headline", before="Plant Opens", after="Plant Opens at Last")
    await archive.revise(first, headline="Plant Opens at Last", changes=[change])
    (after,) = (await atom(either, "batteries")).entries
    assert after.id == before.id
    assert after.updated > before.updated
    assert "Changed without a notice" in after.content[0].value


@pytest.mark.parametrize("how", ["a notice", "its page is gone"])
async def test_a_withdrawal_is_a_tombstone(either: Any, redis: Any, how: str) -> None:
    import press_office

    bureau = Bureau(redis)
    await bureau.read(press_office.release())
    await bureau.read(press_office.copy())
    (before,) = (await atom(either)).entries
    bureau.clock.forward(hours=1)
    if how == "a notice":
        await bureau.read(press_office.withdrawal())
    else:
        await bureau.gone(press_office.release())
        bureau.clock.forward(hours=1)
        await bureau.gone(press_office.release())
    read = await atom(either)
    assert read.entries == []
    (gone,) = read.document.iter(WITHDRAWN)
    assert gone.get("ref") == before.id
    assert datetime.fromisoformat(gone.get("when")) > datetime.fromisoformat(before.updated)
    (item,) = (await json_feed(either))["items"]
    assert (item["id"], item["_wirewatch"]["withdrawn"]) == (before.id, True)
    assert item["title"].startswith("Withdrawn: ")
    assert press_office.release().body[0] not in item["content_html"]


async def test_a_copy_whose_page_is_gone_withdraws_nothing(either: Any, redis: Any) -> None:
    import press_office

    bureau = Bureau(redis)
    await bureau.read(press_office.release())
    await bureau.read(press_office.copy())
    for _ in range(2):
        bureau.clock.forward(hours=1)
        await bureau.gone(press_office.copy())
    assert len((await atom(either)).entries) == 1


async def test_what_a_release_says_stays_text(either: Any, archive: ArchiveFiller) -> None:
    await archive.publish(
        HOSTILE, url="javascript:alert(1)", subheadline=HOSTILE, body=(HOSTILE,), issuer=HOSTILE, tags=(HOSTILE,),
        language="en", wire=HOSTILE,
    )  # fmt: skip
    read = await atom(either)
    (entry,) = read.entries
    assert entry.link.startswith(f"{either.base}/stories/sty_")
    (raw,) = read.document.iter("{http://www.w3.org/2005/Atom}content")
    assert "<script>" not in raw.text
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp;" in raw.text
    (item,) = (await json_feed(either))["items"]
    assert "<script>" not in item["content_html"]
    assert item["title"] == HOSTILE


async def test_who_holds_a_feed_gets_it_again_only_when_it_changed(either: Any, archive: ArchiveFiller) -> None:
    first = await archive.publish("Plant Opens")
    for ending in ("atom", "json"):
        async with either.http.get(f"/feeds/all.{ending}") as reply:
            tag, modified = reply.headers["ETag"], reply.headers["Last-Modified"]
        for headers in ({"If-None-Match": tag}, {"If-None-Match": f'"x", W/{tag}'}, {"If-Modified-Since": modified}):
            async with either.http.get(f"/feeds/all.{ending}", headers=headers) as reply:
                assert (reply.status, await reply.read(), reply.headers["ETag"]) == (304, b"", tag)
        for headers in (
            {"If-None-Match": '"x"'},
            {"If-Modified-Since": "Mon, 02 Mar 2020 09:00:00 GMT"},
            {"If-Modified-Since": "soon"},
            {"If-None-Match": '"x"', "If-Modified-Since": modified},
        ):
            async with either.http.get(f"/feeds/all.{ending}", headers=headers) as reply:
                assert reply.status == 200
        first = await archive.revise(first, headline="Plant Opens at Last")
        async with either.http.get(f"/feeds/all.{ending}", headers={"If-None-Match": tag}) as reply:
            assert reply.status == 200
            assert "Plant Opens at Last" in await reply.text()


async def test_links_lead_where_the_operator_says(serve: Any, archive: ArchiveFiller) -> None:
    await archive.publish("Plant Opens")
    async with serve(web={"public_url": "https://desk.example/watch/"}) as site:
        read = await atom(site)
        assert {link.rel: link.href for link in read.feed.links} == {
            "self": "https://desk.example/watch/feeds/all.atom",
            "alternate": "https://desk.example/watch/",
        }
        assert (await json_feed(site))["feed_url"] == "https://desk.example/watch/feeds/all.json"


async def test_a_watch_that_is_not_there_is_a_404(site: Any) -> None:
    for path in ("/feeds/nobody.atom", "/feeds/nobody.json", "/feeds/all.rss", "/feeds/all"):
        async with site.http.get(path) as reply:
            assert reply.status == 404


async def test_a_feeds_key_opens_its_feeds_and_nothing_else(serve: Any, archive: ArchiveFiller) -> None:
    async with serve(web={"token": "a long secret of ours"}) as site:
        async with site.http.get("/api/v1/feeds") as reply:
            assert reply.status == 401
        async with site.http.get("/api/v1/feeds", headers={"Authorization": "Bearer a long secret of ours"}) as reply:
            feeds = {feed["watch"]: feed for feed in (await reply.json())["feeds"]}
        key = feeds["all"]["atom"].rpartition("key=")[2]
        assert "secret" not in feeds["all"]["atom"]
        wanted = {
            feeds["all"]["atom"]: 200,
            feeds["all"]["json"]: 200,
            feeds["batteries"]["atom"]: 200,
            "/feeds/all.atom": 401,
            "/feeds/all.atom?key=": 401,
            "/feeds/all.atom?" + "&".join(["key=x"] * 20): 401,
            f"/feeds/batteries.atom?key={key}": 401,
            f"/api/v1/releases?key={key}": 401,
            f"/?key={key}": 401,
        }
        for address, status in wanted.items():
            async with site.http.get(address.removeprefix(site.base)) as reply:
                assert reply.status == status, address
                assert key not in await reply.text()
        async with site.http.post(f"/feeds/all.atom?key={key}") as reply:
            assert reply.status == 401
