"""The fields of a release, one wire's habit at a time."""

from __future__ import annotations

import pytest

from config.source_settings import ReleaseHints
from crawler.extraction import extract_release
from crawler.extraction.fields.tags import find_tags
from stories.model.release import Image

URL = "https://ledger.example/business/7-story"
TEXT = "".join(
    f"<p>Barge number {number} of the Gull Line carried salt, rope and two hundred letters up the river last night.</p>"
    for number in range(1, 8)
)


def page(body: str = "", head: str = "", top: str = "") -> str:
    return (
        f"<html><head><title>Gull Line sails at night | Ledger</title>{head}</head><body><h1>Gull Line sails at night</h1>"  # noqa: E501
        f"{top}<div class='text'>{TEXT}{body}</div></body></html>"
    )


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Hashtag: #HKSTPThe issuer is solely responsible for the content of this announcement.", ("HKSTP",)),
        ("Hashtag: #I&T #Belt&Road", ("I&T", "Belt&Road")),
        ("#beijingtea, #studentguides,", ("beijingtea", "studentguides")),
        ("＃海燈 ＃香港", ("海燈", "香港")),
        ("＃Ｉ＆Ｔ ＃I＆T #創科", ("I&T", "創科")),
        ("標籤: #海燈, #香港", ("海燈", "香港")),
        ("ハッシュタグ：#灯台#ロボット", ("灯台", "ロボット")),
        ("해시태그: #등대 #로봇", ("등대", "로봇")),
        ("#GullLinehttps://www.gull.example/", ("GullLine",)),
        ("Hashtag: #GullLineAbout Gull Line", ("GullLine",)),
        ("#Gull#Line #gull", ("Gull", "Line")),
        ("We are the #1 of three, see page#top and &#39;", ()),
    ],
)
def test_hashtags_end_where_they_end(text, tags):
    assert find_tags([text]) == tags


@pytest.mark.parametrize(
    "tail",
    [
        "<div>Hashtag: #GullLine, #ropes</div><div><a href='https://gull.example/a'>https://gull.example/a</a></div>"
        "<p>The issuer is solely responsible for the content of this announcement.</p>",
        "<div>Hashtag: #GullLine, #ropes</div><p>The issuer is solely responsible for the content of this announcement.</p>"  # noqa: E501
        "<h3>About Gull Line</h3><p>Gull Line has carried letters by night since 1899, and salt since 1931.</p>",
        "</div><div class='end'>#GullLine #ropes</div><div>",
        "</div><div><span>#GullLine</span> <span>#ropes</span></div><h3>Related stories</h3><div>#Trending #Now</div><div>",  # noqa: E501
    ],
    ids=["before links", "before the disclaimer", "behind the text", "before other stories"],
)
def test_hashtags_are_read_wherever_the_article_ends_with_them(tail):
    release = extract_release(
        page(tail).replace("<body>", "<body><article>").replace("</body>", "</article></body>"), URL
    )

    assert release.tags == ("GullLine", "ropes")
    assert len(release.body) == 7


def test_a_tail_glued_together_comes_apart():
    tail = (
        "<p>Hashtag: #HKSTP #I&amp;T #Belt&amp;Road https://www.facebook.com/gullsThe issuer is solely responsible for the "  # noqa: E501
        "content of this announcement.About HKSTP</p><p>HKSTP is a park by the sea where barges are built.</p>"
    )

    release = extract_release(page(tail), URL)

    assert release.tags == ("HKSTP", "I&T", "Belt&Road")
    assert release.disclaimer == "The issuer is solely responsible for the content of this announcement."
    assert release.about == ("About HKSTP", "HKSTP is a park by the sea where barges are built.")
    assert len(release.body) == 7


def test_hashtags_of_a_sidebar_are_not_the_releases():
    beside = "</div><aside><div>#Trending #Now</div></aside><footer><p>#Footer</p></footer><div>"

    assert extract_release(page(beside), URL).tags == ()


SHORT = "<p>GULLHAVEN, June 22, 2026 /Tidings/ -- The Gull Line sails at night from the first of May, its harbour master said.</p>"  # noqa: E501


@pytest.mark.parametrize(
    "tail",
    [
        "<p>SOURCE Gull Line</p>",
        "<p>###</p>",
        "<p>The issuer is solely responsible for the content of this announcement.</p>",
    ],
)
def test_a_short_release_ends_at_its_end_mark_too(tail):
    teasers = "".join(
        f"<li><a href='/story-{n}'>Heron Works Launches Barge Number {n} at Noon</a></li>" for n in range(4)
    )
    html = (
        f"<html><head><title>Gull Line sails at night</title></head><body><article><h1>Gull Line sails at night</h1>"
        f"<div>{SHORT}{tail}<p><b>About Gull Line</b></p><p>Gull Line has carried letters by night since 1899.</p></div></article>"  # noqa: E501
        f"<section><h2>Also from this source</h2><ul>{teasers}</ul></section></body></html>"
    )

    release = extract_release(html, URL)

    assert release.body == ("The Gull Line sails at night from the first of May, its harbour master said.",)
    assert release.about == ("About Gull Line", "Gull Line has carried letters by night since 1899.")


@pytest.mark.parametrize("source", ["<p>SOURCE Gull Line</p>", ""], ids=["with a source line", "without"])
@pytest.mark.parametrize(
    "beside",
    [
        "<h2>Newest</h2><ul><li><a href='/4'>Heron Works Launches Barge Number 4 at Noon</a></li>"
        "<li><a href='/5'>Heron Works Launches Barge Number 5 at Noon</a></li></ul>",
        "<h2>Newest</h2><div><a href='/4'><h3>Heron Works Launches Barge Number 4 at Noon</h3></a>"
        "<p>Heron Works of Gullhaven said that its fourth barge will be launched at noon on the first of May and that...</p></div>",  # noqa: E501
        "<h4>Newest</h4><p><a href='/4'>Heron Works Launches Barge Number 4 at Noon</a></p>",
    ],
    ids=["list", "card", "link"],
)
def test_a_notice_of_one_paragraph_takes_nothing_from_beside_it(source, beside):
    notice = (
        "We are advised by Gull Line that journalists and other readers should disregard the news release, Gull Line Sails "  # noqa: E501
        "at Night, issued June 21, 2026 over Tidings."
    )
    html = (
        "<html><head><title>/DISREGARD RELEASE: Gull Line/</title></head><body><article><h1>/DISREGARD RELEASE: Gull Line/</h1>"  # noqa: E501
        f"<p>News provided by</p><p>Jun 22, 2026, 04:01 ET</p><section><div><p>{notice}</p>{source}</div></section></article>"  # noqa: E501
        f"<section>{beside}</section></body></html>"
    )

    assert extract_release(html, URL).body == (notice,)


def test_the_wires_pixel_ties_a_syndicated_copy_to_its_original():
    pixel = '<img src="https://track.media-outreach.com/index.php/WebView/404219/279561" width="1" height="1">'

    release = extract_release(page(pixel), URL)

    assert (release.wire, release.wire_id) == ("Media OutReach Newswire", "404219")
    assert release.images == ()


@pytest.mark.parametrize(
    ("pixel", "wire", "wire_id"),
    [
        ("//track.media-outreach.com/index.php/WebView/404219/279561", "Media OutReach Newswire", "404219"),
        ("https://cts.businesswire.com/ct/CT?id=bwnews&sty=20190307005409r1&sid=x&distro=ftp", "Business Wire", "20190307005409"),  # noqa: E501
        ("https://rt.prnewswire.com/rt.gif?NewsItemId=HK12345&Transmission_Id=1", "PR Newswire", "HK12345"),
        ("https://eqs-cockpit.com/cgi-bin/fncls.ssp?fn=show_t_gif&application_id=1621957&site_id=x", "EQS News", "1621957"),  # noqa: E501
        ("https://www.accesswire.com/img.ashx?id=912345", "ACCESS Newswire", "912345"),
        ("https://api.newsfilecorp.com/newsinfo/60535/236", "Newsfile", "60535"),
    ],
)  # fmt: skip
def test_a_wires_pixel_names_the_wire_and_is_no_picture(pixel, wire, wire_id):
    release = extract_release(page(f'<p><img src="{pixel}" alt="x"></p>'), URL)

    assert (release.wire, release.wire_id) == (wire, wire_id)
    assert release.images == ()


@pytest.mark.parametrize(
    ("line", "wire", "wire_id"),
    [
        ("EQS News ID: 1621957", "EQS News", "1621957"),
        ("EQS News ID:</td><td>1621957", "EQS News", "1621957"),
        ("DGAP-News ID : 1621957", "EQS News", "1621957"),
        ("MEDIA RELEASE PR67276", "AsiaNet", "PR67276"),
        ("To view the source version of this press release, please visit https://www.newsfilecorp.com/release/60535", "Newsfile", "60535"),  # noqa: E501
        ("View source version on newsdirect.com: https://newsdirect.com/news/gull-line-sails-193700411", "News Direct", "193700411"),  # noqa: E501
    ],
)  # fmt: skip
def test_the_text_itself_may_name_the_wire_and_its_id(line, wire, wire_id):
    release = extract_release(page(f"<table><tr><td>{line}</td></tr></table>"), URL)

    assert (release.wire, release.wire_id) == (wire, wire_id)
    assert wire_id not in release.text


@pytest.mark.parametrize(
    ("url", "wire", "wire_id"),
    [
        (
            "https://www.media-outreach.com/news/hong-kong-sar/2026/03/09/404219/gull-line/",
            "Media OutReach Newswire",
            "404219",
        ),
        ("https://www.businesswire.com/news/home/20190307005409/en/", "Business Wire", "20190307005409"),
        ("https://www.prnewswire.com/apac/news-releases/gull-line-sails-302847114.html", "PR Newswire", "302847114"),
        ("https://www.globenewswire.com/en/news-release/2026/10/02/3373999/0/en/Gull.html", "GlobeNewswire", "3373999"),
        ("https://www.newsfilecorp.com/release/60535/Gull", "Newsfile", "60535"),
        ("https://en.prnasia.com/releases/apac/gull-line-523616.shtml", "PR Newswire", "523616"),
        ("https://www.24-7pressrelease.com/press-release/512345/gull", "24-7 Press Release", "512345"),
        ("https://hong-kong.media-outreach.com/news/hong-kong/2019/11/20/21203/gull", "Media OutReach Newswire", "21203"),  # noqa: E501
        ("http://www.media-outreach.com/release.php/View/404219#Contact", "Media OutReach Newswire", "404219"),
        ("https://www.newswire.ca/news-releases/gull-line-sails-at-night-885168229.html", "CNW", "885168229"),
        ("https://www.prnasia.com/story/523613-1.shtml", "PR Newswire", "523613"),
        ("https://www.accessnewswire.com/newsroom/en/marine/gull-line-sails-1023456", "ACCESS Newswire", "1023456"),
        ("https://www.eqs-news.com/news/corporate/gull/0f9a3f1e-1b2c-4d5e-8f90-123456789abc_en", "EQS News", "0f9a3f1e-1b2c-4d5e-8f90-123456789abc"),  # noqa: E501
        ("https://www.eqs-news.com/de/news/adhoc/moewenlinie-ag/1621957", "EQS News", "1621957"),
        ("https://www.acnnewswire.com/press-release/english/91234/gull-line", "ACN Newswire", "91234"),
        ("http://www.jcnnewswire.com/Article.aspx?artid=12345&sid=3&headline=Gull", "JCN Newswire", "12345"),
        ("https://newsdirect.com/news/gull-line-sails-193700411", "News Direct", "193700411"),
        ("https://www.newmediawire.com/news/gull-line-sails-7083123", "NewMediaWire", "7083123"),
        ("https://kyodonewsprwire.jp/release/202611221234", "Kyodo News PR Wire", "202611221234"),
        (URL, None, None),
    ],
)  # fmt: skip
def test_the_wire_and_its_id_are_in_the_address(url, wire, wire_id):
    release = extract_release(page(), url)

    assert (release.wire, release.wire_id) == (wire, wire_id)


@pytest.mark.parametrize("line", ["Jan 29, 2026, 07:00 ET", "29.01.2026, 13:00 Uhr", "2026年1月29日 20:00"])
def test_a_printed_date_is_no_paragraph_but_says_when(line):
    body = page().replace("<div class='text'>", f"<div class='text'><p class='mb-no'>{line}</p>")

    release = extract_release(body, URL, ReleaseHints(timezone="Asia/Hong_Kong"))

    assert len(release.body) == 7
    assert all(text.startswith("Barge number") for text in release.body)
    assert release.published_at is not None
    assert release.published_at.startswith("2026-01-29")


def test_what_a_correction_says_above_its_dateline_is_text_and_no_subheadline():
    advisory = (
        "In the news release, Gull Line sails at noon, issued June 21, 2026 by Gull Line over Tidings, we are advised by "  # noqa: E501
        "the company that the first paragraph named the wrong hour. Complete, corrected release follows:"
    )
    first = "The barges of the Gull Line leave at eleven at night, when the river is free of rafts and rowing clubs."
    html = (
        "<html><head><title>/C O R R E C T I O N -- Gull Line/</title></head><body><h1>/C O R R E C T I O N -- Gull Line/</h1>"  # noqa: E501
        f"<div><p>{advisory}</p><p>Gull Line sails at night</p><p>GULLHAVEN, June 22, 2026 /Tidings/ -- {first}</p>{TEXT}</div></body></html>"  # noqa: E501
    )

    release = extract_release(html, URL)

    assert release.subheadline is None
    assert release.body[:3] == (advisory, "Gull Line sails at night", first)


def test_a_view_source_line_names_the_original_and_is_no_text():
    line = (
        '<p>View source version on businesswire.com: <a href="https://www.businesswire.com/news/home/20190307005409/en/">'
        "https://www.businesswire.com/news/home/20190307005409/en/</a></p>"
    )

    release = extract_release(page(line), URL)

    assert release.original_url == "https://www.businesswire.com/news/home/20190307005409/en/"
    assert (release.wire, release.wire_id) == ("Business Wire", "20190307005409")
    assert "businesswire" not in release.text


def test_source_line_and_what_follows_it_are_no_text_but_name_the_issuer():
    tail = '<p>SOURCE Gull Line Ltd.</p><h4>Related Links</h4><p><a href="https://gull.example">gull.example</a></p>'

    release = extract_release(page(tail), URL)

    assert release.issuer == "Gull Line Ltd."
    assert release.text.endswith("up the river last night.")


def test_contacts_stand_apart_from_the_text():
    tail = "<p>###</p><p><b>Media contact:</b><br>Ada Tern<br>+44 20 5550 1234<br>ada@gull.example</p>"

    release = extract_release(page(tail), URL)

    assert release.contacts == ("Media contact:", "Ada Tern", "+44 20 5550 1234", "ada@gull.example")
    assert "Ada" not in release.text


def test_contacts_behind_the_text_are_read_and_the_address_of_the_original_is_none_of_them():
    version = "https://www.businesswire.com/news/home/20260622005409/en/"
    html = page(
        f"<p>View source version on businesswire.com:<br><a href='{version}'>{version}</a></p></div>"
        "<div class='people'><h2>Contacts</h2><p>Gull Line<br>Ada Tern, 617-555-0177</p></div>"
        "<div class='more'><a href='/4'>Heron Works Launches Barge Number 4 at Noon</a>"
    )

    release = extract_release(html, URL, ReleaseHints(body=".text, .people, .more"))

    assert release.contacts == ("Contacts", "Gull Line", "Ada Tern, 617-555-0177")
    assert release.original_url == version
    assert len(release.body) == 7


@pytest.mark.parametrize("dateline", ["Husum, 6. August 2026 – ", ""], ids=["with a dateline", "without"])
def test_what_eqs_prints_around_a_release_is_none_of_it(dateline):
    text = (
        "Die Möwenlinie AG hat in der vergangenen Nacht Salz, Seile und zweihundert Briefe den Fluss hinauf gebracht."
    )
    sent = (
        "Veröffentlichung einer Insiderinformation nach Artikel 17 der Verordnung (EU) Nr. 596/2014, übermittelt durch"
    )
    html = (
        "<html><head><title>Möwenlinie AG fährt bei Nacht</title></head><body><h1>Möwenlinie AG fährt bei Nacht</h1><div>"  # noqa: E501
        "<p>EQS-News: Möwenlinie AG / Schlagwort(e): Sonstiges</p>"
        "<p>06.08.2026 / 07:30 CET/CEST<br>Für den Inhalt der Mitteilung ist der Emittent / Herausgeber verantwortlich.</p>"  # noqa: E501
        f"<p>{dateline}{text}</p><p>{text.replace('Salz', 'Korn')}</p><p>{text.replace('Salz', 'Teer')}</p>"
        f"<p>06.08.2026 CET/CEST {sent} EQS News - ein Service der EQS Group AG.</p></div></body></html>"
    )

    release = extract_release(html, URL)

    assert release.body == (text, text.replace("Salz", "Korn"), text.replace("Salz", "Teer"))
    assert release.about == ()
    assert release.subheadline is None
    assert release.issuer == "Möwenlinie AG"
    assert release.disclaimer == "Für den Inhalt der Mitteilung ist der Emittent / Herausgeber verantwortlich."


@pytest.mark.parametrize("line", ["<h2>{}</h2>", "<p>{}</p>", "<header><p><b>{}</b></p></header>"])
def test_a_subheadline_that_nothing_names_is_read_beside_a_hinted_body(line):
    subheadline = "CORRECTION...by Gull Line"
    html = page(top=line.format(subheadline) + "<time>June 22, 2026</time>")
    html = html.replace("Barge number 1", "GULLHAVEN--(BUSINESS WIRE)--Barge number 1")

    assert extract_release(html, URL, ReleaseHints(body=".text")).subheadline == subheadline


@pytest.mark.parametrize(
    ("head", "top", "hints", "published"),
    [
        ('<meta property="article:published_time" content="2026-03-09T09:00:00+08:00">', "", {}, "2026-03-09T09:00:00+08:00"),  # noqa: E501
        ('<meta name="date" content="2026-03-09">', "<p>9 March 2026, 08:30 ET</p>", {}, "2026-03-09T08:30:00-04:00"),
        ('<meta name="date" content="2026-03-09T09:00:00">', "", {"timezone": "Asia/Hong_Kong"}, "2026-03-09T09:00:00+08:00"),  # noqa: E501
        ('<meta name="date" content="2026-03-09T09:00:00">', "", {}, "2026-03-09"),
        ('<meta name="DC.date.issued" content="4/6/2016">', "", {}, None),
        (
            '<script type="application/ld+json">{"@type": "NewsArticle", "Headline": "Gull Line sails at night", '
            '"DatePublished": "2026-03-09T09:00:00Z"}</script>',
            "",
            {},
            "2026-03-09T09:00:00+00:00",
        ),
        ("", "<p>09.03.2026 / 07:30 CET/CEST</p>", {}, "2026-03-09T07:30:00+01:00"),
        ("", "<span class='when'>9 March 2026 18:00</span>", {"published": ".when", "timezone": "Asia/Hong_Kong"}, "2026-03-09T18:00:00+08:00"),  # noqa: E501
        ("", "", {}, None),
    ],
    ids=["offset", "printed time", "source's zone", "no zone", "ambiguous", "wrong-case keys", "eqs", "hint", "nothing"],  # noqa: E501
)  # fmt: skip
def test_published_at_is_what_the_page_says_and_never_a_guess(head, top, hints, published):
    assert extract_release(page(head=head, top=top), URL, ReleaseHints(**hints)).published_at == published


def test_an_embargo_is_a_moment_with_its_offset():
    release = extract_release(page(top="<p>EMBARGOED UNTIL: 9 March 2026, 10:00 GMT</p>"), URL)

    assert release.embargoed_until == "2026-03-09T10:00:00+00:00"


@pytest.mark.parametrize("name", ["feedtrack/notice.gif?feedid=7", "pixel.gif?id=7", "1x1.png", "spacer.gif"])
def test_what_only_counts_readers_is_no_picture(name):
    assert extract_release(page(f'<img src="https://feeds.ledger.example/{name}">'), URL).images == ()


def test_images_are_absolute_with_their_captions_and_without_logos():
    figures = (
        '<figure><img src="/images/barge.jpg"><figcaption>The first barge at dawn</figcaption></figure>'
        '<img src="/images/logo.png"><img src="data:image/gif;base64,R0lGOD" data-src="/images/rope.jpg">'
    )

    release = extract_release(page(figures), URL)

    assert release.images == (
        Image(url="https://ledger.example/images/barge.jpg", caption="The first barge at dawn"),
        Image(url="https://ledger.example/images/rope.jpg"),
    )
    assert "at dawn" not in release.text


def test_paragraphs_that_line_breaks_part_are_no_captions_of_a_picture_among_them():
    lines = [
        f"Ferry number {number} of the Gull Line carried salt and rope up the river last night." for number in range(6)
    ]
    picture = "<img src='/ferry.jpg' alt=''>"

    release = extract_release(page(f"<div>{picture}{'<br><br>'.join(lines)}</div>{TEXT.replace('Barge', 'Raft')}"), URL)

    assert release.body[7:13] == tuple(lines)
    assert [image.caption for image in release.images] == [None]


def test_a_paragraph_whose_class_says_caption_is_one():
    caption = (
        "The first barge at dawn, seen from the lock by Ada Tern, who has kept it for the Gull Line for nine years."
    )
    html = page(f"<p class='icaption_floating'>{caption}</p>{TEXT.replace('Barge', 'Raft')}")

    assert len(extract_release(html, URL).body) == 14


def test_tables_are_rows_of_cells_and_lists_a_line_each():
    body = (
        "<h3>What was carried</h3><ul><li>Salt from the pans of the eastern shore</li><li>Rope of the new walk</li></ul>"  # noqa: E501
        "<table><tr><th>Barge</th><th>Tonnes</th></tr><tr><td>Heron</td><td>41</td></tr></table>"
        "<p>All of it had reached the upper lock by the time that the town woke up.</p>"
    )

    assert extract_release(page(body), URL).body[7:] == (
        "What was carried",
        "Salt from the pans of the eastern shore",
        "Rope of the new walk",
        "| Barge | Tonnes |",
        "| Heron | 41 |",
        "All of it had reached the upper lock by the time that the town woke up.",
    )


def test_hints_say_where_the_text_is_and_what_is_none_of_it():
    body = f"<div class='story'>{TEXT.replace('Barge', 'Ferry')}<p class='teaser-line'>Ferry tickets are sold at the kiosk on the quay.</p></div>"  # noqa: E501
    hints = ReleaseHints(body=".story", drop=(".teaser-line",), url=r"/(?P<id>\d+)-story", wire="Gull Wire")

    release = extract_release(page(body), URL, hints)

    assert len(release.body) == 7
    assert all(text.startswith("Ferry number") for text in release.body)
    assert (release.wire, release.wire_id) == ("Gull Wire", "7")


def test_two_companies_have_two_about_sections():
    tail = (
        "<h4>About Gull Line</h4><p>Gull Line has carried letters by night since 1899.</p>"
        "<h4>About Heron Works</h4><p>Heron Works builds barges of wood and tar.</p>"
    )

    release = extract_release(page(tail), URL)

    assert release.about == (
        "About Gull Line",
        "Gull Line has carried letters by night since 1899.",
        "About Heron Works",
        "Heron Works builds barges of wood and tar.",
    )
    assert release.issuer == "Gull Line"


PEOPLE = "Ada Tern<br>Gull Line Ltd.<br>+44 20 5550 1234<br>ada@gull.example"
ABOUT = "<h3>About Gull Line</h3><p>Gull Line has carried letters by night since 1899, and salt since 1931.</p>"
HEADINGS = [
    "Media contact",
    "Media Contact:",
    "MEDIA CONTACTS",
    "Press contact",
    "Press Contact:",
    "For media enquiries:",
    "For media enquiries, please contact:",
    "Media Enquiries",
    "Media relations",
    "Investor Relations",
    "Investor Contact:",
    "Contact",
    "Contacts:",
    "Contact Details",
    "Contact Information",
    "Company Contact",
    "Further information:",
    "For more information, please contact:",
    "Pressekontakt",
    "Pressekontakt:",
    "Kontakt",
    "Medienkontakt",
    "Ansprechpartner für die Presse",
    "Rückfragen bitte an:",
    "Weitere Informationen:",
    "Kontakt für Rückfragen",
    "Contact presse",
    "Contacts presse :",
    "Contact médias",
    "Relations presse",
    "Pour plus d'informations :",
    "Renseignements :",
    "Service de presse",
    "Contacto",
    "Contacto de prensa",
    "Contacto para medios:",
    "Contactos de prensa",
    "Para más información:",
    "Contato",
    "Contato para a imprensa",
    "Assessoria de imprensa",
    "Contacto de imprensa",
    "Informações para a imprensa:",
    "媒體查詢",
    "媒體聯絡",
    "傳媒查詢",
    "傳媒查詢：",
    "新聞聯絡人",
    "如有查詢，請聯絡：",
    "媒体联系",
    "媒体联系人：",
    "联系方式",
    "新闻联系人",
    "联系我们",
    "お問い合わせ",
    "お問い合わせ先",
    "本件に関するお問い合わせ先",
    "報道関係者お問い合わせ先",
    "【お問い合わせ先】",
    "언론 문의",
    "문의:",
    "연락처",
    "미디어 문의처",
    "보도자료 문의",
    "Liên hệ",
    "Liên hệ báo chí",
    "Thông tin liên hệ:",
    "Liên hệ truyền thông:",
]


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize(
    "tail", ["{about}<p><b>{heading}</b></p><p>{people}</p>", "<h4>{heading}</h4><p>{people}</p>{about}"]
)
def test_contacts_are_told_by_their_heading_in_any_language(heading, tail):
    release = extract_release(page(tail.format(about=ABOUT, heading=heading, people=PEOPLE)), URL)

    assert release.contacts == (heading, "Ada Tern", "Gull Line Ltd.", "+44 20 5550 1234", "ada@gull.example")
    assert release.about == (
        "About Gull Line",
        "Gull Line has carried letters by night since 1899, and salt since 1931.",
    )
    assert len(release.body) == 7


@pytest.mark.parametrize(
    "tail",
    [
        f"{ABOUT}<p>{PEOPLE}</p>",
        ABOUT + "".join(f"<p>{line}</p>" for line in PEOPLE.split("<br>")),
        f"<p>###</p><p>{PEOPLE}</p>",
        f"<p>{PEOPLE}</p>{ABOUT}",
    ],
    ids=["lines behind the company", "paragraphs behind the company", "behind the end", "before the company"],
)
def test_contacts_without_a_heading_are_told_by_their_numbers_and_addresses(tail):
    release = extract_release(page(tail), URL)

    assert release.contacts == ("Ada Tern", "Gull Line Ltd.", "+44 20 5550 1234", "ada@gull.example")
    assert len(release.body) == 7
    assert "Ada" not in release.text


@pytest.mark.parametrize(
    "line",
    [
        "Tickets may be had by calling the harbour office: +44 20 5550 1234, or at the quay on the night itself",
        "The Gull Line sold 5550 1234 tonnes of salt in 2025-2026, and its barges sailed 1931 times up the river.",
    ],
)
def test_a_number_in_a_sentence_is_no_contact(line):
    release = extract_release(page(f"<p>{line}</p>"), URL)

    assert release.body[-1] == line
    assert release.contacts == ()


EQS_TABLE = (
    "<table><tr><td>{0}</td><td>{1}</td></tr><tr><td>{2}</td><td>Gull Line AG</td></tr><tr><td>ISIN:</td><td>DE0005140008</td></tr>"  # noqa: E501
    "<tr><td>WKN:</td><td>514000</td></tr><tr><td>EQS News ID:</td><td>1621957</td></tr></table>"
)


@pytest.mark.parametrize(
    "tail",
    [
        "<p>End of Inside Information</p><p>The EQS Distribution Services include Regulatory Announcements and Press Releases.</p>"  # noqa: E501
        + EQS_TABLE.format("Language:", "English", "Company:")
        + "<p>End of Announcement</p><p>EQS News Service</p>",
        "<p>Ende der Insiderinformation</p><hr><p>02.05.2023 CET/CEST Die EQS Distributionsservices umfassen gesetzliche "  # noqa: E501
        "Meldepflichten und Pressemitteilungen.<br>Medienarchiv unter https://eqs-news.com</p>"
        + EQS_TABLE.format("Sprache:", "Deutsch", "Unternehmen:")
        + "<p>Ende der Mitteilung</p><p>EQS News-Service</p>",
        "<p>Additional features:</p><p>Picture: https://gull.example/1.jpg<br>Picture title: Barge 7 at night</p>"
        "<p>File: https://gull.example/x.pdf<br>File description: The release</p>"
        + EQS_TABLE.format("Language:", "English", "Company:"),
    ],
    ids=["inside information", "Insiderinformation", "additional features"],
)
def test_what_eqs_hangs_on_is_none_of_the_release(tail):
    release = extract_release(page(tail), URL)

    assert len(release.body) == 7
    assert (release.wire, release.wire_id) == ("EQS News", "1621957")
    assert release.tickers == ("ISIN:DE0005140008",)
    assert release.contacts == ()


def test_behind_the_inside_information_the_issuer_may_go_on():
    explained = "The Gull Line is the oldest of the river, and its barges are well known to the people of the town."
    tail = (
        "<p>End of Inside Information</p><p>Information and Explanation of the Issuer to this News:</p>"
        f"<p>{explained}</p>" + EQS_TABLE.format("Language:", "English", "Company:")
    )

    assert extract_release(page(tail), URL).body[7:] == (
        "Information and Explanation of the Issuer to this News:",
        explained,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Über die Möwenlinie", "Die Möwenlinie bringt seit 1899 Briefe bei Nacht den Fluss hinauf."),
         ("Über Reiherwerke GmbH", "Die Reiherwerke bauen Kähne aus Holz und Teer.")),
        (("À propos de Gull Line", "Gull Line transporte des lettres la nuit depuis 1899."),
         ("À propos d'Heron", "Heron construit des barges de bois et de goudron.")),
        (("Acerca de Gull Line", "Gull Line lleva cartas de noche desde 1899."),
         ("Sobre Heron", "Heron construye barcazas de madera y alquitrán.")),
        (("Sobre a Gull Line", "A Gull Line leva cartas à noite desde 1899."),
         ("Sobre a Heron", "A Heron constrói barcaças de madeira e alcatrão.")),
        (("關於海鷗航運", "海鷗航運自1899年起在夜間運送信件，總部設於海鷗港，員工三百人。"),
         ("關於蒼鷺船廠", "蒼鷺船廠以木材和焦油建造駁船，已有九十年歷史，船隻遍佈全河。")),
        (("关于海鸥航运", "海鸥航运自1899年起在夜间运送信件，总部设于海鸥港，员工三百人。"),
         ("关于苍鹭船厂", "苍鹭船厂以木材和焦油建造驳船，已有九十年历史，船只遍布全河。")),
        (("カモメ汽船について", "カモメ汽船は1899年から夜間に手紙を運んでいる会社です。"),
         ("アオサギ造船について", "アオサギ造船は木とタールではしけを造っている会社です。")),
        (("갈매기해운 소개", "갈매기해운은 1899년부터 밤마다 편지를 나르는 회사입니다."),
         ("왜가리조선 소개", "왜가리조선은 나무와 타르로 바지선을 만드는 회사입니다.")),
        (("Về Hải Âu", "Hải Âu chở thư vào ban đêm từ năm 1899 đến nay."),
         ("Về Diệc Xám", "Diệc Xám đóng sà lan bằng gỗ và hắc ín tại cảng.")),
    ],
    ids=["de", "fr", "es", "pt", "zh-Hant", "zh-Hans", "ja", "ko", "vi"],
)  # fmt: skip
def test_two_companies_have_two_about_sections_in_any_language(one, other):
    tail = "".join(f"<p><b>{heading}</b></p><p>{text}</p>" for heading, text in (one, other))

    release = extract_release(page(tail), URL)

    assert release.about == (*one, *other)
    assert len(release.body) == 7


def test_a_company_told_of_in_one_line_has_its_section_too():
    line = "About Gull Line: Gull Line has carried letters by night since 1899 and is proud of it."

    release = extract_release(page(f"<p>{line}</p>"), URL)

    assert (release.about, len(release.body)) == ((line,), 7)


@pytest.mark.parametrize(
    ("heading", "title", "headline"),
    [
        ("海鷗航運夜間啟航", "海鷗航運", "海鷗航運夜間啟航"),
        ("海鷗航運夜間啟航", "海鷗航運夜間啟航 | 海港日報", "海鷗航運夜間啟航"),
        ("航運", "海鷗航運夜間啟航 | 海港日報", "海鷗航運夜間啟航"),
    ],
    ids=["the title names the site", "the title has it too", "the heading names the section"],
)
def test_a_chinese_headline_is_told_from_the_names_of_site_and_section(heading, title, headline):
    html = page().replace("<h1>Gull Line sails at night</h1>", f"<h1>{heading}</h1>")

    assert extract_release(html.replace("Gull Line sails at night | Ledger", title), URL).headline == headline


@pytest.mark.parametrize("company", ["Gull Line Inc.", "Gull Line, Ltd.", "Gull Line S.p.A.", "Gull Line plc"])
def test_the_first_about_section_names_the_issuer_whatever_its_legal_form(company):
    tail = (
        f"<p><b>About {company}</b></p><p>{company} has sailed between the islands of the north since 1911 and carries "
        "people, mail and sheep.</p>"
    )

    assert extract_release(page(tail), URL).issuer == company
