"""Which known copies still show what a notice corrects; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pipelines.identity.notice_linking import is_notice
from pipelines.identity.relation import differ_in_language
from stories.model.event import OutdatedCopy
from stories.model.release import Change, Release
from stories.store.releases import KnownRelease
from stories.text.word_diff import plain

COPIES_NAMED = 20  # in one event


def outdated_copies(
    release: Release, story: Iterable[KnownRelease], changes: Sequence[Change], *, withdrawn: bool, original: str | None
) -> tuple[OutdatedCopy, ...]:
    """Return the copies and translations of a story that show its text as it was before a notice.

    Args:
        release: what is right now: the notice, or the revised page.
        story: the known releases of the story.
        changes: from the original to ``release``.
        withdrawn: whether the release was taken back; then every copy is outdated.
        original: the id of what the notice replaces, which is no copy.
    """
    found = (
        OutdatedCopy(id=copy.release.id or "", url=copy.release.url, source=copy.release.source)
        for copy in story
        if copy.release.id not in (release.id, original, None)
        and not is_notice(copy.release)
        and copy.verdict != "withdrawn"
        and (withdrawn or _shows_old_text(copy.release, release, changes))
    )
    return tuple(found)[:COPIES_NAMED]


def _shows_old_text(copy: Release, release: Release, changes: Sequence[Change]) -> bool:
    if differ_in_language(copy, release):  # it was not corrected itself: then it would be a notice
        return bool(changes)
    text = [plain(part) for part in (copy.headline, *copy.body)]
    return any(
        before in part and (not after or after not in part) for before, after in _sides(changes) for part in text
    )


def _sides(changes: Iterable[Change]) -> Iterator[tuple[str, str]]:
    for change in changes:
        if change.before and change.field in ("headline", "subheadline", "body"):
            yield plain(change.before), plain(change.after or "")
