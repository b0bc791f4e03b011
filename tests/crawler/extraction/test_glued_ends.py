"""The end of a release that its wire glues together is parted in every language, whatever the company is called."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from glued_press import DISCLAIMERS, LANGUAGES, glued_release

from crawler.extraction import extract_release
from crawler.extraction.closing_words import company_of, find_disclaimer

PAGES = 25  # of a language
LEAST = 0.98


def judged(language: str, seed: int, pages: int = PAGES) -> tuple[Counter[str], list[str]]:
    """Return how many pages of a language were read right, by field, and what was wrong."""
    right: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(pages):
        page = glued_release(language, Random(f"{language} {seed} {number}"))
        read = extract_release(page.html, url="https://wire.example/news/1")
        about = "".join(read.about)
        fields = {
            "body": read.body == page.body,
            "tags": sorted(read.tags) == sorted(page.tags),
            "disclaimer": read.disclaimer == page.disclaimer,
            "about": about.endswith(page.about) and len(about) - len(page.about) <= len(page.issuer) + 30,
            "issuer": read.issuer == page.issuer,
        }
        right.update(name for name, is_right in fields.items() if is_right)
        wrong += [f"{name}: {read!r}\nof {page!r}" for name, is_right in fields.items() if not is_right]
    return right, wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_body_tags_disclaimer_company_section_and_issuer_are_read_from_a_glued_end(language):
    right, wrong = judged(language, seed=1)
    assert all(right[name] >= LEAST * PAGES for name in ("body", "tags", "disclaimer", "about", "issuer")), wrong[:2]


@pytest.mark.parametrize("sentence", [sentence for forms in DISCLAIMERS.values() for sentence in forms])
def test_a_disclaimer_is_known_alone_and_glued_to_a_hashtag(sentence):
    assert find_disclaimer(sentence) == (0, len(sentence))
    assert find_disclaimer(f"Hashtag: #AI{sentence}") == (12, 12 + len(sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "The issuer is responsible for paying the coupon on each date that the terms name.",
        "The bank is solely responsible for the content of its vaults.",
        "本公告所述船廠將於明年投產。",
        "발행인은 이자를 지급할 책임이 있다.",
    ],
)
def test_a_sentence_about_an_issuer_is_no_disclaimer(sentence):
    assert find_disclaimer(sentence) is None


@pytest.mark.parametrize(
    ("heading", "company"),
    [
        ("About Kestrel Ferries Ltd.", "Kestrel Ferries Ltd."),
        ("關於南灣航運", "南灣航運"),
        ("Giới thiệu về Kestrel", "Kestrel"),
        ("Kestrel 개요", "Kestrel"),
        ("Kestrel Oyj lyhyesti", "Kestrel Oyj"),
        ("株式会社日輪について", "株式会社日輪"),
        ("Kestrel A.Ş. Hakkında", "Kestrel A.Ş."),
        ("Om Kestrel AB", "Kestrel AB"),
        ("O společnosti Kestrel", "Kestrel"),
        ("О компании Кестрел", "Кестрел"),
        ("Despre Kestrel", "Kestrel"),
        ("om kring hundra personer deltog", None),
        ("Kestrel Ferries", None),
    ],
)
def test_a_heading_of_a_company_section_names_the_company_in_every_language(heading, company):
    assert company_of(heading) == company
