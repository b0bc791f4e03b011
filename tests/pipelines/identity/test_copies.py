"""The same release again, a look-alike, or a reissue: releases that say nothing of an earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from announcements import BODY, HEADLINE, NOW, again, judged, release, serial, stored

from pipelines.identity import identify
from stories.model.release import Release

BOILERPLATE = (
    "About Daily Mirror",
    "Daily Mirror carries the announcements of companies in Ellery, Corwen and the outer islands to 4,000 readers.",
)


def mojibake(text: str) -> str:
    return text.replace("'", "’").replace('"', "“").encode().decode("cp1252", "replace")


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(lambda r: r, id="word for word"),
        pytest.param(lambda r: replace(r, headline=r.headline.upper()), id="headline in capitals"),
        pytest.param(lambda r: replace(r, headline="Port Ellery gets a tidal battery"), id="re-angled headline"),
        pytest.param(lambda r: replace(r, headline=f"Energy Brief – {r.headline}"), id="rubric before the headline"),
        pytest.param(lambda r: replace(r, body=r.body + BOILERPLATE), id="other boilerplate"),
        pytest.param(lambda r: replace(r, body=("An editor's line of a syndicator.", *r.body)), id="paragraph added"),
        pytest.param(lambda r: replace(r, body=r.body[:1] + r.body[2:]), id="paragraph removed"),
        pytest.param(lambda r: replace(r, body=r.body[:2]), id="cut short"),
        pytest.param(lambda r: replace(r, body=(" ".join(r.body),)), id="one paragraph"),
        pytest.param(lambda r: replace(r, body=tuple(map(mojibake, r.body))), id="mojibake"),
        pytest.param(
            lambda r: replace(
                r, headline=mojibake(mojibake(r.headline)), body=tuple(mojibake(mojibake(p)) for p in r.body)
            ),
            id="mojibake of mojibake",
        ),
        pytest.param(
            lambda r: replace(r, body=(f"PORT ELLERY - Daily Newswire - 11 March 2026 - {r.body[0]}", *r.body[1:])),
            id="dateline left in the text",
        ),
        pytest.param(lambda r: replace(r, published_at=None, first_seen_at=None), id="no date"),
    ],
)
def test_a_copy_elsewhere_joins_the_story(copy):
    first = release()
    verdict = judged(copy(again(first)), stored(first))
    assert (verdict.kind, verdict.of, verdict.story) == ("copy", "rel_one", "sty_one"), verdict.why


def test_the_why_of_a_copy_names_release_and_source():
    first = release()
    assert judged(again(first), stored(first)).why == "same text as rel_one on harbour-wire"


def test_a_copy_that_links_to_the_wires_page_joins_by_the_wires_id():
    first = release(
        url="https://www.businesswire.com/news/home/20260310005124/en/Marlow-Harbour-Opens", source="business-wire"
    )
    teaser = release(
        "Tidal plant opens",
        ("Read it all at the wire.",),
        id="rel_2",
        source="daily-mirror",
        url="https://daily-mirror.example/2",
        original_url="https://www.businesswire.com/news/home/20260310005124/en/",
    )
    verdict = judged(teaser, stored(first))
    assert (verdict.kind, verdict.why) == (
        "copy",
        "wire id 20260310005124: rel_one on business-wire",
    )


def test_a_wire_id_read_from_a_pixel_ties_a_copy_to_the_original():
    first = release(url="https://www.media-outreach.com/news/hong-kong-sar/2026/03/10/404219/", wire_id=None)
    pixel = again(release("Another headline altogether", ("Short.",)), wire="Media OutReach Newswire", wire_id="404219")
    assert judged(pixel, stored(first)).of == "rel_one"


def test_a_release_nothing_resembles_is_new():
    other = release("Corwen Ferries Orders Two Ships", ("Corwen Ferries has ordered two ships from the yard at Lund.",))
    verdict = judged(again(other), stored(release()))
    assert (verdict.kind, verdict.of, verdict.story) == ("new", None, None)


@pytest.mark.parametrize(
    ("headline", "first_day", "next_day"),
    [
        ("Transaction in Own Shares", "9 March 2026", "10 March 2026"),
        ("Purchase of Own Shares", "2 March 2026", "9 March 2026"),
    ],
)
def test_the_next_issue_of_a_serial_is_new(headline, first_day, next_day):
    first = release(
        headline, serial(first_day, count="12,400", price="311.2", low="309", high="313", held="88,120,400")
    )
    following = again(
        release(headline, serial(next_day, count="9,150", price="314.9", low="312", high="316.5", held="88,111,250")),
        source="harbour-wire",
        published_at="2026-03-11T09:00:00+00:00",
    )
    assert judged(following, stored(first)).kind == "new"


def test_a_form_without_figures_is_new_on_another_day():
    body = ("The company announces its net asset value. Please see the attached document.",)
    first = release("Net Asset Value(s)", body)
    following = again(first, source="harbour-wire", published_at="2026-03-12T09:00:00+00:00")
    assert judged(following, stored(first)).kind == "new"


@pytest.mark.parametrize(
    ("old", "new"),
    [("Port Ellery", "Saint Corwen"), ("Marlow Harbour", "Vesper Quay"), ("First", "Second")],
    ids=["another place", "another company", "another plant"],
)
def test_a_template_with_another_name_in_headline_and_text_is_new(old, new):
    def swap(text: str) -> str:
        return text.replace(old, new).replace(old.lower(), new.lower())

    sibling = again(release(swap(HEADLINE), tuple(map(swap, BODY))), source="harbour-wire")
    assert judged(sibling, stored(release())).kind == "new"


def test_another_news_above_the_same_company_text_is_new():
    company = tuple(f"{paragraph} This stands in every release of the company." for paragraph in BODY)
    first = release(
        "Marlow Harbour Names Finance Chief",
        (
            "Marlow Harbour has named Tor Asken its head of finance, from May on. He comes from the county bank, "
            "where he spent eleven years.",
            *company,
        ),
    )
    second = again(
        release(
            "Marlow Harbour to Pay Dividend",
            (
                "A dividend of 14 crowns a share will be paid in June, the board of the company decided at its meeting "
                "on the island this week.",
                *company,
            ),
        )
    )
    assert judged(second, stored(first)).kind == "new"


def test_another_picture_above_the_same_life_of_its_painter_is_new():
    first = release(
        "Harbour Scene – A. Vane", ("Two boats wait for the tide; a boy counts the gulls on the wall.", *BODY)
    )
    second = release(
        "Harbour Scene – A. Vane", ("At low water an old woman digs for worms beside the lighthouse.", *BODY)
    )
    assert judged(again(second, source="harbour-wire"), stored(first)).kind == "new"


def test_the_next_stage_of_a_deal_is_new():
    first = release("Marlow Harbour Announces 40 Million Crown Share Offering")
    closing = tuple(p.replace("today opened", "has closed the sale that paid for").replace("will", "did") for p in BODY)
    second = again(release("Marlow Harbour Announces Closing of 40 Million Crown Share Offering", closing))
    assert judged(second, stored(first)).kind == "new"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("120 people", "210 people"),
        ("Ida Brandvold", "Ida Brandvoll"),
        ("26,000", "29,000"),
        ("Ida Brandvold,", "Ida Brandvold and Tor Asken,"),
    ],
    ids=["a figure", "a misspelt name", "an amount", "a name put in"],
)
def test_the_same_source_repairing_a_fact_without_a_notice_is_a_reissue(wrong, right):
    first = release()
    repaired = again(first, source="harbour-wire", body=tuple(p.replace(wrong, right) for p in BODY))
    verdict = judged(repaired, stored(first))
    assert (verdict.kind, verdict.of, verdict.story) == ("reissue", "rel_one", "sty_one")


def test_a_repaired_headline_over_the_same_text_is_a_copy():
    first = release(HEADLINE + "20")
    assert judged(again(release(), source="harbour-wire"), stored(first)).kind == "copy"


@pytest.mark.parametrize(
    "headline",
    [
        pytest.param("Ether Tops Its Record as Central Bankers Hint at Lower Rates", id="hardly a word of it"),
        pytest.param("Marlow Harbour Company Pays 475 Million Crowns for Rival QXTR Shipping", id="a name, a sum"),
    ],
)
def test_an_earlier_text_that_a_site_put_under_another_headline_by_mistake_is_new(headline):
    first = release()
    mistaken = replace(again(first, source=first.source), headline=headline)
    verdict = judged(mistaken, stored(first))
    assert verdict.kind == "new", verdict.why
    assert "which it lacks" in verdict.why
    elsewhere = replace(again(first), headline=headline)
    assert judged(elsewhere, stored(first)).kind == "copy", "an editor's own words for the same"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        pytest.param("Ida Brandvold", "Ida Lindemann", "reissue", id="another name"),
        pytest.param("Saint Corwen", "Saint Ulmer", "reissue", id="another place"),
        pytest.param("120 people", "210 people", "reissue", id="another figure"),
        pytest.param("Ida Brandvold", "Ida Brandvald", "copy", id="a name misspelt"),
        pytest.param("Ida Brandvold,", "Ida Brandvoldchief,", "copy", id="a name run together with what follows"),
        pytest.param("a site that stores", "a place that stores", "copy", id="a word that is no name"),
    ],
)
def test_another_name_on_another_site_is_a_correction_that_lost_its_marker(old, new, kind):
    first = release()
    other = replace(again(first), body=tuple(paragraph.replace(old, new) for paragraph in BODY))
    verdict = judged(other, stored(first))
    assert (verdict.kind, verdict.of) == (kind, "rel_one"), verdict.why


def test_a_month_written_short_is_the_same_month():
    first = release(body=tuple(paragraph.replace("4 May 2026", "September 4") for paragraph in BODY))
    copy = replace(again(first), body=tuple(paragraph.replace("September", "Sept") for paragraph in first.body))
    assert judged(copy, stored(first)).kind == "copy"


def test_a_thousand_with_a_comma_or_without_is_one_number():
    first = release()
    copy = replace(
        again(first), headline="Tidal plant to feed homes", body=tuple(p.replace(",000", "000") for p in BODY)
    )
    verdict = judged(copy, stored(first))
    assert verdict.kind == "copy", verdict.why
    assert " for " not in verdict.why


def test_a_headline_that_an_editor_took_from_the_text_tells_no_next_stage():
    body = (*BODY, "The harbour extended the lease of its quay by forty years so that the plant can stay.")
    first = release(body=body)
    copy = replace(
        again(first),
        headline="The harbour extended the lease of its quay by forty years",
        body=(*body[:2], "Prices of power rose on the day, and dealers spoke of a calm market.", *body[2:]),
    )
    verdict = judged(copy, stored(first))
    assert (verdict.kind, verdict.of) == ("copy", "rel_one"), verdict.why


def test_news_of_a_company_whose_first_release_was_headed_by_what_it_is_are_new():
    who = "Marlow Harbour Limited, a keeper of tidal energy in the far north, builds what the channel allows."
    first = release("Marlow Harbour Limited - A ReleaseStore of Tidal Energy", body=(who, *BODY[1:]))
    news = (
        "Buyers asked for two and a half times the bonds that were on offer on Thursday, the banks said.",
        "The book was closed within the hour, and the rate was set a little below what had been expected.",
        "Money from the sale goes to the second plant and to a cable across the sound, both to be ready in two years.",
    )
    later = again(first, headline="Bonds of Marlow Harbour Are Oversubscribed", body=(*news, *first.body),
                  published_at="2026-03-24T10:00:00+00:00")  # fmt: skip
    assert judged(later, stored(first)).kind == "new"


def test_a_placeholder_for_a_headline_tells_nothing():
    first = release()
    assert judged(replace(again(first, source=first.source), headline="Headline"), stored(first)).kind == "copy"


def test_the_same_headline_over_another_text_is_new():
    first = release("Marlow Harbour to Present")
    other = again(
        release(
            "Marlow Harbour to Present",
            (
                "The organisers of Sea Power Week will hear four companies on the second floor of the exchange, "
                "and tickets can be had at the door all morning.",
            ),
        )
    )
    assert judged(other, stored(first)).kind == "new"


CHINESE = (
    "港口能源有限公司今日宣布，其位于艾勒里港的首座潮汐储能电站正式投入运行，每天可储存四十八兆瓦时的电力，供应两万六千户家庭使用。",
    "公司总裁表示，第二座电站将于今年秋天在圣科文动工，预计投资三亿一千万元，并为当地创造一百二十个就业岗位。",
)


def test_a_chinese_copy_joins_and_a_chinese_sibling_does_not():
    first = release("港口能源首座潮汐储能电站投入运行", CHINESE)
    copy = again(
        release("港口能源：首座潮汐储能电站，投入运行", (CHINESE[0].replace("，", ","), CHINESE[1], "本网站转载。"))
    )
    assert judged(copy, stored(first)).kind == "copy"
    sibling = tuple(p.replace("艾勒里港", "北湾岛屿").replace("首座", "第三座") for p in CHINESE)
    assert judged(again(release("港口能源第三座潮汐储能电站投入运行", sibling)), stored(first)).kind == "new"


@pytest.mark.parametrize(("days", "kind"), [(20, "copy"), (376, "new")], ids=["within weeks", "next year"])
def test_a_yearly_campaign_told_again_with_much_of_its_old_text_is_new(days, kind):
    opening = (
        "The law firm of Orrin Vale has asked employers in the county to wear pink on one Friday of October and to "
        "give their staff an hour for an examination, since most who fall ill learn of it too late.",
        "Those who take part post a picture of their office, and the firm gives a sum to the clinic in Port Ellery for "
        "each of them. Schools and shops may join, too; a form lies at the town hall.",
    )
    added = tuple(
        f"{name} has taken part from the beginning and says that {what}, which nobody in the office had thought of."
        for name, what in (
            ("the bakery at the old bridge", "half of its guests asked what the colour meant and stayed to listen"),
            ("the ferry office", "two of its own people went to the clinic and came back relieved"),
            ("a school of nursing", "pupils now explain to parents how an examination is done"),
            ("the harbour library", "books on the matter are lent out all through the autumn"),
        )
    )
    first = release("Vale Firm Asks Employers to Think Pink", opening, published_at="2025-09-20T09:00:00+00:00")
    moment = datetime.fromisoformat("2025-09-20T09:00:00+00:00") + timedelta(days=days)
    second = again(
        first,
        source="harbour-wire",
        headline="Vale Firm Asks Employers to Think Pink and to Save Lives",
        body=opening + added,
        published_at=moment.isoformat(),
    )
    verdict = judged(second, stored(first))
    assert verdict.kind == kind, verdict.why


def test_the_closest_of_several_stories_is_joined():
    near = release(id="rel_near", body=(*BODY[:3], "Work on a second plant begins next year."))
    exact = release(id="rel_exact")
    verdict = judged(again(exact, number=9), stored(near, "sty_near"), stored(exact, "sty_exact"))
    assert (verdict.of, verdict.story) == ("rel_exact", "sty_exact")


def test_what_was_seen_after_now_does_not_count():
    later = release(first_seen_at="2027-01-01T00:00:00Z")
    assert identify(again(later), [stored(later)], NOW).kind == "new"


def test_a_page_without_text_is_the_same_only_elsewhere_and_at_once():
    first = release(body=())
    assert judged(again(first, body=()), stored(first)).kind == "copy"
    assert judged(again(first, body=(), source="harbour-wire"), stored(first)).kind == "new"
    assert judged(again(first, body=(), published_at="2026-03-20T00:00:00+00:00"), stored(first)).kind == "new"


def test_a_retransmission_is_a_copy_of_what_it_repeats():
    first = release()
    repeat: Release = again(release(f"RETRANSMISSION: {HEADLINE}"), source="harbour-wire")
    assert repeat.notice is not None
    assert judged(repeat, stored(first)).kind == "copy"
    assert judged(repeat).kind == "new"
