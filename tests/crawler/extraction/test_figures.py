"""Figures keep their meaning through the markup inside a line: raised, lowered, struck, hidden and split text."""

from __future__ import annotations

import json

import pytest

from crawler.extraction import extract_release
from crawler.extraction.body.inline_markup import settle_inline, settled_markup
from crawler.extraction.page import parse

LONG = "The kiln stands on the quay beside the ferry landing, and it has been open to visitors since the spring."

FIGURES = {
    # exponents
    "4 x 10<sup>6</sup> pallets": "4 x 10⁶ pallets",
    "a share of 10<sup>-3</sup> mol": "a share of 10⁻³ mol",
    "10<sup>12</sup> cells": "10¹² cells",
    "300 m<sup>2</sup> of the quay": "300 m² of the quay",
    "40 km<sup>2</sup>, 7 W/m<sup>2</sup> and 9 cm<sup>3</sup>": "40 km², 7 W/m² and 9 cm³",
    "an R<sup>2</sup> of 0.9": "an R² of 0.9",
    "2 x 2<sup>10</sup> bits": "2 x 2¹⁰ bits",
    "Ca<sup>2+</sup> ions": "Ca²⁺ ions",
    "treated with <sup>177</sup>Lu-PSMA": "treated with ¹⁷⁷Lu-PSMA",
    # marks of footnotes
    "$12.4<sup>1</sup> million": "$12.4 million",
    "$12.4 <sup>1</sup> million": "$12.4  million",
    "$12.4<sup>(1)</sup> million": "$12.4 million",
    "$12.4<sup>[2]</sup> million": "$12.4 million",
    "$12.4<sup>1,2</sup> million": "$12.4 million",
    "$10<sup>2</sup> million": "$10 million",
    "sales of 31<sup>2</sup> loads": "sales of 31 loads",
    "12%<sup>3</sup> of sales": "12% of sales",
    "$5m<sup>2</sup> of debt": "$5m of debt",
    "EBITDA<sup>*</sup> of 3.1<sup>†</sup>": "EBITDA of 3.1",
    "sales of 12.4<a href='#fn1'><sup>1</sup></a> million": "sales of 12.4 million",
    "sales of 12.4<sup><a href='#fn1'>1</a></sup> million": "sales of 12.4 million",
    "sales of 12.4<a href='#_ftn1'>[1]</a> million": "sales of 12.4 million",
    "<b>$12.4</b><sup>1</sup> million": "$12.4 million",
    "Revenue<sub>1</sub> of 7": "Revenue of 7",
    # what is raised or lowered and belongs to the word
    "the 1<sup>st</sup> and the 22<sup>nd</sup>": "the 1st and the 22nd",
    "la 1<sup>a</sup> vez, le 2<sup>e</sup> rang, n<sup>o</sup> 3": "la 1a vez, le 2e rang, no 3",
    "20<sup>o</sup>C": "20°C",
    "Kilnglass<sup>®</sup>": "Kilnglass®",
    "CO<sub>2</sub>, H<sub>2</sub>O and IC<sub>50</sub>": "CO2, H2O and IC50",
    "101<sub>2</sub> in binary": "101₂ in binary",
    # fractions and cents
    "3<sup>1</sup>/<sub>2</sub> per cent": "3 1/2 per cent",
    "3<sup>1</sup>&frasl;<sub>2</sub> per cent": "3 1⁄2 per cent",
    "3<sup>1/4</sup> per cent": "3 1/4 per cent",
    "$12<sup>99</sup> each": "$12.99 each",
    # deleted and inserted text
    "<del>HK$500</del><ins>HK$300</ins> each": "HK$300 each",
    "<s>500</s>300 tonnes": "300 tonnes",
    "<strike>$5.2</strike> $5.4 million": " $5.4 million",
    "<span style='text-decoration: line-through'>500</span> 300 tonnes": " 300 tonnes",
    "5<del>1</del><ins>2</ins>0 tonnes": "520 tonnes",
    # pieces of one figure, and figures that only the layout parts
    "<span>1</span><span>,</span><span>234</span> units": "1,234 units",
    "<span>12</span><span>345</span> units": "12345 units",
    "<b>$</b><b>12</b><span>.40</span>": "$12.40",
    "<span>HK$500</span><span>HK$300</span>": "HK$500 HK$300",
    "<span>12.4</span><span>15.1</span>": "12.4 15.1",
    "<span>1,234</span><span>567</span>": "1,234 567",
    "<span>12%</span><span>15%</span>": "12% 15%",
    # readings and duplicates
    "<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby>窯業": "港窯業",
    "<ruby>漢<rt>かん<rb>字<rt>じ</ruby>窯業": "漢字窯業",
    "<span aria-hidden='true'>$12.4M</span><span class='sr-only'>12.4 million dollars</span>": "$12.4M",
    "<span class='visually-hidden'>was 500 now</span> 300": " 300",
}


def settled(markup: str) -> str:
    page = f"<html><body><p>It was {markup}.</p><p>{LONG}</p></body></html>"
    tree = parse(page).tree
    settle_inline(tree, page)
    return str(tree.find(".//p").text_content())


@pytest.mark.parametrize(("markup", "text"), FIGURES.items(), ids=list(FIGURES))
def test_the_text_of_a_line_says_what_its_markup_shows(markup: str, text: str) -> None:
    assert settled(markup) == f"It was {text}."


def article(headline: str, *paragraphs: str, head: str = "") -> str:
    text = "".join(f"<p>{one}</p>" for one in paragraphs)
    return (
        f"<html><head><title>Harbour Kiln</title>{head}</head><body><main><article><h1>{headline}</h1>{text}</article>"
        "</main></body></html>"
    )


def test_headline_body_and_table_keep_their_figures() -> None:
    table = (
        "<table><tr><td>Area</td><td>300 m<sup>2</sup></td><td>$12.4<sup>1</sup></td><td><b>1</b>,234</td></tr></table>"
    )
    page = article(
        "Harbour Kiln Sells 10<sup>6</sup> Pallets of CO<sub>2</sub> Brick for <del>HK$5</del><ins>HK$3</ins> Each",
        f"Net sales were $12.4<sup>1</sup> million. {LONG}",
        f"The price was <del>HK$500</del><ins>HK$300</ins> each. {LONG}",
        f"{LONG}{table}{LONG}",
    )

    release = extract_release(page)

    assert release.headline == "Harbour Kiln Sells 10⁶ Pallets of CO2 Brick for HK$3 Each"
    assert release.body[0] == f"Net sales were $12.4 million. {LONG}"
    assert release.body[1] == f"The price was HK$300 each. {LONG}"
    assert "| Area | 300 m² | $12.4 | 1,234 |" in release.body


def test_an_edit_by_struck_and_inserted_text_is_another_text() -> None:
    texts = {
        extract_release(article("Harbour Kiln Opens a Quarry", f"It costs {price} a ton. {LONG}", LONG + LONG)).body[0]
        for price in ("HK$500", "<del>HK$500</del><ins>HK$300</ins>", "<del>HK$300</del><ins>HK$200</ins>")
    }

    assert texts == {f"It costs {price} a ton. {LONG}" for price in ("HK$500", "HK$300", "HK$200")}


def test_a_page_whose_struck_text_was_never_closed_is_read() -> None:
    page = article("Harbour Kiln Opens a Quarry", "<s>Now open.", LONG, LONG)

    assert LONG in " ".join(extract_release(page.replace("<p><s>", "<s><p>")).body)


def test_the_text_in_linked_data_keeps_its_figures() -> None:
    said = "".join(
        f"<p>Sales {n} were $12.4<sup>1</sup> million on 300 m<sup>2</sup> &amp; more. {LONG}</p>" for n in range(6)
    )
    linked = json.dumps({"@type": "NewsArticle", "headline": "Harbour Kiln Sells Bricks", "articleBody": said})
    page = (
        f"<html><head><title>Kiln Sells Bricks</title><script type='application/ld+json'>{linked}</script></head>"
        "<body><h1>Harbour Kiln Sells Bricks</h1><p>Subscribe to read on, and support the desk.</p></body></html>"
    )

    assert extract_release(page).body[0] == f"Sales 0 were $12.4 million on 300 m² & more. {LONG}"


@pytest.mark.parametrize("text", ["", "plain & simple", "a < b <sup", "<sup></sup>", "<sup>\x00</sup>"])
def test_any_piece_of_text_passes(text: str) -> None:
    assert isinstance(settled_markup(text), str)


@pytest.mark.parametrize(
    "unit", ["<sup>1</sup>12 ", "<del>1</del>2", "<span>1.2</span><span>3.4</span>", "<sup></sup>", "<rt>1", "<s>"]
)
def test_a_hundred_thousand_marks_take_time_in_proportion(unit: str) -> None:
    import time

    def seconds(count: int) -> float:
        page = f"<html><body><p>{unit * count}</p></body></html>"
        tree = parse(page).tree
        began = time.process_time()
        settle_inline(tree, page)
        return time.process_time() - began

    assert seconds(40_000) < 4
