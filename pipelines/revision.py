"""What it means that a known page says something else than before; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.release_diff import changes, only_noise
from pipelines.volatile_lines import without_noise
from stories.model.release import Change, Release

RevisionKind = Literal["same", "revised", "notice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a second reading of a page showed."""

    kind: RevisionKind
    changes: tuple[Change, ...] = ()
    why: str = ""


def compare(before: Release, after: Release, noise: frozenset[str] = frozenset()) -> Revision:
    """Return whether the page is the same, was revised without a word, or now carries a notice about itself.

    ``noise``: the marks of what moves by itself on this page (``pipelines.volatile_lines``).
    PR Newswire corrects at the same URL and turns only the title into "/C O R R E C T I O N -- Company/".
    """
    before, after = without_noise(before, noise), without_noise(after, noise)
    differences = changes(before, after)
    notice = after.notice
    if notice is not None and (before.notice is None or before.notice.kind != notice.kind):
        return Revision(kind="notice", changes=differences, why=f'the same page now says "{notice.marker}"')
    if not differences or only_noise(before, after):
        return Revision(kind="same")
    if notice is not None and any(change.field in ("headline", "body") for change in differences):
        return Revision(kind="notice", changes=differences, why=f'the page under "{notice.marker}" changed again')
    return Revision(kind="revised", changes=differences, why="the same page says something else, without a notice")
