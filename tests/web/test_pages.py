"""What the pages show and take, without a browser: the stream folded, filters, forms, a week, delays."""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from archive_filler import BEGAN, ArchiveFiller
from hypothesis import example, given
from hypothesis import strategies as st
from redis.asyncio import Redis

from stories.crawl_state.crawl_requests import CrawlRequests
from stories.crawl_state.cursors import Cursors
from stories.model.ids import event_id, story_id
from stories.model.release import Change, Image, Notice
from stories.model.sighting import Cursor
from web.pages.watches import toml_lines
from web.security.access_control import cookie_value
from web.security.head_limits import COOKIE
from web.security.login_throttle import MAX_WRONG_FROM_UNKNOWN, MAX_WRONG_PER_ADDRESS, WINDOW_SECONDS, LoginThrottle
from web.view_models.delays import delay_stage, delay_stages, format_seconds
from web.view_models.weekly_stats import HOURS, WeeklyStats

FORM = {"Sec-Fetch-Site": "same-origin"}
UNICODE = st.characters(exclude_categories=["Cs"])
CLAIM = "The second paragraph should read 310 million crowns, not 130 million crowns."


async def read(site, path: str, status: int = 200, **params: str) -> str:
    async with site.http.get(path, params=params, headers={"Accept": "text/html"}) as reply:
        text = await reply.text()
    assert reply.status == status, text
    return text


def headlines(page: str) -> list[str]:
    """The rows of the stream, top first."""
    return re.findall(r'<h2 id="h-[^>]*>(?:<a [^>]*>)?([^<]*)<', re.sub("</?mark>", "", page))


async def send(site, path: str, headers: dict[str, str] = FORM, **fields: str) -> tuple[int, str]:
    async with site.http.post(path, data=fields or {"": ""}, headers=headers, allow_redirects=False) as reply:
        return reply.status, reply.headers.get("Location", "")


async def csrf_token_of(site, path: str = "/sources") -> str:
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', await read(site, path))
    assert found is not None
    return found[1]


async def a_story(archive: ArchiveFiller, *, copies: Sequence[str] = ("quayside",)) -> str:
    """A release, its copies, and a correction; the story's id."""
    first = await archive.publish("Plant Opens", body=("The plant opens.", "It cost 130 million crowns."))
    story = story_id(first.id or "")
    for source in copies:
        await archive.publish(
            "Plant Opens", kind="release.syndicated", source=source, wire=None, story=story, body=first.body
        )
    await archive.publish(
        "Plant Opens", kind="release.corrected", story=story, replaces=first,
        notice=Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement=CLAIM),
        body=("The plant opens.", "It cost 310 million crowns."),
        changes=[Change(field="body", paragraph=2, before="It cost 130 million crowns.",
                        after="It cost 310 million crowns.")],
    )  # fmt: skip
    return story


async def test_a_story_stands_once_in_the_stream_with_its_copies_in_one_line(site, archive: ArchiveFiller):
    await a_story(archive, copies=("quayside", "elsewhere"))
    await archive.publish("Another Thing")
    shown = await read(site, "/")
    assert headlines(shown) == ["Another Thing", "Plant Opens"]
    assert "also on 2 sites, first here, last 2 min later" in shown
    assert "corrected</span>" in shown


async def test_a_copy_alone_is_told_by_its_storys_line_only(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    async with site.http.get("/api/v1/events") as reply:
        last = (await reply.json())["events"][-1]["id"]
    await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story_id(first.id or ""))
    part = await read(site, "/parts/events", after=last)
    assert part.count("<li") == 1
    assert "data-folded" in part
    assert "also on 1 site, first here, last 1 min later" in part


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"q": "ferry"}, ["Ferry Late"]),
        ({"q": "crowns"}, ["Ferry Late", "Plant Opens"]),
        ({"tag": "#boats"}, ["Ferry Late"]),
        ({"source": "quayside"}, ["Plant Opens"]),
        ({"kind": "corrected"}, ["Plant Opens"]),
        ({"kind": "copied"}, ["Plant Opens"]),
        ({"kind": "new", "source": "harbour"}, ["Ferry Late", "Plant Opens"]),
        ({"since": "2026-03-02T09:04:00Z"}, ["Ferry Late"]),
        ({"watch": "batteries"}, []),
    ],
    ids=str,
)
async def test_filters_in_the_address_leave_each_story_once(site, archive: ArchiveFiller, parameters, found):
    await a_story(archive)
    await archive.publish("Ferry Late", tags=("Boats",))
    assert headlines(await read(site, "/", **parameters)) == found


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"q": "(open"}, "(open"),
        ({"kind": "odd"}, "no kind"),
        ({"watch": "none"}, "no watch"),
        ({"since": "yesterday"}, "yesterday"),
    ],
    ids=str,
)
async def test_a_filter_that_cannot_be_used_is_answered_in_words_on_the_page(site, parameters, said):
    shown = await read(site, "/", **parameters)
    fault = re.search(r'<div id="fault"[^>]*>(.*?)</div>', shown, re.DOTALL)
    assert fault is not None
    assert said in fault[1]


@pytest.mark.parametrize(
    ("q", "words", "marked"),
    [
        ("ferry AND (late", "ends too early", "ferry AND (late<mark>…</mark>"),
        ("ferry AND ) late", "cannot be read from here", "ferry AND <mark>)</mark> late"),
        ("colour:red ferry", "unknown field", "<mark>c</mark>olour:red ferry"),
        ('ferry "late', "quotation mark that is not closed", "ferry <mark>&#34;</mark>late"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/watches"])
async def test_a_fault_in_a_query_is_shown_at_its_place(site, path, q, words, marked):
    shown = re.sub(r'<mark class="[^"]*">', "<mark>", await read(site, path, q=q))
    assert words in shown
    assert f"<code>{marked}</code>" in shown


async def test_what_was_searched_for_is_marked_in_headline_and_text(site, archive: ArchiveFiller):
    await archive.publish("Ferry Late", body=("Nothing here.", "The tide kept the ferry at <b>Ellery</b> for an hour."))
    shown = await read(site, "/", q="ferry OR tide")
    assert "<mark>Ferry</mark> Late</a>" in shown
    assert "The <mark>tide</mark> kept the <mark>ferry</mark> at &lt;b&gt;Ellery" in shown
    tried = await read(site, "/watches", q="ferry")
    assert "<mark>Ferry</mark> Late</a>" in tried
    assert "<mark>" not in await read(site, "/")


@pytest.mark.parametrize(
    ("parameters", "lines"),
    [
        ({"q": '"science park" AND NOT golf'}, "[watches.NAME]\nquery = '\"science park\" AND NOT golf'"),
        ({"q": "it's"}, '[watches.NAME]\nquery = "it\'s"'),
        ({"q": "ferry", "tag": "#Boats"}, "[watches.NAME]\ntags = [\"Boats\"]\nquery = 'ferry'"),
    ],
    ids=str,
)
async def test_a_query_that_was_tried_is_shown_as_it_goes_into_the_file(
    site, archive: ArchiveFiller, parameters, lines
):
    await archive.publish("It's Ferry Science Park", tags=("Boats",))
    found = re.search(r"<pre[^>]*><code>(.*?)</code>", await read(site, "/watches", **parameters), re.DOTALL)
    assert found is not None
    assert html.unescape(found[1]) == lines
    table = tomllib.loads(lines)["watches"]["NAME"]
    assert table.get("query") == parameters["q"]


async def test_nothing_needs_a_person_where_all_is_well(site):
    assert "need" not in await read(site, "/parts/trouble")


async def test_what_needs_a_person_is_told_on_top(site, redis: Redis, count):
    await Cursors(redis).record_poll(
        "harbour", Cursor(polled_at="2026-03-02T09:00:00Z", failures=2, error="503 from harbour")
    )
    site.counts.append(count(channel="intake", off="410 from intake", off_at=BEGAN))
    for path in ("/", "/parts/trouble"):
        shown = re.sub(r"<[^>]+>", "", await read(site, path))
        assert "1 source and 1 channel need a look" in shown


async def test_a_page_without_a_script_tells_its_times_to_the_second_with_their_offset(site, archive: ArchiveFiller):
    await archive.publish("Plant Opens", published_at="2026-03-02T17:00:00+08:00")
    shown = await read(site, "/")
    assert "2026-03-02 09:01:00 UTC</time>" in shown
    assert "2026-03-02 17:00:00 +08:00</time>" in shown


async def test_a_withdrawn_story_says_so_on_top_and_a_copy_that_is_gone_withdraws_nothing(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    story = story_id(first.id or "")
    gone = await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story,
                                 verdict="withdrawn")  # fmt: skip
    assert 'id="withdrawn"' not in await read(site, f"/stories/{story}")
    notice = Notice(kind="withdrawal", marker="WITHDRAWN", headline="Plant Opens", statement="Disregard it.")
    told = await archive.publish("Plant Opens", kind="release.withdrawn", story=story, replaces=first, notice=notice)
    shown = await read(site, f"/stories/{story}")
    top = shown[: shown.index('id="part-standing"')]
    assert f'<a href="#{told.id}">what was said of it</a>' in top
    assert gone.id != told.id


async def test_a_reason_names_releases_by_their_source_and_leads_to_them(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    why = f"same text as {first.id} on harbour"
    await archive.publish(
        "Plant Opens", kind="release.syndicated", source="quayside", story=story_id(first.id or ""), why=why
    )
    shown = await read(site, f"/stories/{first.id}")
    assert f'same text as <a href="#{first.id}">that on Harbour Newswire</a>' in shown


async def test_the_text_that_stands_is_on_top_and_no_copy_of_it(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens", body=("First words.",))
    story = story_id(first.id or "")
    notice = Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement=CLAIM)
    await archive.publish("Plant Opens", kind="release.corrected", story=story, replaces=first, notice=notice,
                          body=("Right words.",))  # fmt: skip
    await archive.publish("Plant Opens", kind="release.corrected", story=story, replaces=first, notice=notice,
                          verdict="copy", source="quayside", body=("Right words, copied.",))  # fmt: skip
    shown = await read(site, f"/stories/{story}")
    standing = shown[shown.index('id="part-standing"') : shown.index('id="part-releases"')]
    assert '<p dir="auto">Right words.</p>' in standing
    assert "First words." not in standing


@pytest.mark.parametrize("parameters", [{}, {"q": "crowns"}], ids=["what happened", "a search"])
async def test_older_pages_bring_every_story_once(site, archive: ArchiveFiller, parameters):
    wanted = [f"Number {number}" for number in range(70)]
    for headline in wanted:
        await archive.publish(headline)
    found: list[str] = []
    path: str | None = "/"
    while path:
        shown = await read(site, path, **(parameters if path == "/" else {}))
        found += headlines(shown)
        older = re.search(r'<a href="([^"]+)" rel="next">', shown)
        path = older[1].replace("&amp;", "&") if older else None
    assert found == wanted[::-1]


async def test_a_page_that_went_on_from_a_forgotten_event_says_so(site):
    assert "no longer stored" in await read(site, "/", before="evt_gone")


async def test_a_story_tells_what_its_correction_claims_and_whether_that_was_done(site, archive: ArchiveFiller):
    story = await a_story(archive)
    shown = await read(site, f"/stories/{story}")
    assert re.search(r'class="is-claim-confirmed">.*?130 million.*?310 million', shown, re.DOTALL)


async def test_a_story_says_who_was_alerted(serve, archive: ArchiveFiller, receipt):
    first = await archive.publish("Plant Opens", channels=["log"])
    event = event_id("release.new", first.id or "", 1)
    async with serve() as site:
        site.receipts.append(receipt(id=f"{event}:log", event=event))
        shown = await read(site, f"/stories/{first.id}")
    assert re.search(r'id="alerted".*?sent</b> log,', shown, re.DOTALL)


async def test_the_states_that_can_be_compared_are_told_apart_by_their_first_word(site, archive: ArchiveFiller):
    first = await archive.publish("Plant Opens")
    await archive.revise(first, body=("New words.",))
    story = story_id(first.id or "")
    await archive.publish("Plant Opens", kind="release.syndicated", source="quayside", story=story)
    notice = Notice(kind="correction", marker="CORRECTION", headline="Plant Opens", statement=CLAIM)
    await archive.publish("Plant Opens", kind="release.corrected", story=story, replaces=first, notice=notice)
    shown = await read(site, f"/stories/{first.id}")
    offered = shown[shown.index('id="before"') : shown.index('id="after"')]
    assert re.findall(r"<option[^>]*>(\w+), ", offered) == ["new", "revised", "copied", "corrected"]


async def test_two_states_are_compared_word_by_word_and_chinese_by_character(site, archive: ArchiveFiller):
    first = await archive.publish("港口電池廠落成", body=("電池廠耗資三億元。",), language="zh-Hant")
    await archive.revise(first, body=("電池廠耗資五億元。",))
    shown = await read(site, f"/stories/{first.id}", before=f"{first.id}.1", after=f"{first.id}.2")
    found = shown[shown.index('id="differences"') :].partition("</section>")[0]
    assert re.search(r"電池廠耗資<del>.*?三億元</del>", found)
    assert re.search(r"<ins>.*?五億元</ins>", found)


async def test_pictures_come_from_their_hosts_only_when_they_are_asked_for(site, archive: ArchiveFiller):
    images = (
        Image(url="https://pictures.example/1.jpg", caption="The plant"), Image(url="javascript:alert(1)"),
        Image(url="http://192.168.1.1/reboot"),
    )  # fmt: skip
    first = await archive.publish("Plant Opens", images=images)
    for parameters, loads in [({}, False), ({"images": "1"}, True)]:
        async with site.http.get(f"/stories/{first.id}", params=parameters) as reply:
            shown, policy = await reply.text(), reply.headers["Content-Security-Policy"]
        assert ('<img src="https://pictures.example/1.jpg"' in shown) is loads
        assert ("img-src 'self' https://pictures.example;" in policy) is loads
        assert '<img src="http://192' not in shown
        assert "script-src 'self';" in policy
        assert "javascript:" not in shown


async def test_a_source_is_polled_now_by_its_button(site, redis: Redis):
    status, where = await send(site, "/sources/harbour/poll", csrf_token=await csrf_token_of(site))
    assert status == 303
    poll = await CrawlRequests(redis).next(1)
    assert poll is not None
    assert (poll.source, poll.reason, where) == ("harbour", "trigger", f"/sources/harbour?crawl={poll.crawl_id}")
    assert "Poll queued" in await read(site, where)
    assert (await send(site, "/sources/quayside/poll", csrf_token=await csrf_token_of(site)))[0] == 404


BUTTONS = ("/sources/harbour/poll", "/alerts/retry", "/channels/log/test")


@pytest.mark.parametrize("path", BUTTONS)
@pytest.mark.parametrize(
    ("headers", "sealed"),
    [
        (FORM, False),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "https://elsewhere.example"}, True),
        ({"Origin": "null"}, True),
        ({}, True),
    ],
    ids=str,
)
@pytest.mark.parametrize("token", [None, "correct horse battery"])
async def test_a_form_from_elsewhere_changes_nothing(serve, redis: Redis, path, headers, sealed, token):
    async with serve(web={"token": token} if token else {}, channels={"log": {"type": "console"}}) as site:
        if token:
            site.http.headers["Cookie"] = f"{COOKIE}={cookie_value(token)}"
        fields = {"csrf_token": await csrf_token_of(site)} if sealed else {"csrf_token": "0" * 64}
        status, _ = await send(site, path, headers, **fields)
        assert status == 403
        assert site.again == []
        assert await CrawlRequests(redis).next(0.01) is None


async def test_a_page_left_open_over_a_restart_goes_on_where_there_is_a_token(serve):
    seals = []
    for settings in ({"token": "correct horse battery"}, {"token": "correct horse battery"}, {}, {}):
        async with serve(web=settings) as site:
            site.http.headers["Cookie"] = f"{COOKIE}={cookie_value('correct horse battery')}"
            seals.append(await csrf_token_of(site))
    assert seals[0] == seals[1]
    assert len(set(seals)) == 3


async def test_alerts_are_sent_again_and_channels_tested_by_their_buttons(serve, receipt, count):
    async with serve(channels={"log": {"type": "console"}}) as site:
        site.counts.append(count(failed=1))
        site.receipts.append(receipt(state="failed", error="410 from intake"))
        token = await csrf_token_of(site, "/alerts")
        assert await send(site, "/alerts/retry", csrf_token=token, id="evt_one:log") == (303, "/alerts?said=due")
        assert "The alert is sent again." in await read(site, "/alerts?said=due")
        site.receipts[0] = replace(site.receipts[0], state="failed")
        assert await send(site, "/alerts/retry", csrf_token=token) == (303, "/alerts?said=1")
        assert "1 alert is sent again." in await read(site, "/alerts?said=1")
        status, where = await send(site, "/channels/log/test", csrf_token=token)
        assert (status, where) == (303, "/alerts?tested=evt_test_1:log")
        assert "Test of log" in await read(site, where)
        assert site.again == ["evt_one:log", "evt_one:log", "log"]
        assert (await send(site, "/channels/none/test", csrf_token=token))[0] == 404


async def test_a_query_is_tried_before_it_goes_into_the_file(site, archive: ArchiveFiller):
    await archive.publish("Ferry Late")
    await archive.publish("Golf Day")
    shown = await read(site, "/watches", q="crowns AND NOT golf")
    assert "1 stored release matches." in shown
    assert "Ferry Late" in shown.partition('class="card"')[0]
    assert "Golf Day" not in shown.partition('class="card"')[0]


async def test_a_watch_shows_what_it_matched_lately(site, archive: ArchiveFiller):
    await archive.publish("Ferry Late")
    await archive.publish("Plant Opens", tags=("Battery",))
    shown = await read(site, "/watches")
    batteries = shown[shown.index('id="w-batteries"') : shown.index('id="w-all"')]
    assert "Plant Opens" in batteries
    assert "Ferry Late" not in batteries


async def test_a_source_shows_its_week_and_how_late_it_was(site, redis: Redis, archive: ArchiveFiller):
    await Cursors(redis).record_poll(
        "harbour", Cursor(polled_at="2026-03-02T09:00:00Z", failures=2, error="503 from harbour")
    )
    for number in range(3):
        await archive.publish(f"Number {number}")
    listed = await read(site, "/sources")
    assert "3 releases in the last 7 days" in listed
    assert "503 from harbour" in listed
    assert "its robots.txt forbids" in listed
    shown = await read(site, "/sources/harbour")
    assert "printed → read" in shown


def test_a_week_is_drawn_with_its_busiest_hour_at_the_top():
    week = WeeklyStats(counts=[0] * (HOURS - 2) + [2, 4])
    assert week.path == "M166 24v-12.0h1v12.0zM167 24v-24.0h1v24.0z"
    assert week.words == "6 releases in the last 7 days; a day, oldest first: 0, 0, 0, 0, 0, 0, 6"


def test_delays_are_told_by_nearest_rank():
    found = delay_stage("listed → read", [float(second) for second in range(1, 101)])
    assert found is not None
    assert found.percentiles == [50, 90, 99]
    assert (found.counted, found.times) == (100, ["50 s", "90 s", "99 s"])
    assert [format_seconds(seconds) for seconds in (0.25, 119.0, 600.0, 7_200.0)] == ["0.2 s", "119 s", "10 min", "2 h"]


def test_the_way_of_an_alert_is_told_in_its_three_stretches(receipt):
    def moment(seconds: float) -> datetime:
        return BEGAN + timedelta(seconds=seconds)

    told = {"evt_one": b'{"data": {"release": {"source": "harbour", "published_at": "2026-03-02T09:00:00+00:00"}}}'}
    found = delay_stages([receipt(listed=moment(60), created=moment(62), settled=moment(65))], told, "harbour")
    assert [(stored.words, stored.percentiles[0]) for stored in found] == [
        ("printed → listed", 60), ("listed → read", 2), ("read → alerted", 3)
    ]  # fmt: skip
    assert delay_stages([receipt(listed=moment(60))], told, "another") == []


def test_the_token_is_guessed_a_few_times_a_minute():
    now = 0.0
    throttle = LoginThrottle(lambda: now)
    for _ in range(MAX_WRONG_PER_ADDRESS):
        assert throttle.wait("one") == 0
        throttle.failed("one")
    assert throttle.wait("one") == WINDOW_SECONDS
    assert throttle.wait("two") == 0
    for number in range(MAX_WRONG_FROM_UNKNOWN):
        throttle.failed(f"many {number}")
    assert throttle.wait("two") > 0
    now = WINDOW_SECONDS
    assert throttle.wait("one") == throttle.wait("two") == 0


async def test_who_guesses_the_token_in_the_form_has_to_wait(serve):
    async with serve(web={"token": "correct horse battery"}) as site:
        for _ in range(MAX_WRONG_PER_ADDRESS):
            assert (await send(site, "/login", token="wrong"))[0] == 401
        async with site.http.post("/login", data={"token": "correct horse battery"}, headers=FORM) as reply:
            assert (reply.status, int(reply.headers["Retry-After"]) > 0) == (429, True)
            assert "Too many wrong tokens" in await reply.text()


@given(q=st.text(UNICODE, max_size=40), tag=st.text(UNICODE, max_size=20))
@example(q="a'b\u202e\x7f\x00\n", tag='"]\nchannels = ["x')
def test_what_a_page_proposes_for_the_file_is_what_was_asked_for_and_all_of_it_is_shown(q: str, tag: str) -> None:
    lines = toml_lines(q, tag)
    (watch,) = tomllib.loads("\n".join(lines))["watches"].values()
    assert watch.get("query", "") == q.strip()
    assert watch.get("tags", [""]) == [tag.strip().lstrip("#")]
    assert all(line.isprintable() for line in lines)
