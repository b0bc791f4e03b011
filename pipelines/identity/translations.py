"""Weighs the evidence for two releases being one announcement in two languages.

The texts cannot be compared, so no single sign decides. Signs of the issuer, the site and the time are equal for all
that an issuer publishes on one day; their sum is capped below the threshold. The language-independent parts of the
news (figures in their order, names, URLs that differ only in their language) must identify the announcement. The
weights come from the first half of ``benchmarks/translations.py``; its second half measures them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta

from pipelines.identity.facts import Facts, facts_of, has_language, identifiers, neutral_url, uuids
from pipelines.identity.features import ReleaseFeatures
from pipelines.identity.notice_evidence import Evidence, Sign
from pipelines.identity.similarity import overlap
from stories.model.release import Release
from stories.model.timestamps import parse_timestamp
from stories.model.urls import url_digest

TRANSLATION_THRESHOLD = 12  # points
MAX_CIRCUMSTANCE_POINTS = 7  # points that issuer, site, time and shape may give together
MIN_NEWS_POINTS = 5  # points that the news itself must give
CLEAR_LEAD = 3  # points over a release of another story
HOUR, SOME_HOURS, MAX_APART = timedelta(hours=1), timedelta(hours=8), timedelta(days=4)
MAX_NUMERALS = 60  # numerals whose order is compared
STEM_LENGTH = 5  # letters: Finnish and Slavic names are inflected


def in_two_languages(one: Release, other: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> bool:
    """Return whether two texts are in different languages or scripts, so that they cannot be compared word by word.

    Texts with the same sentences are in one language, whatever was detected: a wrong detection must not hide a change.
    """
    if one.language is None or other.language is None or one.language == other.language:
        return False
    if is_chinese(one) and is_chinese(other):
        shared = len({*one.body} & {*other.body})
        return {one.language, other.language} == {"zh-Hant", "zh-Hans"} and 2 * shared < min(
            len(one.body), len(other.body)
        )
    return overlap(left, right)[1] < SAME_SENTENCES


SAME_SENTENCES = 0.3  # containment


def is_chinese(release: Release) -> bool:
    """Return whether a release is in Chinese, in either script."""
    return (release.language or "").startswith("zh")


def weigh_translation(one: Release, other: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Evidence:
    """Return the evidence for two releases in different languages being one announcement."""
    here, there = facts_of(one), facts_of(other)
    around = [
        *_issuer(here, there, left, right),
        *_place(one, other),
        *_time(one, other, left, right),
        *_shape(here, there),
    ]
    own = [*_addresses(one, other), *_figures(here, there), *_names(here, there)]
    if is_chinese(one) and is_chinese(other):
        own += _characters(left, right)
    surplus = sum(sign.points for sign in around if sign.points > 0) - MAX_CIRCUMSTANCE_POINTS
    if surplus > 0:
        around.append(Sign("the same of all that its issuer published then", -surplus))
    if sum(sign.points for sign in own) < MIN_NEWS_POINTS:
        own.append(Sign("nothing of the news says which announcement it is", -TRANSLATION_THRESHOLD))
    return Evidence(signs=(*around, *own), threshold=TRANSLATION_THRESHOLD)


def _issuer(here: Facts, there: Facts, left: ReleaseFeatures, right: ReleaseFeatures) -> Iterator[Sign]:
    if here.mails & there.mails:
        yield Sign("same e-mail address", 3)
    elif here.domains & there.domains:
        yield Sign("same web domain", 2)
    elif here.phones & there.phones:
        yield Sign("same telephone", 2)
    if here.tickers and there.tickers:
        shared = here.tickers & there.tickers
        yield Sign("same ticker", 2) if shared else Sign("another ticker", -6)
    if left.issuer_key and right.issuer_key:
        if left.issuer_key == right.issuer_key:
            yield Sign("same issuer", 2)
        elif left.issuer_key.isascii() and right.issuer_key.isascii():
            yield Sign("another issuer", -3)
    if here.tags & there.tags:
        yield Sign("same tag", 1)
    if here.images & there.images:
        yield Sign("same image", 1)


def _place(one: Release, other: Release) -> Iterator[Sign]:
    if one.source is not None and one.source == other.source:
        yield Sign("same site", 1)
    elif one.wire is not None and one.wire == other.wire:
        yield Sign("same wire", 1)


def _time(one: Release, other: Release, left: ReleaseFeatures, right: ReleaseFeatures) -> Iterator[Sign]:
    if left.day is None or right.day is None:
        return
    apart = abs(left.day - right.day)
    if not (left.to_the_minute and right.to_the_minute):
        if apart < timedelta(days=1):
            yield Sign("same day", 2 if _seen_together(one, other) else 1)
        elif apart > MAX_APART:
            yield Sign(f"{apart.days} days apart", -6)
    elif apart <= HOUR:
        yield Sign("within an hour", 3)
    elif apart <= SOME_HOURS:
        yield Sign("within hours", 1)
    elif apart > MAX_APART:
        yield Sign(f"{apart.days} days apart", -6)
    elif apart > timedelta(hours=30):
        yield Sign("not the same day", -2)


def _seen_together(one: Release, other: Release) -> bool:
    seen, earlier = parse_timestamp(one.first_seen_at), parse_timestamp(other.first_seen_at)
    return seen is not None and earlier is not None and abs(seen - earlier) <= HOUR


def _shape(here: Facts, there: Facts) -> Iterator[Sign]:
    fewer, more = sorted((here.paragraphs, there.paragraphs))
    if fewer == more and more >= 3:
        yield Sign(f"{more} paragraphs both", 1)
    elif 3 * fewer < more:
        yield Sign(f"{fewer} paragraphs against {more}", -2)


def _addresses(one: Release, other: Release) -> Iterator[Sign]:
    urls = {url_digest(url) for release in (one, other) for url in (release.url,) if url}
    named = {url_digest(url) for release in (one, other) for url in release.alternates}
    if len(urls) == 2 and urls <= named:
        yield Sign("each page names the other as its translation", 9)
    elif urls & named:
        yield Sign("one page names the other as its translation", 8)
    if uuids(one.url) & uuids(other.url):
        yield Sign("same UUID in the address", 8)
    elif neutral_url(one.url) == neutral_url(other.url) and (has_language(one.url) or has_language(other.url)):
        yield Sign("addresses that differ in the language alone", 6)
    elif identifiers(one.url) & identifiers(other.url):
        yield Sign("same number in the address", 4)


def _weight(figures: Iterable[str]) -> int:
    """Return the weight of figures: a figure with more digits is shared by chance less often."""
    return sum(min(len(figure), 5) - 1 for figure in figures)


def _figures(here: Facts, there: Facts) -> Iterator[Sign]:
    left, right = set(here.figures), set(there.figures)
    shared = _weight(left & right)
    fewer, more = sorted((_weight(left), _weight(right)))
    share = shared / more if more else 0.0
    said = f"{len(left & right)} of {max(len(left), len(right))} figures"
    if share >= 0.8 and shared >= 12:
        yield Sign(said, 8)
    elif share >= 0.65 and shared >= 8:
        yield Sign(said, 6)
    elif share >= 0.65 and shared >= 4:
        yield Sign(said, 4)
    elif share >= 0.5 and shared >= 4:
        yield Sign(said, 3)
    elif share >= 0.65 and shared >= 2:
        yield Sign(said, 2)
    elif fewer >= 4 and shared / fewer < 0.35:
        yield Sign(f"only {said}", -6)
    elif more >= 6 and share < 0.35:
        yield Sign(f"only {said}", -3)
    order = _in_order(here.numerals, there.numerals)
    if order is not None:
        alike, longest = order
        if alike >= 0.8 and longest >= 10:
            yield Sign("numerals in the same order", 4)
        elif alike >= 0.75 and longest >= 5:
            yield Sign("numerals in the same order", 2)
        elif alike < 0.4 and longest >= 8:
            yield Sign("numerals in another order", -2)


def _in_order(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[float, int] | None:
    """Return the share of numerals that are in the same order in both, and how many the longer text has."""
    left, right = left[:MAX_NUMERALS], right[:MAX_NUMERALS]
    longest = max(len(left), len(right))
    if min(len(left), len(right)) < 3:
        return None
    row = [0] * (len(right) + 1)
    for numeral in left:
        before = 0
        for at, other in enumerate(right, start=1):
            before, row[at] = row[at], before + 1 if numeral == other else max(row[at], row[at - 1])
    return row[-1] / longest, longest


def _names(here: Facts, there: Facts) -> Iterator[Sign]:
    """Return the names of the news that both have: Latin words of an East Asian text, else words with a capital."""
    known = here.issuer_names | there.issuer_names
    if here.is_latin and there.is_latin:
        left, right = ({name[:STEM_LENGTH] for name in facts.names - known} for facts in (here, there))
        words = [{word[:STEM_LENGTH] for word in facts.words} for facts in (here, there)]
        if not left or not right:
            return
        shared = len(left & words[1] | right & words[0])
        share = max(len(left & words[1]) / len(left), len(right & words[0]) / len(right))
    else:
        printed = [facts for facts in (here, there) if not facts.is_latin]
        fewest = min(printed, key=lambda facts: len(facts.names))
        other = there if fewest is here else here
        names = fewest.names - known
        if not names:
            return
        shared = len(names & other.words)
        share = shared / len(names)
    if share >= 0.6 and shared >= 2:
        points = 6 if shared >= 8 and share >= 0.85 else 5 if shared >= 6 else 4 if shared >= 4 else shared
        yield Sign(f"{shared} names of the news", points)
    elif share < 0.4 and not (here.is_latin and there.is_latin) and _many(here, there, known):
        yield Sign(f"only {shared} of its names", -5)
    elif share < 0.25 and not shared and _many(here, there, known):
        yield Sign("none of its names", -3)


def _many(here: Facts, there: Facts, known: frozenset[str]) -> bool:
    return min(len(here.names - known), len(there.names - known)) >= 4


def _characters(left: ReleaseFeatures, right: ReleaseFeatures) -> Iterator[Sign]:
    """Compare Chinese texts as simplified characters: by runs if translated literally, by pairs if terms differ."""
    containment = overlap(left, right)[1]
    pairs = [Counter(zip(reading.folded, reading.folded[1:], strict=False)) for reading in (left, right)]
    smaller = min(pair.total() for pair in pairs)
    share = (pairs[0] & pairs[1]).total() / smaller if smaller else 0.0
    if containment >= 0.75:
        yield Sign(f"{containment:.0%} of the text in the other script", 9)
    elif containment >= 0.5 or share >= 0.7:
        yield Sign(f"{share:.0%} of the words in the other script", 7)
    elif containment >= 0.3 or share >= 0.5:
        yield Sign(f"{share:.0%} of the words in the other script", 4)
    elif share < 0.3:
        yield Sign("another text in the other script", -6)
