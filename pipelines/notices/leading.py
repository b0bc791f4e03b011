"""Markers before the headline: at its start, after a wire's prefix, or after the issuer."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.notices.grammar import lexicon, part
from pipelines.notices.headline_tokens import (
    CLOSERS,
    OPENERS,
    PAIRS,
    HeadlineTokens,
    Marker,
    is_dated,
    joined,
    marker_at,
    may_follow,
    says,
)
from pipelines.notices.news_words import (
    acts,
    is_column,
    is_company,
    is_filing,
    is_news,
    is_study_update,
    names_a_release,
)
from stories.model.release import Notice

_LEAD_CHARACTERS = 80  # "EQS-News: Hafen AG:"; no issuer's name is longer
_LEADS = 3  # separators after which a marker behind an issuer is searched
_LEAD_TOKENS = 16


def leading_notice(line: HeadlineTokens, first_paragraph: str) -> Notice | None:
    """A marker at the start, or after a wire's prefix ("EQS-News: Hafen AG:")."""
    for start in _wire_leads(line):
        first = line.skip(start, OPENERS)
        marker = marker_at(line, first)
        if marker is None:
            continue
        notice = _advisory(line, marker) if marker.word.startswith("advisory") else None
        return notice or _prefixed(line, start, marker, first_paragraph)
    return None


def _wire_leads(line: HeadlineTokens) -> Iterator[int]:
    yield 0
    wire = part("wire").match(line)
    rubric = part("rubric").match(line)
    for place in breaks(line):
        if (wire and place >= wire.last) or (rubric and place == rubric.last):
            yield place + 1


def breaks(line: HeadlineTokens) -> list[int]:
    """Return the separators behind which a marker may follow an issuer."""
    found = [
        place
        for place, word in enumerate(line.words[:_LEAD_TOKENS])
        if word in (":", "—", "/", ".", "|") and line.is_separator(place) and line.start(place) <= _LEAD_CHARACTERS
    ]
    return found[:_LEADS]


def _prefixed(line: HeadlineTokens, start: int, marker: Marker, first_paragraph: str) -> Notice | None:
    meaning = marker.meaning
    if meaning is None:
        return None
    closed = line.skip(marker.last, CLOSERS)
    opened = line.words[start : marker.first]
    if opened and closed == marker.last and (bracketed := _bracketed(line, marker)):
        return bracketed
    rest_at = line.behind_separator(closed)
    rest = line.rest(rest_at)
    if not rest:
        counts = opened or marker.capitals or tuple(line.words[marker.first : marker.last]) in lexicon("alone")
        return Notice(kind=meaning.kind, marker=marker.printed, headline=line.before(start)) if counts else None
    if not _Prefix(line, start, marker, closed, rest).counts():
        return None
    if meaning.kind == "update" and meaning.rule != "plain" and is_study_update(rest, first_paragraph):
        return None
    if subject_of(line, marker):
        rest = ""
    elif (not line.is_separator(closed) or meaning.rule == "colon") and names_a_release(rest):
        return Notice(kind=meaning.kind, marker=marker.printed, headline=line.text)
    elif opened:
        rest = rest.rstrip(' /”"»')
    return Notice(kind=meaning.kind, marker=marker.printed, headline=joined(line.before(start), rest))


class _Prefix:
    """Return whether the words before a headline are a marker, by what is between them and by what follows."""

    def __init__(self, line: HeadlineTokens, start: int, marker: Marker, closed: int, rest: str) -> None:
        self.line, self.marker, self.rest = line, marker, rest
        opened, closers = set(line.words[start : marker.first]), set(line.words[marker.last : closed])
        self.slashed = "/" in opened
        self.bracketed = bool(opened - set('"“!>—-') and closers) or self.slashed
        between = line.words[closed] if line.is_separator(closed) else ""
        self.colon = between == ":"
        self.separated = bool(between) and (between not in ",." or start > 0)
        self.separated |= marker.unspaced_script and bool(closers)

    def counts(self) -> bool:
        marker = self.marker
        rule = marker.meaning.rule if marker.meaning else "plain"
        if rule == "spaced":
            invites = marker.capitals and self.separated and self.rest.casefold().startswith(("invitation", "avis "))
            return invites or self.slashed or marker.spaced
        if self.bracketed:
            return True
        if rule == "colon":
            return self.colon
        if rule == "brackets":
            return False
        if rule == "phrase" and not self.separated:
            return self._phrase_counts()
        if not self.separated:
            return self._stands_out() or says("headed", self.rest)
        if rule == "capitals":
            return self._editors_word_counts()
        return self._title_counts()

    def _phrase_counts(self) -> bool:
        # "CORRECTING and REPLACING" is in capitals; "Correcting and Replacing Dentures" is what a dentist does.
        printed, rest = self.marker.printed, self.rest
        shouted = sum(map(str.isupper, printed)) > len(printed) // 2 and not rest.isupper()
        if not shouted and self.marker.word.startswith(("correct ", "replace ")):
            return False  # "Correct and Replace Program Launches": an imperative, or the name of a programme
        if shouted or not printed.isascii() or is_news(rest) or names_a_release(rest):
            return True
        # Following capitals are a name ("Correcting and Replacing Old Mill Bakery"), unless it is something to repair.
        mended = says("mended", rest) or (says("participle", rest) and not says("name_like_participle", rest))
        return self.marker.word.startswith("correct") and rest[0].isupper() and not mended

    def _stands_out(self) -> bool:
        """Whether capitals are sufficient for a marker: "CORRECTION Acme Reports …", not "CORRECTION TAPE MARKET"."""
        rest = self.rest
        return (
            len(self.marker.printed) >= len("UPDATE")
            and self.marker.capitals
            and (rest[0].isupper() or rest[0].isdigit() or rest[0] in "“\"'‘$")
            and sum(character.islower() for character in rest) > len(rest) // 3
            and not says("no_headline", rest)
        )

    def _editors_word_counts(self) -> bool:
        if says("headed", self.rest):
            return True
        if self.marker.word in ("kill", "repeat", "disregard", "cancelled", "canceled") and is_news(self.rest):
            return self.marker.capitals or not says("title", self.rest)
        if self.marker.word.endswith(("replacement", "revision")):
            return self.marker.capitals or is_filing(self.rest) or (self.colon and is_news(self.rest))
        return self.marker.capitals or says("release", self.marker.printed)

    def _title_counts(self) -> bool:
        capitals, kind = self.marker.capitals, self.marker.meaning.kind if self.marker.meaning else "correction"
        listed = not capitals and says("listicle", self.rest)
        if listed and (kind == "update" or (kind == "correction" and says("market", self.rest))):
            return False
        # "Corrections: The Next Frontier", "Errata: A Novel": titles of other things.
        titled = self.marker.word in ("corrections", "errata") and says("title", self.rest) and not acts(self.rest)
        return capitals or not titled


def _bracketed(line: HeadlineTokens, marker: Marker) -> Notice | None:
    """A marker in a bracket with its object: "(Korrektur: Absatz 2) Hafen AG erhöht Prognose"."""
    meaning, opener = marker.meaning, line.words[marker.first - 1]
    closer = PAIRS.get(opener)
    if meaning is None or closer is None or opener in "*/" or closer not in line.words[marker.last :]:
        return None
    closed = line.words.index(closer, marker.last)
    extra = line.words[marker.last : closed]
    if line.start(closed) - line.end(marker.last) > _LEAD_CHARACTERS or not may_follow(line, marker.last, marker):
        return None
    if meaning.kind != "correction" and not is_dated(line, marker.last, closed):
        return None
    rest = line.rest(line.behind_separator(closed + 1))
    return Notice(kind=meaning.kind, marker=marker.printed, headline=rest) if rest and extra else None


def _advisory(line: HeadlineTokens, marker: Marker) -> Notice | None:
    """Whether an advisory withdraws: in slashes or spaced letters. "ADVISORY: Minister to visit …" announces."""
    orders = part("advisory_orders").match(line, marker.first)
    if not (marker.spaced or "/" in line.words[: marker.first] or orders):
        return None
    behind = line.behind_separator(marker.last)
    last = marker.last
    if orders and orders.last < len(line.words) and line.is_separator(orders.last):
        last, behind = orders.last, line.behind_separator(orders.last)
    rest = line.rest(behind).rstrip(" /")
    company = is_company(rest) and (marker.spaced or "/" in line.words[: marker.first])
    return Notice(kind="withdrawal", marker=line.printed(marker.first, last), headline="" if company else rest)


def notice_behind_issuer(line: HeadlineTokens) -> Notice | None:
    """ "ACME Corp: CORRECTION: ACME buys …": the issuer first, as some feeds print it."""
    for place in breaks(line):
        marker = marker_at(line, place + 1)
        if marker is None or marker.meaning is None:
            continue
        lead, rest = line.text[: line.end(place + 1)], line.rest(line.behind_separator(marker.last))
        if rest and _issuers_marker_counts(line, place, marker):
            return Notice(kind=marker.meaning.kind, marker=marker.printed, headline=joined(lead, rest))
    return None


def _issuers_marker_counts(line: HeadlineTokens, place: int, marker: Marker) -> bool:
    meaning = marker.meaning
    if meaning is None or meaning.rule in ("topical", "brackets", "spaced", "colon") or meaning.kind == "repeat":
        return False
    capitals = marker.capitals and not line.text.isupper()
    if is_column(line.text[: line.end(place + 1)]) or (meaning.rule == "capitals" and not capitals):
        return False
    if not line.is_separator(marker.last):
        return capitals and line.words[place] == ":"
    return line.words[marker.last] not in ",." or line.words[0] in ("eqs", "dgap")


def subject_of(line: HeadlineTokens, marker: Marker) -> str | None:
    """Return the company after a marker in slashes or spaced letters, if there is nothing but a company."""
    if not (marker.spaced or "/" in line.words[: marker.first]):
        return None
    company = line.rest(line.behind_separator(line.skip(marker.last, CLOSERS))).rstrip(" /").strip()
    if not is_company(company) or (marker.meaning is not None and marker.meaning.kind == "repeat"):
        return None
    return company


def marker_only_notice(line: HeadlineTokens) -> Notice | None:
    """A headline that is only a marker with its object: "Avis rectificatif", "撤回公告"."""
    marker = marker_at(line, 0)
    if marker is None or marker.meaning is None or marker.last < len(line) or marker.meaning.rule != "plain":
        return None
    if part("object").search(line) is None:
        return None
    return Notice(kind=marker.meaning.kind, marker=marker.printed, headline=line.text)
