"""No paragraph of a text is lost without a sign: to a date in the middle, to a heading, to a repeated headline."""

from __future__ import annotations

import json

import pytest

from crawler.extraction import NotARelease, extract_release

URL = "https://gull.example/news/barge-12"
HEADLINE = "Gull Line Opens a Second Quay at Saltport"
FIRST = "Gull Line opened its second quay at Saltport this week and moved the first forty barges of salt through it in two days."  # noqa: E501
SECOND = "The quay took eleven months to build, and the town's own masons laid the last stone in front of two thousand guests."  # noqa: E501
THIRD = "A third crane follows in the autumn, when the line expects to carry half of the valley's rope and a fifth of its wool."  # noqa: E501


def page(*paragraphs: str, headline: str = HEADLINE, language: str = "en") -> str:
    text = "".join(paragraph if paragraph.startswith("<") else f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<html lang="{language}"><head><title>{headline}</title></head><body><main><article><h1>{headline}</h1>{text}'
        "</article></main></body></html>"
    )


PERIODS = (
    "Period 14 April 2026 - 29 August 2027: the quay is open to barges of up to nine hundred tonnes on all days.",
    "Zeitraum 14.04.2026 – 29.08.2027: der Kai ist an allen Tagen für Kähne bis neunhundert Tonnen offen und beleuchtet.",  # noqa: E501
    "Vom 3. März 2026 – 5. Mai 2026 bleibt der alte Kai für alle Kähne geschlossen, die mehr als neunhundert Tonnen haben.",  # noqa: E501
    "Fechas: 14 de abril de 2026 – 29 de agosto de 2027, el muelle estará abierto todos los días a las barcazas grandes.",  # noqa: E501
    "PARIS, 14 April 2026 – the line's agents in the city sell places on the salt barges until the end of the summer.",
    "Du 3 mars 2026 – 5 mai 2026, le vieux quai reste fermé à toutes les barges de plus de neuf cents tonnes du fleuve.",  # noqa: E501
    "Season 1 May 2026 – 30 September 2026 brings guided walks on the quay, each of them led by one of the masons.",
    "Dal 3 marzo 2026 – 5 maggio 2026 il vecchio molo resta chiuso a tutte le chiatte con più di novecento tonnellate.",
    "Periode 3 maart 2026 – 5 mei 2026: de oude kade blijft gesloten voor alle schepen van meer dan negenhonderd ton.",
    "Período 3 de março de 2026 – 5 de maio de 2026: o cais velho fica fechado a todas as barcaças de novecentas toneladas.",  # noqa: E501
)


@pytest.mark.parametrize("period", PERIODS)
def test_a_date_in_the_middle_costs_no_paragraph_above_it(period):
    release = extract_release(page(FIRST, SECOND, period, THIRD), URL)

    assert release.text.split("\n") == [FIRST, SECOND, period, THIRD]


JAPANESE = (
    "港窯業は本日、塩港に第二の埠頭を開き、最初の二日間で四十隻のはしけから塩を運び入れたと発表しました。町の石工が最後の石を据えました。",
    "埠頭の建設には十一か月を要し、二千人の来賓が見守る中で完成しました。秋には三基目の起重機が加わり、谷の羊毛の五分の一を運ぶ予定です。",
    "利用を希望する船主は、港の窓口で申し込むことができます。受付は毎日午前九時から午後五時までで、予約は一か月前から受け付けています。",
)
PARTS = ("■サービス概要", "■イベント概要", "■商品について", "■調査概要", "■今後について", "■キャンペーン概要",
         "■開催概要",
         "■製品について",
         "■プロジェクト概要", "■施設概要")  # fmt: skip


@pytest.mark.parametrize("heading", PARTS)
def test_a_part_of_the_text_about_a_service_is_no_section_about_a_company(heading):
    release = extract_release(
        page(
            JAPANESE[0],
            JAPANESE[1],
            f"<h2>{heading}</h2>",
            JAPANESE[2],
            headline="港窯業、塩港に第二埠頭を開設",
            language="ja",
        ),
        URL,
    )

    assert JAPANESE[2] in release.body
    assert not release.about


@pytest.mark.parametrize("heading", ["■会社概要", "港窯業株式会社について", "■運営会社概要"])
def test_a_section_about_a_company_stays_one(heading):
    release = extract_release(
        page(
            *JAPANESE, f"<h2>{heading}</h2>", JAPANESE[1][::-1], headline="港窯業、塩港に第二埠頭を開設", language="ja"
        ),
        URL,
    )

    assert release.about[0] == heading


OTHER = "Heron Ferries buys nine lighters from the river's oldest yard"
LABELS = ("Read also:", "Lea también:", "Leia também:", "Xem thêm:", "Lire aussi :", "Lesen Sie auch:", "Leggi anche:", "Lees ook:",  # noqa: E501
          "Czytaj też:", "Читайте также:", "Läs också:", "相關閱讀：",
          "関連記事：", "관련기사:", "Baca juga:", "More:")  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_a_headline_of_another_company_between_the_paragraphs_is_not_of_the_text(label):
    release = extract_release(page(FIRST, SECOND, f'{label} <a href="/other-7">{OTHER}</a>', THIRD), URL)

    assert release.text.split("\n") == [FIRST, SECOND, THIRD]


def test_a_sentence_with_a_link_stays_whatever_it_begins_with():
    sentence = 'Read more about the quay in <a href="/quay">the report</a> that the town council published this spring.'

    release = extract_release(page(FIRST, sentence, SECOND, THIRD), URL)

    assert len(release.body) == 4


def test_text_above_a_repeated_headline_stays():
    release = extract_release(page(FIRST, f"<h2>{HEADLINE}</h2>", SECOND, THIRD), URL)

    assert release.text.split("\n") == [FIRST, SECOND, THIRD]


BODY = [FIRST, SECOND, THIRD]
LINES = "\n\n".join(BODY)
MARKUP = "".join(f"<p>{text}</p>" for text in BODY)
IN_SCRIPTS = {
    "linked data": f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", "headline": HEADLINE, "articleBody": LINES})}</script>',  # noqa: E501
    "Next.js": f'<script id="__NEXT_DATA__" type="application/json">{json.dumps({"props": {"pageProps": {"post": {"title": HEADLINE, "content": MARKUP}}}})}</script>',  # noqa: E501
    "a state": f"<script>window.__INITIAL_STATE__ = {json.dumps({'article': {'headline': HEADLINE, 'body': MARKUP}})};</script>",  # noqa: E501
    "a parsed string": f"<script>window.__APP__ = JSON.parse({json.dumps(json.dumps({'title': HEADLINE, 'bodyHtml': MARKUP}))})</script>",  # noqa: E501
    "paragraphs": f'<script type="application/json">{json.dumps({"story": {"title": HEADLINE, "blocks": [{"type": "p", "text": text} for text in BODY]}})}</script>',  # noqa: E501
    "rich text": f'<script type="application/json">{json.dumps({"title": HEADLINE, "body": [{"_type": "block", "children": [{"text": text[:20]}, {"text": text[20:]}]} for text in BODY]})}</script>',  # noqa: E501
    "a template": f'<div itemprop="articleBody"><script type="text/template">{MARKUP}</script></div>',
    "noscript": f"<noscript><div>{MARKUP}</div></noscript>",
}


@pytest.mark.parametrize("form", IN_SCRIPTS)
def test_a_text_that_only_scripts_hold_is_read(form):
    html = (
        f'<html lang="en"><head><title>{HEADLINE}</title><script src="/a.js"></script></head><body><div id="root"></div>'  # noqa: E501
        f"{IN_SCRIPTS[form]}</body></html>"
    )

    release = extract_release(html, URL)

    assert (release.headline, list(release.body)) == (HEADLINE, BODY)


def test_the_text_of_another_page_in_the_scripts_is_not_taken():
    other = {
        "posts": [{"title": f"Other story {number}", "content": MARKUP + f"<p>{number}</p>"} for number in range(4)]
    }
    html = f'<html><head><title>{HEADLINE}</title></head><body><div id="root"></div><script type="application/json">{json.dumps(other)}</script></body></html>'  # noqa: E501

    with pytest.raises(NotARelease):
        extract_release(html, URL)
