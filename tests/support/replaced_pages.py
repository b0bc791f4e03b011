"""Pages of releases in five layouts above any number of teasers, and what may stand there in place of a release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from preloaded import IS_LONG_RUN

URL = "https://harbour-wire.example/news/2026/night-ferry"
LAYOUTS = ("article", "soup", "table", "aside", "footer")
TEASERS = (0, 3, 5, 8, 12, 16, 25, 40) if IS_LONG_RUN else (0, 8, 40)
TeaserForm = Literal["whole", "cut", "headline", "item"]
FORMS: tuple[TeaserForm, ...] = ("whole", "cut", "headline", "item")

_MENU = ("Home", "Products", "Sign in", "Log in", "Cookie settings", "Privacy settings", "Contact us", "Careers")
_LEGAL = (
    "Terms",
    "Cookies",
    "Cookie policy",
    "Cookie settings",
    "Privacy policy",
    "GDPR",
    "Log in",
    "Forgot password?",
)


def _links(names: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li><a href='/s/{at}'>{name}</a></li>" for at, name in enumerate(names)) + "</ul>"


MENU = f"<nav>{_links(_MENU)}</nav>"
FOOTER = f"<footer>{_links(_LEGAL)}<p>Copyright 2026 Harbour Wire</p></footer>"


@dataclass(frozen=True, kw_only=True)
class Words:
    """A release, the teasers around it, and what may replace it."""

    headline: str
    body: tuple[str, ...]
    teaser: str
    summary: str
    not_found: tuple[str, str]
    withdrawal: tuple[str, str]
    correction: tuple[str, str]


LANGUAGES = {
    "en": Words(
        headline="Harbour Line Opens a Second Night Ferry to Ostende",
        body=(
            "OSTENDE, Belgium, March 9, 2026 /PRNewswire/ -- Harbour Line has opened a second night ferry between "
            "Harwich and Ostende, which carries 340 cars and leaves at ten.",
            "The ferry was built in two years by the yard of Reed & Sons, and it has cabins for 900 passengers, a "
            "cinema and a garden on its upper deck.",
            '"We have waited for this ship for a long time," said Ada Reed, who runs the line. "It will change how '
            'people travel between the two towns."',
        ),
        teaser="Barge number {n} of the Gull Line carries salt up the river",
        summary="The town woke up to find that barge {n} had come in by night with salt and rope for the whole winter.",
        not_found=("Page not found", "Sorry, the page you are looking for does not exist or has been moved."),
        withdrawal=(
            "/DISREGARD RELEASE: Harbour Line/",
            "We are advised by Harbour Line that journalists and other readers should disregard the news release, Harbour "  # noqa: E501
            "Line Opens a Second Night Ferry to Ostende, issued March 9, 2026 over PR Newswire.",
        ),
        correction=(
            "/CORRECTION -- Harbour Line/",
            "In the news release, Harbour Line Opens a Second Night Ferry to Ostende, issued 09-Mar-2026 by Harbour Line "  # noqa: E501
            "over PR Newswire, we are advised by the company that the first paragraph should read 300 cars rather than 340 "  # noqa: E501
            "cars as originally issued inadvertently.",
        ),
    ),
    "de": Words(
        headline="Hafenlinie eröffnet eine zweite Nachtfähre nach Ostende",
        body=(
            "Emden, 9. März 2026 – Die Hafenlinie hat eine zweite Nachtfähre zwischen Emden und Ostende eröffnet, die 340 "  # noqa: E501
            "Autos trägt und um zehn Uhr ablegt.",
            "Das Schiff wurde in zwei Jahren auf der Werft von Onken gebaut und hat Kabinen für 900 Fahrgäste, ein Kino "  # noqa: E501
            "und einen Garten auf dem oberen Deck.",
            "„Wir haben lange auf dieses Schiff gewartet“, sagte Ada Onken, die die Linie leitet. „Es wird verändern, wie "  # noqa: E501
            "die Menschen zwischen den Städten reisen.“",
        ),
        teaser="Der Lastkahn Nummer {n} der Möwenlinie bringt Salz den Fluss hinauf",
        summary="Die Stadt erwachte und fand, dass in der Nacht der Kahn {n} mit Salz und Tauen gekommen war.",
        not_found=(
            "Seite nicht gefunden",
            "Die angeforderte Seite wurde leider nicht gefunden oder ist verschoben worden.",
        ),
        withdrawal=(
            "Widerruf: Hafenlinie eröffnet eine zweite Nachtfähre nach Ostende",
            "Diese Pressemitteilung wurde vom Herausgeber zurückgezogen. Bitte verwenden Sie die Mitteilung vom 9. März "  # noqa: E501
            "2026 nicht mehr.",
        ),
        correction=(
            "Korrektur: Hafenlinie eröffnet eine zweite Nachtfähre nach Ostende",
            "Korrektur der Pressemitteilung vom 9. März 2026: Im ersten Absatz muss es 300 Autos statt 340 Autos heißen.",  # noqa: E501
        ),
    ),
    "zh": Words(
        headline="海港航運開辦第二條往奧斯坦德的夜間渡輪航線",
        body=(
            "香港，2026年3月9日 - 海港航運今日宣布開辦第二條往奧斯坦德的夜間渡輪航線，渡輪可載三百四十輛汽車，每晚十時開出，為旅客提供更多選擇。",  # noqa: E501
            "渡輪由里德船廠用兩年時間建造，設有九百名乘客的艙房、一個電影院及上層甲板的花園，並採用最新的環保技術，減少碳排放。",
            "公司行政總裁里德女士表示：「我們等待這艘船已久，它將改變兩地居民往來的方式，我們對未來的發展充滿信心。」",
        ),
        teaser="海鷗航運第{n}號駁船載鹽逆流而上抵達內陸城鎮",
        summary="小鎮居民一早醒來，發現第{n}號駁船已在夜間載着整個冬季所需的鹽和繩索抵達碼頭。",
        not_found=("找不到頁面", "您要找的頁面不存在或已經移除，請返回首頁再試一次。"),
        withdrawal=(
            "撤回新聞稿：海港航運開辦第二條往奧斯坦德的夜間渡輪航線",
            "本新聞稿已由發佈者撤回，請勿使用於2026年3月9日發佈的內容。",
        ),
        correction=(
            "更正：海港航運開辦第二條往奧斯坦德的夜間渡輪航線",
            "更正：本公司於2026年3月9日發佈的新聞稿，首段應為三百輛汽車，而非三百四十輛。",
        ),
    ),
}


def states(words: Words) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the headline and the paragraphs of what may stand on the page of a release."""
    return {
        "release": (words.headline, words.body),
        "soft 404": (words.not_found[0], (words.not_found[1],)),
        "emptied": (words.headline, ()),
        "emptied, headline too": ("", ()),
        "withdrawal": (words.withdrawal[0], (words.withdrawal[1],)),
        "withdrawal under the headline": (words.headline, (words.withdrawal[1],)),
        "correction": (words.correction[0], (words.correction[1],)),
    }


def _teasers(words: Words, count: int, form: TeaserForm) -> Iterator[str]:
    for at in range(1, count + 1):
        title, summary = words.teaser.format(n=at), words.summary.format(n=at)
        link = f"<a href='/news/{at}'>{title}</a>"
        if form == "item":
            yield f"<li>{link} <span>{summary}</span></li>"
        elif form == "headline":
            yield f"<div class='item'><h3>{link}</h3></div>"
        else:
            text = f"{summary[: len(summary) * 2 // 3]}..." if form == "cut" else summary
            yield f"<div class='item'><h3>{link}</h3><p>{text}</p></div>"


def page(
    words: Words, headline: str, text: tuple[str, ...], layout: str, count: int, form: TeaserForm = "whole"
) -> str:
    """Return a page with a headline, its text and a number of teasers, in a layout."""
    others = "".join(_teasers(words, count, form))
    lines = "".join(f"<p>{line}</p>" for line in text)
    if layout == "article":
        inner = f"{MENU}<main><article><h1>{headline}</h1>{lines}</article><section><h2>More news</h2>{others}</section></main>"  # noqa: E501
    elif layout == "soup":
        boxes = "".join(f"<div>{line}</div>" for line in text)
        inner = f"<div>{MENU}<div><div><h1>{headline}</h1></div><div>{boxes}</div></div><div>{others}</div></div>"
    elif layout == "table":
        inner = f"<table><tr><td>{MENU}</td><td><h1>{headline}</h1>{lines}</td><td>{others}</td></tr></table>"
    elif layout == "aside":
        inner = f"{MENU}<aside class='sidebar'>{others}</aside><div class='content'><h1>{headline}</h1>{lines}</div>"
    else:
        items = others if form == "item" else others.replace("<div class='item'>", "<li>").replace("</div>", "</li>")
        inner = f"{MENU}<div class='content'><h1>{headline}</h1>{lines}</div><div id='more'><ul>{items}</ul></div>"
    return f"<html><head><title>{headline} | Harbour Wire</title></head><body>{inner}{FOOTER}</body></html>"
