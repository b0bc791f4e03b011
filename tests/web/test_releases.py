"""What programs read of the store."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from archive_filler import ArchiveFiller
from redis.asyncio import Redis

from stories.model.release import Change, Notice, release_payload
from stories.search.reader_pool import QueryTooExpensiveError
from web.api import releases as releases_api
from web.api.releases import parse_since
from web.api.shapes import ReleasesShape, ReleaseWithRevisionsShape, StoryShape

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def read(site, path: str, status: int = 200, **query):
    async with site.http.get(path, params=query) as reply:
        said = await reply.json(content_type=None)
    assert reply.status == status, said
    if status >= 400:
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert (said["status"], said["instance"]) == (status, path)
    return said


async def test_releases_come_newest_first_as_the_contract_shows_them(site, archive: ArchiveFiller):
    older = await archive.publish("Older", tags=("HKSTP",))
    newer = await archive.publish("Newer")
    said = await read(site, "/api/v1/releases")
    assert [release["headline"] for release in said["releases"]] == ["Newer", "Older"]
    assert said["releases"][1].items() >= release_payload(older).items()
    assert said["releases"][0]["story"].startswith("sty_")
    assert said["releases"][0]["id"] == newer.id
    assert said["next"] is None
    ReleasesShape.model_validate(said)


@pytest.fixture(params=["with an index", "without an index"])
def either(request):
    """The site, with and without an index: the answers are the same."""
    return request.getfixturevalue("indexed" if request.param == "with an index" else "site")


@pytest.mark.parametrize("wanted", [{}, {"tag": "battery"}, {"q": "number OR arrived"}], ids=str)
async def test_pages_neither_skip_nor_repeat_while_releases_arrive(either, archive: ArchiveFiller, wanted):
    first = await archive.publish("Number 0", tags=("Battery",))
    stored = [first.id, *[(await archive.publish(f"Number {number}", tags=("Battery",))).id for number in range(1, 23)]]
    seen, cursor, pages = [], None, 0
    while True:
        said = await read(either, "/api/v1/releases", limit=5, **wanted, **({"cursor": cursor} if cursor else {}))
        seen += [release["id"] for release in said["releases"]]
        cursor, pages = said["next"], pages + 1
        if cursor is None:
            break
        await archive.publish(f"Arrived after page {pages}", tags=("Battery",))
        first = await archive.revise(first, headline=f"Number 0, state {pages}")
    assert seen == stored[::-1]
    assert pages == 5


async def test_a_rare_filter_is_looked_for_page_by_page(site, archive: ArchiveFiller, monkeypatch):
    monkeypatch.setattr(releases_api, "MAX_RELEASES_EXAMINED", 4)
    wanted = await archive.publish("The one", tags=("Rare",))
    for number in range(9):
        await archive.publish(f"Number {number}")
    first = await read(site, "/api/v1/releases", tag="rare")
    assert first["releases"] == []
    second = await read(site, "/api/v1/releases", tag="rare", cursor=first["next"])
    third = await read(site, "/api/v1/releases", tag="rare", cursor=second["next"])
    assert [release["id"] for release in third["releases"]] == [wanted.id]
    assert third["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"tag": "#battery"}, ["Tagged"]),
        ({"watch": "batteries"}, ["Tagged"]),
        ({"watch": "all", "kind": "copy"}, ["Copied"]),
        ({"source": "quayside"}, ["Copied"]),
        ({"kind": "correction"}, ["Corrected"]),
        ({"kind": "new", "limit": 1}, ["Tagged"]),
        ({"since": "149s"}, ["Copied", "Corrected"]),
        ({"since": "2026-03-02T09:03:00Z"}, ["Copied"]),
        ({"since": "2026-03-03"}, []),
        ({"q": "tagged"}, ["Tagged"]),
        ({"q": "megawatt AND NOT (tagged OR kind:correction)"}, ["Copied"]),
        ({"q": "科技"}, ["Corrected"]),
        ({"q": "園發"}, ["Corrected"]),
        ({"q": " "}, ["Copied", "Corrected", "Tagged"]),
        ({"q": "48", "source": "quayside"}, ["Copied"]),
        ({"q": "golf"}, []),
    ],
    ids=str,
)
async def test_filters(either, archive: ArchiveFiller, query, found):
    await archive.publish("Tagged", tags=("Battery",))
    await archive.publish("Corrected", kind="release.corrected",
                          about=("科技園發布芯片",),
                          notice=Notice(kind="correction", marker="CORRECTION", headline="Corrected"))  # fmt: skip
    await archive.publish("Copied", kind="release.syndicated", source="quayside")
    said = await read(either, "/api/v1/releases", **query)
    assert [release["headline"] for release in said["releases"]] == found


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"watch": "nobody"}, "batteries, all"),
        ({"since": "soon"}, "5m"),
        ({"kind": "old"}, "query.kind"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "201"}, "query.limit"),
        ({"cursor": "rel_unknown"}, "start again"),
        ({"tag": "x" * 201}, "query.tag"),
        ({"q": '"open'}, "query.q: the query has a quotation mark that is not closed"),
        ({"q": "colour:red"}, "query.q: the query has an unknown field"),
        ({"q": "x" * 501}, "query.q"),
        ({"cursor": "1-rel one"}, "start again"),
    ],
    ids=str,
)
async def test_a_parameter_that_cannot_be_used_is_named(site, query, why):
    said = await read(site, "/api/v1/releases", 422, **query)
    assert why in said["detail"]
    assert [fault["where"] for fault in said["errors"]] == [f"query.{next(iter(query))}"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", NOON - timedelta(minutes=90)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:00:00+08:00", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:00:00 08:00", datetime(2026, 3, 1, tzinfo=UTC)),
        (None, None),
    ],
    ids=str,
)
def test_since_is_a_span_or_a_moment(text, moment):
    assert parse_since(text, NOON) == moment


async def test_a_release_is_shown_with_every_state_it_was_in(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    revised = await archive.revise(first, headline="Plant Opens at Last")
    said = await read(site, f"/api/v1/releases/{first.id}")
    assert said["release"] == release_payload(revised)
    assert said["revisions"] == [release_payload(first), release_payload(revised)]
    assert said["why"] == "its text changed"
    assert said["kind"] == "revised"
    ReleaseWithRevisionsShape.model_validate(said)


@pytest.mark.parametrize("ask", ["story", "release", "event"])
async def test_a_story_is_found_by_its_own_id_its_releases_and_its_events(site, archive: ArchiveFiller, ask):
    first = await archive.publish("Plant Opens", watches=["batteries"], channels=["log"])
    (listed,) = (await read(site, "/api/v1/releases"))["releases"]
    story = listed["story"]
    await archive.publish("Plant Opens", kind="release.corrected", story=story, replaces=first, why="it says so")
    events = (await read(site, "/api/v1/events"))["events"]
    ids = {"story": story, "release": first.id, "event": events[0]["id"]}
    said = await read(site, f"/api/v1/stories/{ids[ask]}")
    assert said["id"] == story
    assert [release["why"] for release in said["releases"]] == ["nothing like it was seen before", "it says so"]
    assert said["releases"][1]["replaces"] == first.id
    assert (said["watches"], said["channels"]) == (["batteries"], ["log"])
    StoryShape.model_validate(said)


@pytest.mark.parametrize(
    "path", ["releases/rel_no", "stories/sty_no", "stories/evt_no", "stories/%00", "crawls/crl_no"]
)
async def test_what_is_not_stored_is_a_404(site, path):
    async with site.http.get(f"/api/v1/{path}") as reply:
        said = await reply.json(content_type=None)
    assert reply.status == 404
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert said["title"] == "Not Found"


async def test_who_holds_an_answer_gets_it_again_only_when_it_changed(either, archive: ArchiveFiller):
    release = await archive.publish("Plant Opens")
    (listed,) = (await read(either, "/api/v1/releases"))["releases"]
    for path in ("releases", "releases?q=plant", f"releases/{release.id}", f"stories/{listed['story']}"):
        async with either.http.get(f"/api/v1/{path}") as reply:
            tag = reply.headers["ETag"]
        async with either.http.get(f"/api/v1/{path}", headers={"If-None-Match": tag}) as reply:
            assert (reply.status, await reply.read()) == (304, b"")
    await archive.revise(release, headline="Plant Opens at Last")
    for path in ("releases", "releases?q=plant", f"releases/{release.id}"):
        async with either.http.get(f"/api/v1/{path}", headers={"If-None-Match": tag}) as reply:
            assert reply.status == 200


async def test_a_search_that_looks_at_too_much_is_refused_in_words(indexed, archive: ArchiveFiller, monkeypatch):
    async def too_much(*_, **__):
        raise QueryTooExpensiveError("this looks at too much")

    monkeypatch.setattr(indexed.dependencies.finder, "find", too_much)
    assert "query.q: this looks at too much" in (await read(indexed, "/api/v1/releases", 422, q="a*"))["detail"]


async def test_without_redis_the_api_says_so(serve, tmp_path):
    async with Redis.from_url(f"unix://{tmp_path}/none.sock") as away, serve(client=away) as site:
        for path in ("releases", "releases/rel_one", "stories/sty_one", "events", "sources"):
            said = await read(site, f"/api/v1/{path}", 503)
            assert "Redis does not answer" in said["detail"]
        async with site.http.get("/", headers={"Accept": "text/html"}) as reply:
            assert reply.status == 503
            assert "Redis does not answer" in await reply.text()


async def test_the_story_page_tells_corrections_that_came_as_further_releases(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    (listed,) = (await read(site, "/api/v1/releases"))["releases"]
    await archive.publish(
        "Plant Opens", kind="release.corrected", story=listed["story"], replaces=first,
        notice=Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement="The sum was wrong."),
        changes=[Change(field="body", paragraph=2, before="It cost 1 crown.", after="It cost 2 crowns.")],
    )  # fmt: skip
    async with site.http.get(f"/stories/{listed['story']}") as reply:
        shown = await reply.text()
    assert re.search(r"<del>.*1 crown.*</del>", shown)
    assert re.search(r"<ins>.*2 crowns.*</ins>", shown)
    assert "The sum was wrong." in shown
    assert "1 min later" in shown


async def test_a_misspelt_parameter_is_refused_with_the_known_ones(site):
    said = await read(site, "/api/v1/releases", status=422, querry="robots")
    assert said["errors"][0]["where"] == "query.querry"
    assert "the parameters are q, tag, watch" in said["errors"][0]["why"]


async def test_a_query_is_explained_and_warned_of(site):
    said = await read(site, "/api/v1/releases", q="headline:(robots and drones)")
    assert said["query"]["explanation"].startswith("headline contains “robots”, and headline contains “and”")
    assert said["query"]["warnings"] == [
        "'and' is searched for as a word; write AND in capitals, or put the phrase in quotation marks"
    ]
    assert (await read(site, "/api/v1/releases"))["query"] is None


@pytest.mark.parametrize(
    "q", ["科学园", "harbour NEAR/3 opens", "/harb.?ur/ -golf", "o*ns", "stem:opening", "published:2026"]
)
async def test_a_search_that_the_index_cannot_answer_alone_finds_what_matches(either, archive: ArchiveFiller, q):
    wanted = await archive.publish("Harbour 科學園 opens", published_at="2026-03-02", language="en")
    await archive.publish("Harbours and golf 科學", published_at="2025-03-02")
    said = await read(either, "/api/v1/releases", q=q)
    assert [release["id"] for release in said["releases"]] == [wanted.id]
