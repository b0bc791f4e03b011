"""Volatile content: lines, sentences and blocks of a page that say something new at most visits; pure.

Clocks, prices, counters, weather, advertisements: what such a line says is not known beforehand, so it is recognised by
time alone. Each place that changes is followed from visit to visit. Its first changes are reported. It is volatile, and
no longer reported, when it has shown ``MIN_TEXTS`` different texts and a new one at most of the latest visits, or when
it returns to one of ``MIN_ROTATED_TEXTS`` texts that it has shown before. A text that stays in a volatile place for
``STABLE_VISITS`` visits is an edit, and is reported.

Teasers that are cut short, and contacts that come or go, are reported once they stay for two visits.

An edit next to volatile content, or in the same sentence, is reported immediately: of a sentence only the words that
changed before are volatile, and of a block only its own sentences.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from pipelines.release_diff import is_noise, ranges, shared_ends
from stories.crawl_state.page_observations import VolatilePlace
from stories.model.release import Change, Release
from stories.text.scripts import UNSPACED_OR_HANGUL
from stories.text.word_diff import plain, sentences

VISITS_COUNTED = 6  # the latest visits by which a place is judged
MIN_TEXTS = 5  # different texts before a place is volatile: an editor may correct a figure twice in consecutive visits
MIN_ROTATED_TEXTS = 3  # the same when it returns to one of them; two are a page with two states (pipelines.page_states)
STABLE_VISITS = 4  # visits in a row with one text: at a place that changes at half of the visits, one text in eight
CALM_VISITS = 12  # the same until a place is volatile no longer
LOOSE_VISITS = 2  # the same of content that a page shows by chance
MAX_DOUBLINGS = 4  # of both, one for each text that stayed and was reported: a counter may rest at night
STATES_KEPT = 16  # of a place
PLACES_KEPT = 24  # of a page
PARTS_COMPARED = 500  # of a page; one with more is another text
BLOCK_SENTENCES = 60  # before and after; a larger part of a page that changes is an edit, and not followed
TEXT_LENGTH = 200  # characters, for people

_ALIKE = 0.5  # of their tokens: less in common, and the sentence was replaced as a whole
_TOKENS_COMPARED = 200  # of a sentence, between its equal ends; SequenceMatcher is slow beyond

SENTENCE = "s:"
"""Begins the mark of a volatile sentence, among the marks of noise."""

TEXTS = ("body", "about", "contacts")
VALUES = ("subheadline", "disclaimer")
"""Headline, issuer, tags and tickers name things: their changes are always reported."""

_TOKEN = re.compile(
    rf"[+-]?\d[\d.,:/-]*|[{UNSPACED_OR_HANGUL}]|[^\W\d_]+|[^\w\s]",
)
_NEW, _KNOWN = "1", "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Sentences of the known state in whose place others were read."""

    field: str
    above: str
    """The digest of the sentence above."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_loose: bool
    """Whether it is of a kind that a page shows by chance: a teaser that is cut short, a contact that comes or goes."""

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(map(_digest, self.before))

    @property
    def growth(self) -> int:
        return len(self.after) - len(self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit of a page adds to what is known of its places."""

    places: tuple[VolatilePlace, ...] = ()
    parts: tuple[tuple[_Part, ...], ...] = ()
    """Of each place, what differs from the known state."""
    marks: frozenset[str] = frozenset()
    """The marks of the sentences, known and read, that are volatile and not reported."""

    @property
    def is_undecided(self) -> bool:
        """Whether a place has not changed often, so that its text may be an edit: a visit soon decides it."""
        return any(
            len(place.seen) <= MIN_TEXTS + 1 and any(_marks_of(part) <= self.marks for part in parts)
            for place, parts in zip(self.places, self.parts, strict=True)
        )

    def reported(self) -> tuple[VolatilePlace, ...]:
        """Return the places once the state that was read is the known one."""
        return tuple(_rebased(place, parts, self.marks) for place, parts in zip(self.places, self.parts, strict=True))


def record_visit(places: Sequence[VolatilePlace], before: Release, after: Release, earlier: int) -> Visit:
    """Return what a visit shows of the places of a page that change.

    Args:
        places: what is known of them.
        before: the state that was reported last.
        after: the state that was read.
        earlier: visits between the first reading of the page and this one.
    """
    found = _parts(before, after)
    if not found and not places:
        return Visit()
    of: dict[int, list[_Part]] = {}
    all_places = list(places)
    for part in found:
        if len(part.before) + len(part.after) > BLOCK_SENTENCES:
            continue
        number = next((n for n, place in enumerate(all_places) if _is_at(part, place)), None)
        if number is None and len(all_places) >= len(places) + PLACES_KEPT:
            continue
        if number is None:
            known = _joined(part.known)
            number = len(all_places)
            news = _KNOWN * min(earlier, VISITS_COUNTED - 1)
            all_places.append(
                VolatilePlace(field=part.field, above=part.above, known=part.known, seen=(known,), news=news)
            )
        of.setdefault(number, []).append(part)
    result, parts_of = [], []
    for number, place in enumerate(all_places):
        parts = tuple(of.get(number, ()))
        result.append(_visited(place, parts))
        parts_of.append(parts)
    marks = frozenset[str]().union(*map(_marks_of, _volatile(all_places, result, parts_of)))
    kept = [n for n, place in enumerate(result) if place.is_volatile or _NEW in place.news]
    kept = sorted(kept, key=lambda n: result[n].is_volatile)[-PLACES_KEPT:]
    return Visit(
        places=tuple(result[n] for n in kept),
        parts=tuple(parts_of[n] for n in kept),
        marks=marks,
    )


def without_sentences(release: Release, marks: frozenset[str]) -> Release:
    """Return a release without the sentences that have these marks; a line that had no other is empty."""

    def rest(line: str) -> str:
        pieces = sentences(line)
        left = [piece for piece in pieces if _mark(plain(piece)) not in marks]
        return line if len(left) == len(pieces) else "".join(left).rstrip()

    texts: dict[str, tuple[str, ...]] = {name: tuple(map(rest, getattr(release, name))) for name in TEXTS}
    values: dict[str, str | None] = {name: (said := getattr(release, name)) and rest(said) for name in VALUES}
    images = tuple(
        replace(image, caption=None) if image.caption and _mark(plain(image.caption)) in marks else image
        for image in release.images
    )
    return replace(
        release,
        images=images,
        body=texts["body"],
        about=texts["about"],
        contacts=texts["contacts"],
        subheadline=values["subheadline"],
        disclaimer=values["disclaimer"],
    )


def _parts(before: Release, after: Release) -> list[_Part]:
    found: list[_Part] = []
    for name, old, new in _texts(before, after):
        if old == new:
            continue
        loose = _cut_short(before, after, name)
        start, tail = shared_ends(old, new)
        inner_old, inner_new = old[start : len(old) - tail], new[start : len(new) - tail]
        for is_equal, olds, news in ranges(inner_old, inner_new):
            if is_equal:
                continue
            went, came = inner_old[olds.start : olds.stop], inner_new[news.start : news.stop]
            at = start + olds.start
            pairs = [(tuple(went), tuple(came))]
            if len(went) == len(came):
                pairs = [((old_one,), (new_one,)) for old_one, new_one in zip(went, came, strict=True)]
            for number, (gone, come) in enumerate(pairs):
                if is_noise(Change(field=name, before=" ".join(gone), after=" ".join(come))):
                    continue
                above = _digest(old[at + number - 1]) if at + number else ""
                if len(found) >= PARTS_COMPARED:
                    return []
                is_loose = {*gone, *come} <= loose or (name == "contacts" and not (gone and come))
                found.append(_Part(field=name, above=above, before=gone, after=come, is_loose=is_loose))
    return found


def _texts(before: Release, after: Release) -> Iterable[tuple[str, list[str], list[str]]]:
    for name in TEXTS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield name, _sentences(old), _sentences(new)
    for name in VALUES:
        old, new = getattr(before, name), getattr(after, name)
        if old != new and old and new:
            yield name, _sentences([old]), _sentences([new])
    if before.images != after.images:
        yield "images", _captions(before), _captions(after)


def _cut_short(before: Release, after: Release, name: str) -> set[str]:
    """Return the sentences of lines that end with an ellipsis."""
    if name not in TEXTS:
        return set()
    lines = [line for line in (*getattr(before, name), *getattr(after, name)) if line.rstrip().endswith(("...", "…"))]
    return set(_sentences(lines))


def _captions(release: Release) -> list[str]:
    return list(dict.fromkeys(plain(image.caption) for image in release.images if image.caption))


def _sentences(lines: Iterable[str]) -> list[str]:
    return [said for line in lines for sentence in sentences(line) if (said := plain(sentence))]


def _is_at(part: _Part, place: VolatilePlace) -> bool:
    if part.field != place.field:
        return False
    if part.before and place.known:
        return not set(part.known).isdisjoint(place.known)
    return part.above == place.above or part.above in place.known


def _visited(place: VolatilePlace, parts: Sequence[_Part]) -> VolatilePlace:
    """Return a place after one more visit."""
    if parts:
        value = _joined([_digest(sentence) for part in parts for sentence in part.after])
        text = " ".join(sentence for part in parts for sentence in part.after)
    else:
        value, text = _joined(place.known), place.text
    is_same = bool(place.seen) and value == place.seen[-1]
    has_returned = value in place.seen and not is_same
    stayed = place.visits + 1 if is_same else 1
    news = (place.news + (_KNOWN if value in place.seen else _NEW))[-VISITS_COUNTED:]
    seen = (*(state for state in place.seen if state != value), value)[-STATES_KEPT:]
    is_volatile = place.is_volatile
    learns = bool(parts) and not is_volatile
    if not is_volatile:
        is_new_each_time = 2 * news.count(_NEW) > len(news) and news.endswith(_NEW * 2)
        is_volatile = (len(seen) >= MIN_TEXTS and is_new_each_time) or (len(seen) >= MIN_ROTATED_TEXTS and has_returned)
    elif stayed >= CALM_VISITS << place.reported:
        is_volatile, news = False, ""
    return replace(
        place,
        known=tuple(digest for part in parts for digest in part.known) if learns else place.known,
        seen=seen,
        news=news,
        visits=stayed,
        is_volatile=is_volatile,
        text=(text[:TEXT_LENGTH] if is_volatile else ""),
        words=_words(place.words, parts),
        growth=max(place.growth, *(part.growth for part in parts)) if learns else place.growth,
    )


def _volatile(
    before: Sequence[VolatilePlace], after: Sequence[VolatilePlace], parts: Sequence[Sequence[_Part]]
) -> list[_Part]:
    """Return the parts that are volatile and not reported; ``before``: the places as they were before this visit."""
    quiet = [n for n, place in enumerate(after) if place.is_volatile and not _is_stable(place)]
    known = {(before[n].field, digest) for n in quiet for digest in before[n].known}
    loose = [part for n, place in enumerate(after) if place.visits < LOOSE_VISITS for part in parts[n] if part.is_loose]
    return loose + [
        part
        for n in quiet
        for part in parts[n]
        if part.growth <= before[n].growth
        and all((part.field, digest) in known for digest in part.known)
        and _is_within(part, before[n].words)
    ]


def _is_stable(place: VolatilePlace) -> bool:
    return place.visits >= STABLE_VISITS << place.reported


def _words(words: tuple[int, ...] | None, parts: Sequence[_Part]) -> tuple[int, ...] | None:
    """Return which tokens of a sentence have changed so far; None: all of it."""
    for part in parts:
        touched = _touched(part)
        words = None if words is None or touched is None else tuple(sorted({*words, *touched}))
    return words


def _is_within(part: _Part, words: tuple[int, ...] | None) -> bool:
    touched = _touched(part)
    return words is None or (touched is not None and set(touched) <= set(words))


def _touched(part: _Part, *, backwards: bool = False) -> tuple[int, ...] | None:
    """Return which words of the known sentence changed: odd numbers; even ones are gaps where some came.

    Signs, such as the arrow before a price, are left out.
    """
    if len(part.before) != 1 or len(part.after) != 1:
        return None
    old, new = _TOKEN.findall(part.before[0]), _TOKEN.findall(part.after[0])
    if backwards:
        old, new = new, old
    start, tail = shared_ends(old, new)
    if max(len(old), len(new)) - start - tail > _TOKENS_COMPARED:
        return None
    matcher = SequenceMatcher(None, old[start : len(old) - tail], new[start : len(new) - tail], autojunk=False)
    touched: list[int] = []
    equal = start + tail
    for what, a1, a2, b1, b2 in matcher.get_opcodes():
        if what == "equal":
            equal += a2 - a1
        elif a1 == a2:
            touched += [2 * (start + a1)] if any(map(_is_word, new[start + b1 : start + b2])) else []
        else:
            touched += [2 * (start + at) + 1 for at in range(a1, a2) if _is_word(old[start + at])]
    return tuple(touched) if 2 * equal >= _ALIKE * (len(old) + len(new)) else None


def _is_word(token: str) -> bool:
    return any(map(str.isalnum, token))


def _rebased(place: VolatilePlace, parts: Sequence[_Part], marks: frozenset[str]) -> VolatilePlace:
    """Return a place after the state that was read became the known one."""
    if not parts:
        return place
    gone = {digest for part in parts for digest in part.known}
    come = tuple(_digest(sentence) for part in parts for sentence in part.after)
    words = place.words
    for part in parts:
        old, new = (len(_TOKEN.findall(" ".join(side))) for side in (part.before, part.after))
        if words is not None and old != new:
            words = _touched(part, backwards=True)
    was_stable = place.is_volatile and _is_stable(place)
    is_other = any(part.growth and not _marks_of(part) <= marks for part in parts)
    return replace(
        place,
        # Which of the new sentences is the volatile one is seen at the next visit.
        is_volatile=place.is_volatile and (was_stable or not is_other),
        known=(*(digest for digest in place.known if digest not in gone), *come),
        words=words,
        growth=max(0, place.growth - sum(part.growth for part in parts)),
        reported=min(place.reported + was_stable, MAX_DOUBLINGS),
    )


def _marks_of(part: _Part) -> frozenset[str]:
    return frozenset(map(_mark, (*part.before, *part.after)))


def _mark(sentence: str) -> str:
    return f"{SENTENCE}{_digest(sentence)}"


def _joined(digests: Sequence[str]) -> str:
    return digests[0] if len(digests) == 1 else _digest(" ".join(digests))


def _digest(said: str) -> str:
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
