"""Stop 9, relate: what a headline says about an earlier release, and the headline that is left without it.

A marker counts by its position (before the headline, behind it, in brackets, behind the issuer), by what its word needs
(``config.languages.Rule``) and by what stands around it (``contexts`` of the languages' tables).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipelines.notices.grammar import PRIORITY, HeadlineFrame, headline_frames, lexicon, part, telling_words
from pipelines.notices.line import CLOSERS, OPENERS, PAIRS, SEPARATORS, Line, Marker, marker_at, marker_ending, says
from pipelines.notices.news import acts, is_column, is_company, is_filing, is_news, is_study_update, names_a_release
from pipelines.notices.signed import signed
from stories.release import Notice
from stories.token_patterns import Match

_LEAD_CHARACTERS = 80  # "EQS-News: Hafen AG:"; an issuer's name is not longer
_LEADS = 3  # separators among which a marker behind an issuer is looked for
_MARKER_TOKENS = 16


def headline_notice(headline: str, first_paragraph: str = "") -> Notice | None:
    """Return what the headline alone says; ``statement`` is None. ``first_paragraph`` tells a rubric from an update."""
    line = Line(headline)
    if telling_words().isdisjoint(line.words) or part("never").search(line):
        return None
    if by := signed(line):
        return by.notice
    return (
        _one_behind_another(_before(line, first_paragraph), first_paragraph)
        or _behind_issuer(line)
        or _last(line)
        or _within(line)
        or _framed(line)
    )


def subject_company(headline: str) -> str | None:
    """Return the company of a headline that names only a marker and a company, as PR Newswire prints them.

    ``/C O R R E C T I O N -- Equinix, Inc./`` and ``/DISREGARD RELEASE: Soaak Technologies/`` have lost the subject;
    also of Business Wire's subtitle ``CORRECTION...by Civitas Solutions, Inc.`` and of a marker that is signed before
    the headline (``CORRECTION by Acme: Mill Opens``). None for every other headline.
    """
    line = Line(" ".join(headline.split()))
    if by := signed(line):
        return by.company or None
    first = line.skip(0, OPENERS)
    marker = marker_at(line, first)
    return _company(line, marker) if marker else None


def _company(line: Line, marker: Marker) -> str | None:
    """Return the company behind a marker in slashes or spaced letters, if a company is all that stands there."""
    if not (marker.spaced or "/" in line.words[: marker.first]):
        return None
    company = line.rest(line.behind_separator(line.skip(marker.last, CLOSERS))).rstrip(" /").strip()
    if not is_company(company) or (marker.meaning is not None and marker.meaning.kind == "repeat"):
        return None
    return company


def _one_behind_another(notice: Notice | None, first_paragraph: str) -> Notice | None:
    """Return the more telling of two markers in a row: "/R E P E A T -- CORRECTION -- Acme Opens a Mill/"."""
    if notice is None or not notice.headline:
        return notice
    second = _before(Line(notice.headline), first_paragraph)
    if second is None or not second.headline:
        return notice
    first = notice if PRIORITY.index(notice.kind) <= PRIORITY.index(second.kind) else second
    return replace(first, headline=second.headline)


# --- before the headline ---------------------------------------------------------------------------------------------


def _before(line: Line, first_paragraph: str) -> Notice | None:
    """A marker at the start, or behind what a wire prints before every headline ("EQS-News: Hafen AG:")."""
    for start in _wire_leads(line):
        first = line.skip(start, OPENERS)
        marker = marker_at(line, first)
        if marker is None:
            continue
        notice = _advisory(line, marker) if marker.word.startswith("advisory") else None
        return notice or _prefixed(line, start, marker, first_paragraph)
    return None


def _wire_leads(line: Line) -> Iterator[int]:
    yield 0
    wire = part("wire").match(line)
    rubric = part("rubric").match(line)
    for place in _breaks(line):
        if (wire and place >= wire.last) or (rubric and place == rubric.last):
            yield place + 1


def _breaks(line: Line) -> list[int]:
    """Return the separators behind which a marker may follow an issuer."""
    found = [
        place
        for place, word in enumerate(line.words[:_MARKER_TOKENS])
        if word in (":", "—", "/", ".", "|") and line.is_separator(place) and line.start(place) <= _LEAD_CHARACTERS
    ]
    return found[:_LEADS]


def _prefixed(line: Line, start: int, marker: Marker, first_paragraph: str) -> Notice | None:
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
    if _company(line, marker):
        rest = ""
    elif (not line.is_separator(closed) or meaning.rule == "colon") and names_a_release(rest):
        return Notice(kind=meaning.kind, marker=marker.printed, headline=line.text)
    elif opened:
        rest = rest.rstrip(' /”"»')
    return Notice(kind=meaning.kind, marker=marker.printed, headline=_join(line.before(start), rest))


class _Prefix:
    """Whether a marker before a headline is one, by what stands between and what follows."""

    def __init__(self, line: Line, start: int, marker: Marker, closed: int, rest: str) -> None:
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
        # "CORRECTING and REPLACING" stands out; "Correcting and Replacing Dentures" is what a dentist does.
        printed, rest = self.marker.printed, self.rest
        shouted = sum(map(str.isupper, printed)) > len(printed) // 2 and not rest.isupper()
        if not shouted and self.marker.word.startswith(("correct ", "replace ")):
            return False  # "Correct and Replace Program Launches": an order, or somebody's programme
        if shouted or not printed.isascii() or is_news(rest) or names_a_release(rest):
            return True
        # What follows in capitals is a name ("Correcting and Replacing Old Mill Bakery"), unless it is a thing to mend.
        mended = says("mended", rest) or (says("participle", rest) and not says("name_like_participle", rest))
        return self.marker.word.startswith("correct") and rest[0].isupper() and not mended

    def _stands_out(self) -> bool:
        """Whether capitals alone make it a marker: "CORRECTION Acme Reports …", not "CORRECTION TAPE MARKET"."""
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


def _bracketed(line: Line, marker: Marker) -> Notice | None:
    """ "(Korrektur: Absatz 2) Hafen AG erhöht Prognose": what the marker is about stands in the bracket with it."""
    meaning, opener = marker.meaning, line.words[marker.first - 1]
    closer = PAIRS.get(opener)
    if meaning is None or closer is None or opener in "*/" or closer not in line.words[marker.last :]:
        return None
    closed = line.words.index(closer, marker.last)
    extra = line.words[marker.last : closed]
    if line.start(closed) - line.end(marker.last) > _LEAD_CHARACTERS or not _may_follow(line, marker.last, marker):
        return None
    if meaning.kind != "correction" and not _is_dated(line, marker.last, closed):
        return None
    rest = line.rest(line.behind_separator(closed + 1))
    return Notice(kind=meaning.kind, marker=marker.printed, headline=rest) if rest and extra else None


def _may_follow(line: Line, place: int, marker: Marker) -> bool:
    """Whether a bracket may go on behind a marker: "corrected, date", "訂正・数値"; "수정테이프" is another word."""
    word = line.words[place]
    return not marker.unspaced_script or not word[0].isalpha() or line.text[line.start(place) - 1].isspace()


def _is_dated(line: Line, first: int, last: int) -> bool:
    """Whether a bracket says when or which: "(Updated June 3, 2026)", not "(Updated for 2026)"."""
    words = line.words[first:last]
    if "for" in words:
        return "," in words
    return not words or part("dated").search(Line(line.printed(first, last))) is not None


def _advisory(line: Line, marker: Marker) -> Notice | None:
    """An advisory in slashes or spaced letters withdraws; others ("ADVISORY: Minister to visit …") announce."""
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


# --- behind the issuer -----------------------------------------------------------------------------------------------


def _behind_issuer(line: Line) -> Notice | None:
    """ "ACME Corp: CORRECTION: ACME buys …": the issuer first, as some feeds print it."""
    for place in _breaks(line):
        marker = marker_at(line, place + 1)
        if marker is None or marker.meaning is None:
            continue
        lead, rest = line.text[: line.end(place + 1)], line.rest(line.behind_separator(marker.last))
        if rest and _issuers_marker_counts(line, place, marker):
            return Notice(kind=marker.meaning.kind, marker=marker.printed, headline=_join(lead, rest))
    return None


def _issuers_marker_counts(line: Line, place: int, marker: Marker) -> bool:
    meaning = marker.meaning
    if meaning is None or meaning.rule in ("topical", "brackets", "spaced", "colon") or meaning.kind == "repeat":
        return False
    capitals = marker.capitals and not line.text.isupper()
    if is_column(line.text[: line.end(place + 1)]) or (meaning.rule == "capitals" and not capitals):
        return False
    if not line.is_separator(marker.last):
        return capitals and line.words[place] == ":"
    return line.words[marker.last] not in ",." or line.words[0] in ("eqs", "dgap")


# --- behind the headline ---------------------------------------------------------------------------------------------


def _last(line: Line) -> Notice | None:
    """A marker in the last brackets, or behind the last dash or colon; the wire's name may follow."""
    last = _before_wire_name(line)
    return _last_bracket(line, last) or _behind_dash(line, last)


def _before_wire_name(line: Line) -> int:
    """Return the place before " - Media OutReach Newswire" and hashtags at the end."""
    for place in range(max(1, len(line) - _MARKER_TOKENS), len(line)):
        if part("wire_tail").match(line, place, len(line)):
            return place
    return len(line)


def _last_bracket(line: Line, last: int) -> Notice | None:
    closer = line.words[last - 1] if last else ""
    for place in range(last - 2, max(0, last - 2 * _MARKER_TOKENS), -1):
        opener = line.words[place]
        if PAIRS.get(opener) == closer or (closer == "*" and opener == "*"):
            return _bracket_counts(line, place, last)
    return None


def _bracket_counts(line: Line, place: int, last: int) -> Notice | None:
    first = place + 1 + (line.words[place + 1] in ("with", "avec", "mit", "con"))
    marker = marker_ending(line, first, last - 1) or marker_at(line, first)
    if marker is None or marker.meaning is None or marker.last > last - 1:
        return None
    before = line.text[: line.start(place)]
    if line.words[place] in "*/" and not before[-1:].isspace() and line.words[place - 1] != "*":
        return None
    if marker.last < last - 1 and not _may_follow(line, marker.last, marker):
        return None
    meaning = marker.meaning
    # "Best Casinos (Updated for 2026)", "A Novel (Revised Edition)" are titles; "(Updated June 3, 2026)" is a notice.
    if meaning.kind == "update" and (not _is_dated(line, marker.last, last - 1) or is_column(before)):
        return None
    return Notice(kind=meaning.kind, marker=marker.printed, headline=_join(before.rstrip(" *"), line.rest(last)))


def _behind_dash(line: Line, last: int) -> Notice | None:
    behind = last
    while behind and line.words[behind - 1] in ("—", "-", "*"):
        behind -= 1
    for place in range(max(1, behind - _MARKER_TOKENS), behind - 1):
        separator = line.words[place]
        if separator not in ("—", "|", "/", "*", ":", "-"):
            continue
        marker = marker_ending(line, line.skip(place + 1, frozenset("*")), behind)
        if marker is None or marker.meaning is None:
            continue
        before = line.before(place).rstrip(" *")
        if separator == "-" and behind == last and not is_filing(before):
            continue  # "Error-Correction"; "Dividend-Amended" is how ASX prints it
        counts = _behind_colon_counts if separator == ":" else _last_words_count
        if counts(line, before, marker):
            return Notice(kind=marker.meaning.kind, marker=marker.printed, headline=_join(before, line.rest(last)))
    return None


def _behind_colon_counts(line: Line, before: str, marker: Marker) -> bool:
    """ "EQS-PVR: Hafen AG: Korrektur", "Port : Rectificatif", "Harbour Reports: CORRECTION"."""
    meaning = marker.meaning
    if meaning is None or meaning.kind not in ("correction", "withdrawal") or meaning.rule in ("brackets", "colon"):
        return False
    if (marker.capitals and not before.isupper()) or line.words[0] in ("eqs", "dgap"):
        return not is_column(f"{before}:")
    # "Harbour Robotics: Correction" is a company's, "Gold: Correction" a market's.
    return (
        marker.unspaced_script
        or _own_word(marker)
        or (len(before.split()) > 1 and not says("corrects_itself", before) and not is_column(f"{before}:"))
    )


def _last_words_count(line: Line, before: str, marker: Marker) -> bool:
    meaning = marker.meaning
    if meaning is None or meaning.rule in ("spaced", "brackets", "colon"):
        return False
    capitals = marker.capitals and not before.isupper()
    if marker.unspaced_script or capitals or _own_word(marker):
        return True
    if is_filing(before) and meaning.kind in ("correction", "update") and meaning.rule != "topical":
        return True
    if meaning.kind == "repeat":
        return marker.word.startswith(("retrans", "re - ", "re -", "resen", "re-"))
    if meaning.rule == "topical":  # "… - Update" ends a rubric ("3Q 2025 - Update"); "- Updated" tells of this release
        return marker.word.endswith("updated")
    if meaning.rule == "capitals" and meaning.kind != "correction":
        return False
    return len(before.split()) > 1 and not says("corrects_itself", before)


def _own_word(marker: Marker) -> bool:
    """Whether the marker is a word that no market and no lens corrects itself by."""
    return part("own_word").search(Line(marker.printed)) is not None


# --- in the midst, and phrases ---------------------------------------------------------------------------------------


def _within(line: Line) -> Notice | None:
    """ "Harbour (CORRECTED) Robotics Reports", "Pressemitteilung (Korrektur): …"."""
    for place, word in enumerate(line.words[:-2]):
        closer = PAIRS.get(word)
        if closer is None or word in "*/" or closer not in line.words[place + 2 : place + _MARKER_TOKENS]:
            continue
        closed = line.words.index(closer, place + 2)
        marker = marker_ending(line, place + 1, closed)
        if marker is None or marker.meaning is None or closed + 1 >= len(line):
            continue
        before, after = line.before(place), line.text[line.end(closed + 1) :]
        leads = after.startswith(":") and len(before.split()) <= 3
        if leads or (marker.capitals and not line.text.isupper()):
            joined = _join(before, after)
            return Notice(
                kind=marker.meaning.kind,
                marker=marker.printed,
                headline=joined.replace(" :", ":", 1) if leads else joined,
            )
    return None


def _framed(line: Line) -> Notice | None:
    """Return the notice that a phrase tells: "Correction to Half-Year Report", "… Corrects Record Date"."""
    frames, patterns = headline_frames()
    for number in patterns.candidates(line.words):
        frame = frames[number]
        found = frame.pattern.search(line)
        if found is None or (frame.unless and frame.unless.search(line)):
            continue
        first, last = found.groups["marker"]
        if is_column(line.before(first)) or _is_about_something_else(line, found, frame):
            continue
        headline = line.text
        if frame.idiom.rest == "before":
            headline = line.before(found.groups.get("cut", (first, last))[0]).rstrip("：: —–-")
        elif frame.idiom.rest == "after":
            headline = line.rest(last)
        elif frame.idiom.rest == "without":
            before, after = line.before(first), line.rest(line.behind_separator(last)).strip(" ,")
            headline = _join(before, after) if after else before.rstrip(" :—–-") or line.text
        return Notice(kind=frame.idiom.kind, marker=line.printed(first, last).strip(" ,-"), headline=headline)
    return None


def _is_about_something_else(line: Line, found: Match, frame: HeadlineFrame) -> bool:
    """Whether what is corrected or amended is an agreement, a policy, a director, not an announcement.

    "Amendment to Loan Agreement Announcement" names an announcement; "Amendment to Loan Agreement for the Report" does not.
    """
    if "gap" not in found.groups or frame.thing is None:
        return False
    gap = Line(line.printed(*found.groups["gap"]))
    if any(word in SEPARATORS for word in gap.words):
        return True
    if frame.thing.search(gap) and (frame.small is None or frame.small.search(gap)):
        return True
    lead = found.groups.get("lead")
    if lead and frame.thing.search(Line(line.printed(*lead))):
        return True
    return frame.thing.match(line, found.last) is not None and not line.is_separator(found.last)


def _join(before: str, after: str) -> str:
    return " ".join(f"{before} {after}".split())
