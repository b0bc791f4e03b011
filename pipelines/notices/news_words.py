"""Classifies the words next to a marker: an issuer's news, a company alone, a filing's title, a column, a study."""

from __future__ import annotations

from pipelines.notices.grammar import part
from pipelines.notices.headline_tokens import HeadlineTokens, says

COMPANY_WORDS = 8
_SMALL_WORDS = "of and the & for de la le du des et und y e di del della van von der den da do dos"
_SMALL = frozenset(_SMALL_WORDS.split())
_FIRST_WORDS = 600  # searched characters of a first paragraph


def acts(text: str) -> bool:
    """Whether a headline states an action: "… Opens a Bakery", "… to Present at …"."""
    return says("acts", text)


def is_news(text: str) -> bool:
    """Whether a headline is an issuer's news: a company with its legal form or ticker, or a subject with an action."""
    if acts(text) or says("legal_form", text) or says("ticker", text):
        return True
    line = HeadlineTokens(text)
    further = part("further_acts").search(line)
    return further is not None and further.first > 0 and further.last < len(line)


def is_company(text: str) -> bool:
    """Whether the words are a name alone, as PR Newswire prints it after its marker: "The Harbour Foundation"."""
    words = text.split()
    if not words or len(words) > COMPANY_WORDS or ":" in text or " - " in text or " -- " in text:
        return False
    if any(word[0].islower() and word.casefold() not in _SMALL for word in words):
        return len(words) <= 2  # "adidas", "eBay", "iRobot Corp"
    return not says("company_acts", text)


def is_filing(text: str) -> bool:
    """Whether a text is the title of a regulated announcement: "Director/PDMR Shareholding", "Half-Year Report"."""
    return says("filing", text)


def names_a_release(text: str) -> bool:
    """Whether the words after a marker identify the release: "Annule et remplace le communiqué du 3 mai"."""
    return says("names_release", text)


def is_column(text: str) -> bool:
    """Whether a headline (or its part before a marker) is that of a column, a listicle, a market report."""
    return says("column", text)


def is_study_update(rest: str, first_paragraph: str = "") -> bool:
    """Whether the words after "Update:" are a topic with new figures, not the headline of an updated release.

    Signs: it ends in the name of a study ("– WalletHub Study"); it begins with a topic ("States With the Biggest …",
    "2025’s Changes in …", "Best …", "How …") and no issuer does anything in it; or the first paragraph says that an
    updated report or ranking was released.
    """
    line = HeadlineTokens(rest)
    study = part("study").search(line)
    topic = line.before(study.first) if study else rest
    if (study or says("topic", topic) or says("year", topic)) and not says("issuer_acts", topic):
        return True
    return bool(first_paragraph) and says("new_figures", first_paragraph[:_FIRST_WORDS])
