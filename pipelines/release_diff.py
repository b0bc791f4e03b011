"""Computes what differs between a release and the one it replaces, for people who read the alert.

Reported are differences in content: words, numbers, names. Not reported are differences in typography (curly quotes,
no-break spaces, dashes, invisible characters), paragraphs that are split or joined elsewhere, and metadata of the page
(URLs, ids, times of publication).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import NamedTuple

from pipelines.notice_text import is_empty, without_advisory
from stories.model.release import Change, Release
from stories.model.timestamps import parse_timestamp
from stories.text.scripts import UNSPACED_OR_HANGUL
from stories.text.word_diff import plain

_ALIKE = 0.4  # share of common words; below it, one paragraph was removed and another added
_MOVED_ALIKE = 0.6  # share of common words; a paragraph at another place must be more similar to be the same
_SAME_ROW = 0.8  # similarity of table rows with the same label; all rows of a table share some words
_CELLS = 40_000  # 200 changed paragraphs against 200; more of them are reported as removed and added
_MOVED_CELLS = 10_000  # the same limit for paragraphs that may have been moved and edited
_EXACT_CELLS = 10_000  # SequenceMatcher is cubic in the worst case: 0.1 s for 100 paragraphs against 100
_WORD_STEPS = 1_000_000  # compared words in all pairs of paragraphs together: about 0.2 s

_WORD = re.compile(rf"[{UNSPACED_OR_HANGUL}]|\w+")


def changes(before: Release, after: Release) -> tuple[Change, ...]:
    """Return what differs from ``before`` to ``after``, field by field, texts paragraph by paragraph.

    * Single values: ``headline``, ``subheadline``, ``dateline.place``, ``dateline.date``, ``embargoed_until``,
      ``issuer``, ``disclaimer``; and ``published_at`` if the same page also changed something else.
    * Sets, one change per item: ``tags`` of the text, ``tickers``.
    * Aligned texts: ``body``, ``about``, ``contacts``, ``images`` (their captions). An added paragraph has no
      ``before``, a removed one no ``after``. An edited paragraph is one change, also if it was moved; a paragraph that
      was only moved is no change. A row of a table is a paragraph, identified by its first cell.

    A value that one side lacks is unknown: a missing headline, issuer, dateline, or an empty set of tags or tickers is
    not a change, and neither is a part that another source omits. A notice's statement about the earlier release is
    not a change; if the notice has no other text, the bodies are not compared.
    """
    found: list[Change] = []
    same_source = before.source is None or after.source is None or before.source == after.source
    found += _value("headline", before.headline, after.headline, optional=True)
    found += _value("subheadline", before.subheadline, after.subheadline, optional=not same_source)
    found += _dateline(before, after)
    found += _value("embargoed_until", before.embargoed_until, after.embargoed_until, optional=not same_source)
    found += _items("tags", before.text_tags, after.text_tags)
    found += _items("tickers", before.tickers, after.tickers)
    found += _value("issuer", before.issuer, after.issuer, optional=True)
    found += _bodies(before, after)
    for field, old, new in (
        ("about", before.about, after.about),
        ("contacts", before.contacts, after.contacts),
        ("images", _captions(before), _captions(after)),
    ):
        if same_source or (old and new):
            found += _paragraphs(field, old, new)
    found += _value("disclaimer", before.disclaimer, after.disclaimer, optional=not same_source)
    same_page = before.url is not None and before.url == after.url
    if found and same_page and not _same_moment(before.published_at, after.published_at):
        found += _value("published_at", before.published_at, after.published_at, optional=True)
    return tuple(found)


def _bodies(before: Release, after: Release) -> list[Change]:
    if before.url is not None and before.url == after.url and before.notice is not None:
        return _paragraphs("body", before.body, after.body)  # a notice's page changed: compare its statement too
    old, new = without_advisory(before), without_advisory(after)
    if (after.body and is_empty(new)) or (before.body and is_empty(old)):
        return []
    return _paragraphs("body", old, new)


def _value(field: str, before: str | None, after: str | None, *, optional: bool) -> list[Change]:
    if optional and (not before or not after):
        return []
    if plain(before or "") == plain(after or ""):
        return []
    return [Change(field=field, before=before or None, after=after or None)]


def _dateline(before: Release, after: Release) -> list[Change]:
    old, new = before.dateline, after.dateline
    if old is None or new is None:
        return []
    found = _value("dateline.place", old.place, new.place, optional=True)
    reissued = _on_its_day(before) and _on_its_day(after)
    if not reissued:
        found += _value("dateline.date", old.date, new.date, optional=True)
    return found


def _on_its_day(release: Release) -> bool:
    """Return whether the dateline's date is the day of publication: a correction of the next day has the next date."""
    return (
        release.dateline is not None
        and release.dateline.date is not None
        and (release.published_at or "")[:10] == release.dateline.date
    )


def _same_moment(before: str | None, after: str | None) -> bool:
    """Return whether two times are equal, or one of them is only the day of the other."""
    earlier, later = parse_timestamp(before), parse_timestamp(after)
    if earlier is not None and earlier == later:
        return True
    shorter, longer = sorted((before or "", after or ""), key=len)
    return longer.startswith(shorter)


def _items(field: str, before: Sequence[str], after: Sequence[str]) -> list[Change]:
    if not before or not after:
        return []
    old = {plain(item).casefold(): item for item in before}
    new = {plain(item).casefold(): item for item in after}
    gone = [Change(field=field, before=item) for key, item in old.items() if key not in new]
    return gone + [Change(field=field, after=item) for key, item in new.items() if key not in old]


def _captions(release: Release) -> tuple[str, ...]:
    return tuple(dict.fromkeys(image.caption for image in release.images if image.caption))


def _paragraphs(field: str, before: Sequence[str], after: Sequence[str]) -> list[Change]:
    old, new = [plain(text) for text in before], [plain(text) for text in after]
    if old == new:
        return []
    start, tail = shared_ends(old, new)
    pairs = _aligned(old[start : len(old) - tail], new[start : len(new) - tail])
    # A paragraph that was removed at one place and added unchanged at another was moved.
    moved = Counter(old[start + i] for i, j in pairs if i is not None and j is None)
    moved &= Counter(new[start + j] for i, j in pairs if i is None and j is not None)
    pairs = _edited_elsewhere(pairs, old, new, start, moved)
    found: list[Change] = []
    came, left = moved.copy(), moved.copy()
    for i, j in pairs:
        if j is None and i is not None:
            if left[old[start + i]] > 0:
                left[old[start + i]] -= 1
            elif old[start + i]:
                found.append(Change(field=field, paragraph=start + i + 1, before=before[start + i]))
        elif i is None and j is not None:
            if came[new[start + j]] > 0:
                came[new[start + j]] -= 1
            elif new[start + j]:
                found.append(Change(field=field, paragraph=start + j + 1, after=after[start + j]))
        elif i is not None and j is not None and old[start + i] != new[start + j]:
            found.append(Change(field=field, paragraph=start + j + 1, before=before[start + i], after=after[start + j]))
    return found


def _edited_elsewhere(
    pairs: list[_Pair], old: list[str], new: list[str], start: int, moved: Counter[str]
) -> list[_Pair]:
    """Pair each paragraph that was both moved and edited with its new position, so that it is one change."""
    gone = [i for i, j in pairs if i is not None and j is None and not moved[old[start + i]]]
    come = [j for i, j in pairs if i is None and j is not None and not moved[new[start + j]]]
    cells = len(gone) * len(come)
    if not cells or cells > _MOVED_CELLS:
        return pairs
    old_words = {i: _words(old[start + i], cells) for i in gone}
    new_words = {j: _words(new[start + j], cells) for j in come}
    alike = [
        (likeness, i, j)
        for i in gone
        for j in come
        if (likeness := _likeness(old_words[i], new_words[j])) >= _MOVED_ALIKE
    ]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(alike, key=lambda match: (-match[0], match[1], match[2])):
        if i not in taken and j not in partner:
            partner[j] = i
            taken.add(i)
    kept = [(i, j) for i, j in pairs if i is None or j is not None or i not in taken]
    return [(partner[j], j) if i is None and j is not None and j in partner else (i, j) for i, j in kept]


def shared_ends(old: list[str], new: list[str]) -> tuple[int, int]:
    """Return how many items two lists share at the start, and how many at the end."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return start, tail


_Pair = tuple[int | None, int | None]
_Anchor = tuple[int, int]


def _aligned(old: list[str], new: list[str]) -> list[_Pair]:
    """Return (old, new) positions in reading order: both where a paragraph stayed or changed, else one."""
    pairs: list[_Pair] = []
    cells = _CELLS
    for is_equal, olds, news in ranges(old, new):
        if is_equal:
            pairs += zip(olds, news, strict=True)
        elif _glued(old[olds.start : olds.stop]) != _glued(new[news.start : news.stop]):
            pairs += _alike(old, olds, new, news, cells)
            cells -= min(cells, len(olds) * len(news))
    return pairs


def ranges(old: list[str], new: list[str]) -> Iterator[tuple[bool, range, range]]:
    """Yield the ranges that are equal and those that are not, in reading order.

    Long texts are cut at paragraphs that occur exactly once in both (patience diff). A piece that is still long, such
    as a line that is repeated thousands of times, is one unequal range. So the cost is linear in the length.
    """
    i = j = 0
    for i2, j2 in [*_anchors(old, new), (len(old), len(new))]:
        if (i2 - i) * (j2 - j) > _EXACT_CELLS:
            yield False, range(i, i2), range(j, j2)
        else:
            matcher = SequenceMatcher(None, old[i:i2], new[j:j2], autojunk=False)
            for what, a1, a2, b1, b2 in matcher.get_opcodes():
                yield what == "equal", range(i + a1, i + a2), range(j + b1, j + b2)
        if i2 < len(old) and j2 < len(new):
            yield True, range(i2, i2 + 1), range(j2, j2 + 1)
        i, j = i2 + 1, j2 + 1


def _anchors(old: list[str], new: list[str]) -> list[_Anchor]:
    """Return the longest common subsequence of the paragraphs that occur exactly once in both texts."""
    if len(old) * len(new) <= _EXACT_CELLS:
        return []
    old_counts, new_counts = Counter(old), Counter(new)
    where = {text: j for j, text in enumerate(new) if new_counts[text] == 1}
    both = [(i, where[text]) for i, text in enumerate(old) if old_counts[text] == 1 and text in where]
    ends: list[int] = []
    """The smallest position in ``new`` at which a subsequence of each length ends."""
    last: list[int] = []
    before: list[int] = []
    for number, (_, j) in enumerate(both):
        length = bisect_left(ends, j)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [number]
    found: list[_Anchor] = []
    number = last[-1] if last else -1
    while number >= 0:
        found.append(both[number])
        number = before[number]
    return found[::-1]


def _glued(texts: list[str]) -> str:
    return "".join("".join(texts).split())


def _alike(old: list[str], olds: range, new: list[str], news: range, most: int) -> list[_Pair]:
    """Pair paragraphs in their order so that the pairs have most words in common (a longest common subsequence).

    If there are more than ``most`` possible pairs, nothing is compared: ``olds`` were removed and ``news`` added.
    """
    if not olds or not news or len(olds) * len(news) > most:
        return [*((i, None) for i in olds), *((None, j) for j in news)]
    cells = len(olds) * len(news)
    old_words, new_words = [_words(old[i], cells) for i in olds], [_words(new[j], cells) for j in news]
    likeness = [[_likeness(old_word, other) for other in new_words] for old_word in old_words]
    if len(olds) == len(news) == 1 and likeness[0][0] >= _ALIKE / 2:
        return [(olds[0], news[0])]  # the only possible pair
    best = [[0.0] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for i in reversed(range(len(olds))):
        for j in reversed(range(len(news))):
            paired = likeness[i][j] + best[i + 1][j + 1] if likeness[i][j] >= _ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[_Pair] = []
    i = j = 0
    while i < len(olds) or j < len(news):
        both = i < len(olds) and j < len(news) and likeness[i][j] >= _ALIKE
        if both and best[i][j] == likeness[i][j] + best[i + 1][j + 1]:
            pairs.append((olds[i], news[j]))
            i, j = i + 1, j + 1
        elif i < len(olds) and (j == len(news) or best[i][j] == best[i + 1][j]):
            pairs.append((olds[i], None))
            i += 1
        else:
            pairs.append((None, news[j]))
            j += 1
    return pairs


class _Words(NamedTuple):
    """The features by which two paragraphs are compared."""

    label: str | None
    counts: Counter[str]
    total: int


def _words(text: str, cells: int) -> _Words:
    """Return the words of a paragraph; only the first ones if there are many pairs to compare."""
    found = islice(_WORD.finditer(text.casefold()), _WORD_STEPS // cells)
    counts = Counter(match[0] for match in found)
    return _Words(_label(text), counts, counts.total())


def _likeness(one: _Words, other: _Words) -> float:
    """Return the similarity of two paragraphs, 0 to 1: of their words, and for table rows of their first cells."""
    both = one.total + other.total
    shared = 2 * (one.counts & other.counts).total() / both if both else 0.0
    return max(_SAME_ROW, shared) if one.label and one.label == other.label else shared


def _label(text: str) -> str | None:
    """Return the label of a table's row: "| Revenue | 5.2 | 4.8 |" → "revenue"; None for other paragraphs."""
    cells = [cell.strip() for cell in text.strip("| ").split("|")] if "|" in text else []
    return cells[0].casefold() if len(cells) > 1 and cells[0] and not cells[0][0].isdigit() else None


# Relative times and counters, as sites print them into a page.
_AGO = re.compile(
    r"\b(?:just now|(?:\d+|an?|one) ?(?:s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?|hrs?|d|days?|weeks?"
    r"|months?|years?) ago"
    r"|vor (?:\d+|einer|einem) (?:sekunden?|minuten?|stunden?|tag(?:en)?)|il y a (?:\d+|une?) (?:secondes?"
    r"|minutes?|heures?|jours?)"
    r"|hace (?:\d+|una?) (?:segundos?|minutos?|horas?|días?)|há (?:\d+|uma?) (?:segundos?|minutos?|horas?|dias?)"
    r"|\d+ (?:giây|phút|giờ|ngày) trước)\b|(?<!\d)\d+ ?(?:秒|秒钟|秒鐘|分钟|分鐘|分|小时|小時|時間|天|日)(?:之)?前"
    r"|(?<!\d)\d+ ?(?:초|분|시간|일) 전",
    re.IGNORECASE,
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?:\d{{1,2}} )?(?:{_MONTH} )?(?:\d{{1,2}}, ?)?(?:\d{{4}}[ ,]*)?"
_ZONE = r"(?: ?(?:[a-z]{2,4}|[+-]\d\d:?\d\d))?"
_CLOCK = rf"{_DAY}(?:\d{{4}}-\d\d-\d\d[t ])?(?:at )?\d{{1,2}}:\d\d(?::\d\d)?(?: ?[ap]\.?m\.?)?{_ZONE}"
_COUNT = r"\d[\d.,]* ?(?:k|m|万|萬)?"
_COUNTED = (
    r"(?:views?|reads?|shares?|likes?|comments?|downloads?|visits?|visitors? online|aufrufe|vues|lectures|visitas"
    r"|visualizações|lượt xem|阅读|閱讀|浏览|瀏覽|次浏览|次阅读|조회수|조회|閲覧)"
)
_MARKS = r"(?:[^\w<]|<(?!ago>))*+"
_NOISE = re.compile(
    rf"{_MARKS}(?:(?:(?:last |page )?(?:updated|modified|refreshed|loaded)|now|time|as of"
    rf"|current time)?{_MARKS}(?:{_CLOCK}|ago|<ago>)"
    rf"|{_COUNT} ?{_COUNTED}|{_COUNTED}\W*{_COUNT}|(?:reading time\W*)?\d+ ?min(?:ute)?s? read|<ago>)\W*",
    re.IGNORECASE,
)
NOISE_LENGTH = 200  # characters; "Last updated: Wednesday, 30 September 2026 at 10:00:00 a.m. Eastern" has 67


def only_noise(before: Release, after: Release) -> bool:
    """Return whether only noise changed in a page: clocks, counters, "5 minutes ago", typography.

    Some pages print the time of their last change as the time of publication: that is a clock, too.

    A time or a number inside a sentence is not noise: "at 10:00" that becomes "at 11:00" moves an event. A notice that
    was added, removed or got another kind is not noise either.
    """
    if (before.notice and before.notice.kind) != (after.notice and after.notice.kind):
        return False
    return all(is_noise(change) for change in changes(before, after))


def is_noise(change: Change) -> bool:
    """Return whether a change on one page is only a clock, a counter or typography."""
    return change.field == "published_at" or _without_noise(change.before) == _without_noise(change.after)


def _without_noise(text: str | None) -> str:
    text = _AGO.sub("<ago>", plain(text or ""))
    return "" if len(text) <= NOISE_LENGTH and _NOISE.fullmatch(text) else text
