"""Stop 9, relate: what differs between a release and the one it replaces, for people who read the alert.

Told are differences of what a release says: words, numbers, names. Not told is what is the same in another dress
(curly quotes, no-break spaces, dashes, invisible characters, paragraphs split or joined elsewhere) and what only says
where it stands (URLs, ids, times of publication).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from stories.release import Change, Release
from stories.wording import plain

_ALIKE = 0.4  # of their words: less in common, and one paragraph went and another came
_CELLS = 40_000  # 200 changed paragraphs against 200: beyond, paragraphs are told as gone and new

_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")


def changes(before: Release, after: Release) -> tuple[Change, ...]:
    """Return what differs from ``before`` to ``after``, field by field, texts paragraph by paragraph.

    Fields of one value: ``headline``, ``subheadline``, ``dateline.place``, ``dateline.date``, ``embargoed_until``,
    ``issuer``, ``disclaimer``. Sets, one change an item: ``tags``, ``tickers``. Texts, aligned: ``body``, ``about``,
    ``contacts``, ``images`` (their captions): an added paragraph has no ``before``, a removed one no ``after``.
    A paragraph that only moved is no change. What one side does not say is unknown, so where the headline, the issuer,
    the dateline, all tags or all tickers are missing nothing is told about them; and neither about a part that another
    source leaves out altogether.
    """
    found: list[Change] = []
    same_source = before.source is None or after.source is None or before.source == after.source
    found += _value("headline", before.headline, after.headline, optional=True)
    found += _value("subheadline", before.subheadline, after.subheadline, optional=not same_source)
    found += _dateline(before, after)
    found += _value("embargoed_until", before.embargoed_until, after.embargoed_until, optional=not same_source)
    found += _items("tags", before.tags, after.tags)
    found += _items("tickers", before.tickers, after.tickers)
    found += _value("issuer", before.issuer, after.issuer, optional=True)
    found += _paragraphs("body", before.body, after.body)
    for field, old, new in (
        ("about", before.about, after.about),
        ("contacts", before.contacts, after.contacts),
        ("images", _captions(before), _captions(after)),
    ):
        if same_source or (old and new):
            found += _paragraphs(field, old, new)
    found += _value("disclaimer", before.disclaimer, after.disclaimer, optional=not same_source)
    return tuple(found)


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
    """Whether the dateline's date is that of publication: a correction of the next day carries the next date."""
    return (
        release.dateline is not None
        and release.dateline.date is not None
        and (release.published_at or "")[:10] == release.dateline.date
    )


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
    start, tail = _shared_ends(old, new)
    pairs = _aligned(old[start : len(old) - tail], new[start : len(new) - tail])
    # A paragraph that left here and came there, word for word, has moved.
    moved = Counter(old[start + i] for i, j in pairs if i is not None and j is None)
    moved &= Counter(new[start + j] for i, j in pairs if i is None and j is not None)
    told: list[Change] = []
    came, left = moved.copy(), moved.copy()
    for i, j in pairs:
        if j is None and i is not None:
            if left[old[start + i]] > 0:
                left[old[start + i]] -= 1
            elif old[start + i]:
                told.append(Change(field=field, paragraph=start + i + 1, before=before[start + i]))
        elif i is None and j is not None:
            if came[new[start + j]] > 0:
                came[new[start + j]] -= 1
            elif new[start + j]:
                told.append(Change(field=field, paragraph=start + j + 1, after=after[start + j]))
        elif i is not None and j is not None and old[start + i] != new[start + j]:
            told.append(Change(field=field, paragraph=start + j + 1, before=before[start + i], after=after[start + j]))
    return told


def _shared_ends(old: list[str], new: list[str]) -> tuple[int, int]:
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return start, tail


_Pair = tuple[int | None, int | None]


def _aligned(old: list[str], new: list[str]) -> list[_Pair]:
    """Return (old, new) positions in reading order: both where a paragraph stayed or changed, else one."""
    if len(old) * len(new) > _CELLS * 100:
        return [*((i, None) for i in range(len(old))), *((None, j) for j in range(len(new)))]
    pairs: list[_Pair] = []
    for what, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
        elif _glued(old[i1:i2]) != _glued(new[j1:j2]):
            pairs += _alike(old, range(i1, i2), new, range(j1, j2))
    return pairs


def _glued(texts: list[str]) -> str:
    return "".join("".join(texts).split())


def _alike(old: list[str], olds: range, new: list[str], news: range) -> list[_Pair]:
    """Pair paragraphs in their order so that the pairs have most words in common (a longest common subsequence)."""
    if not olds or not news or len(olds) * len(news) > _CELLS:
        return [*((i, None) for i in olds), *((None, j) for j in news)]
    old_words, new_words = [_words(old[i]) for i in olds], [_words(new[j]) for j in news]
    likeness = [[_shared(a, b) for b in new_words] for a in old_words]
    if len(olds) == len(news) == 1 and likeness[0][0] >= _ALIKE / 2:
        return [(olds[0], news[0])]  # nothing else it could have become
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


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.casefold()))


def _shared(one: Counter[str], other: Counter[str]) -> float:
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0


# Relative times and counters, in the words of the sites that print them into a page.
_AGO = re.compile(
    r"\b(?:just now|(?:\d+|an?|one) ?(?:s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?|hrs?|d|days?|weeks?"
    r"|months?|years?) ago"
    r"|vor (?:\d+|einer|einem) (?:sekunden?|minuten?|stunden?|tag(?:en)?)|il y a (?:\d+|une?) (?:secondes?"
    r"|minutes?|heures?|jours?)"
    r"|hace (?:\d+|una?) (?:segundos?|minutos?|horas?|días?)|há (?:\d+|uma?) (?:segundos?|minutos?|horas?|dias?)"
    r"|\d+ (?:giây|phút|giờ|ngày) trước)\b|\d+ ?(?:秒|秒钟|秒鐘|分钟|分鐘|分|小时|小時|時間|天|日)(?:之)?前"
    r"|\d+ ?(?:초|분|시간|일) 전",
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
_NOISE = re.compile(
    rf"\W*(?:(?:(?:last |page )?(?:updated|modified|refreshed|loaded)|now|time|as of"
    rf"|current time)?\W*(?:{_CLOCK}|ago|<ago>)"
    rf"|{_COUNT} ?{_COUNTED}|{_COUNTED}\W*{_COUNT}|(?:reading time\W*)?\d+ ?min(?:ute)?s? read|<ago>)\W*",
    re.IGNORECASE,
)


def only_noise(before: Release, after: Release) -> bool:
    """Return whether nothing that matters changed in a page: at most clocks, counters, "5 minutes ago", typography.

    A time or a number inside a sentence is no noise: "at 10:00" that becomes "at 11:00" moves an event. A notice that
    came, went or became another kind is none either.
    """
    if (before.notice and before.notice.kind) != (after.notice and after.notice.kind):
        return False
    return all(_without_noise(change.before) == _without_noise(change.after) for change in changes(before, after))


def _without_noise(text: str | None) -> str:
    text = _AGO.sub("<ago>", plain(text or ""))
    return "" if _NOISE.fullmatch(text) else text
