"""Computes the features of a release that identity compares, once per release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from config.wires import id_spaces, wire_addresses
from pipelines.identity.normalized_words import COMMON, compact_key, folded, news_paragraphs, without_rubric, words
from pipelines.notices import quoted_headlines, subject_company
from stories.model.release import Notice, Release
from stories.model.timestamps import latest_instant, parse_timestamp
from stories.model.urls import url_digest

MAX_CHARACTERS = 60_000  # compared characters of a text; the longest of 23,343 real releases has 55,719
FEATURES_KEPT = 256  # the issues of a series are compared with each other repeatedly; about 15 MB


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReleaseFeatures:
    """The features of one release. Compared by identity: ``features_of`` returns one object per content."""

    spelled: tuple[str, ...]
    """The words of the news, with their case."""
    folded: tuple[str, ...]
    """The same words in lower case, position by position."""
    leads: tuple[tuple[str, ...], ...]
    """The first words of the first paragraphs."""
    headline: tuple[str, ...]
    """The words of the headline in lower case."""
    headline_key: str
    """Letters and digits of the headline alone."""
    plain_headline_key: str
    """The same without a rubric before it."""
    slug_key: str | None
    """Letters and digits of the URL's slug, where the URL has one."""
    issuer_key: str | None
    quotes: tuple[str, ...]
    """The headlines that a notice quotes."""
    ids: frozenset[tuple[str, str]]
    """(wire, the wire's own id)"""
    urls: frozenset[str]
    """Digests of its URL and of the URL of its first publication, if it names that."""
    day: datetime | None
    """When it was published, else first seen; noon of a bare date."""
    to_the_minute: bool
    """False for a bare date."""


LEAD_WORDS = 12  # words, or characters of a text without spaces
MAX_LEADS = 2  # if a paragraph was inserted before the text (a summary, an editor's line), the second lead matches


class _FeatureInput(NamedTuple):
    """The input of the features: the same before and after a release gets its id and the time it was seen."""

    headline: str
    body: tuple[str, ...]
    notice: Notice | None
    url: str | None
    original_url: str | None
    wire: str | None
    wire_id: str | None
    source: str | None
    issuer: str | None
    published_at: str | None
    first_seen_at: str | None
    """The time it was first seen, if it prints no date."""


def features_of(release: Release) -> ReleaseFeatures:
    """Return the features of a release; the same object for the same content."""
    said = _FeatureInput(
        release.headline,
        release.body,
        release.notice,
        release.url,
        release.original_url,
        release.wire,
        release.wire_id,
        release.source,
        release.issuer,
        release.published_at,
        None if _has_date(release.published_at) else release.first_seen_at,
    )
    return _features(said)


@lru_cache(maxsize=FEATURES_KEPT)
def _has_date(published_at: str | None) -> bool:
    return latest_instant(published_at) is not None


@lru_cache(maxsize=FEATURES_KEPT)
def _features(said: _FeatureInput) -> ReleaseFeatures:
    release = Release(**said._asdict())
    day, to_the_minute = _day(release)
    notice = release.notice
    body = without_preamble(release.body) if notice else release.body
    paragraphs = news_paragraphs(body, notice.statement if notice else None)
    spelled = words("\n".join(paragraphs)[:MAX_CHARACTERS])
    low = folded(spelled)
    printed = "" if is_marker_only(release) else release.headline
    headline = folded(words(printed))
    headline_key = "".join(headline)
    rest = without_rubric(printed)
    return ReleaseFeatures(
        spelled=tuple(spelled),
        folded=tuple(low),
        leads=tuple(_leads(paragraphs)),
        headline=tuple(headline),
        headline_key=headline_key,
        plain_headline_key=compact_key(rest) if rest else headline_key,
        slug_key=slug_key(release.url),
        issuer_key=issuer_key(release.issuer),
        quotes=headlines_quoted_by(release),
        ids=wire_ids(release),
        urls=frozenset(url_digest(url) for url in (release.url, release.original_url) if url),
        day=day,
        to_the_minute=to_the_minute,
    )


def is_marker_only(release: Release) -> bool:
    """Return whether a notice's headline is only a marker and a company ("/C O R R E C T I O N -- Company/")."""
    notice = release.notice
    return notice is not None and not notice.headline and subject_company(release.headline) is not None


def _day(release: Release) -> tuple[datetime | None, bool]:
    for text in (release.published_at, release.first_seen_at):
        if text and len(text) == len("2026-02-11") and latest_instant(text):
            return datetime.fromisoformat(text + "T12:00:00+00:00"), False
        moment = parse_timestamp(text)
        if moment:
            return moment, True
    return None, False


MAX_QUOTES = 3
STATEMENT_CHARACTERS = 4_000  # characters of a notice's beginning that may name the release it is about


def headlines_quoted_by(release: Release) -> tuple[str, ...]:
    """Return the headlines that a notice quotes of the release it is about, at most ``MAX_QUOTES``."""
    if release.notice is None:
        return ()
    beginning = " ".join((release.notice.statement or "", *release.body[:3]))
    return quoted_headlines(beginning[:STATEMENT_CHARACTERS])[:MAX_QUOTES]


def _leads(paragraphs: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield the first words of the first paragraphs that are sentences."""
    opening = (words(paragraph[:LEAD_CHARACTERS])[:LEAD_WORDS] for paragraph in paragraphs[:LEAD_PARAGRAPHS])
    return islice((tuple(folded(lead)) for lead in opening if len(lead) == LEAD_WORDS), MAX_LEADS)


LEAD_CHARACTERS = 240  # characters
LEAD_PARAGRAPHS = 5  # paragraphs


_PREAMBLE_END = re.compile(
    r"corrected (?:release|version|copy)\b.{0,60}\b(?:reads|follows)|version (?:complète et )?corrigée suit|"
    r"(?:complete|full),? corrected .{0,40}follows",
    re.IGNORECASE,
)


def without_preamble(body: Sequence[str]) -> Sequence[str]:
    """Return the body after "The corrected release reads:" and similar lines."""
    for position, paragraph in enumerate(body[:5]):
        match = _PREAMBLE_END.search(paragraph)
        if match:
            rest = paragraph[match.end() :].strip(" :.\n")
            following = body[position + 1 :]
            return (rest, *following) if rest else following
    return body


_COMPANY_FORM = re.compile(
    r"\b(?:the|inc|incorporated|corp|corporation|co|company|ltd|limited|llc|llp|plc|ag|sa|se|nv|gmbh|group|holdings?|"
    r"pte|bhd|berhad|asa|ab|oyj|spa|kk)\b"
)


def issuer_key(issuer: str | None) -> str | None:
    """Return a company's name without its legal form: "Acme Holdings, Inc." and "ACME" are one issuer."""
    if not issuer:
        return None
    low = " ".join(folded(words(issuer)))
    return _COMPANY_FORM.sub(" ", low).replace(" ", "") or low.replace(" ", "")


def wire_ids(release: Release) -> frozenset[tuple[str, str]]:
    """Return the (wire, id) pairs of a release: as extracted, and from its own URL and its original URL."""
    found: set[tuple[str, str]] = set()
    wire = compact_key(release.wire or release.source or "")
    if release.wire_id and wire:
        found.add((id_spaces().get(wire, wire), release.wire_id.lower()))
    for url in (release.url, release.original_url):
        named = wire_addresses().search(url) if url else None
        if named:
            found.add((named[1].id_space, named[0]["id"].lower()))
    return frozenset(found)


def slug_key(url: str | None) -> str | None:
    """Return letters and digits of a URL's most descriptive segment without ids; None if none is a sentence.

    PR Newswire keeps the original headline in the slug when a correction replaces the title.
    """
    if not url:
        return None
    path = re.split(r"[?#]", url, maxsplit=1)[0].partition("//")[2].partition("/")[2]
    slug = re.sub(r"\.s?html?$", "", unquote(max(path.split("/"), key=len)))
    parts = [part for part in re.split(r"[-_]+", slug) if part]
    while parts and (len(parts[-1]) <= 2 or len(parts[-1]) >= 6) and parts[-1].isdigit():
        parts.pop()
    while parts and len(parts[0]) >= 5 and parts[0].isdigit():
        parts.pop(0)
    if len(parts) < 4:
        return None
    return short_key(words(" ".join(parts).lower()))


def short_key(sentence: Iterable[str]) -> str:
    """Return a headline or slug without the small words that some slugs omit."""
    return "".join(word for word in sentence if word not in COMMON)
