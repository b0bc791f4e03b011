"""Notices and look-alikes by the hundred: the forms of the wires in their languages, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import failures

from pipelines.notices import find_notice

HERE = Path(__file__).parent
HEADLINE = "Lantern Foods Opens a Bakery"


def rows(name: str) -> list[str]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def forms() -> list[tuple[str, str, str]]:
    """Return (kind, headline as printed, headline that is left)."""
    found = []
    for line in rows("forms.txt") + rows("further.txt"):
        kind, rest = line.split(" | ", 1)
        printed, left = rest.rsplit(" |", 1)
        found.append((kind, printed, printed if left.strip() == "=" else left.strip()))
    return found


def test_a_form_of_a_notice_is_told_by_kind_and_leaves_the_headline() -> None:
    def check(kind: str, printed: str, left: str) -> None:
        notice = find_notice(printed)
        assert notice is not None
        assert (notice.kind, notice.headline) == (kind, left)
        assert notice.marker.strip() == notice.marker != ""
        assert notice.marker in " ".join(printed.split()), "the marker is told as it was printed"

    assert failures(check, forms()) == []


def test_a_further_form_of_a_notice_is_told_by_kind() -> None:
    def check(kind: str, printed: str) -> None:
        notice = find_notice(printed)
        assert notice is not None
        assert notice.kind == kind

    assert failures(check, [tuple(line.split(" | ")) for line in rows("kinds.txt")]) == []


def test_a_headline_that_only_looks_like_a_notice_is_none() -> None:
    headlines = rows("lookalikes.txt") + rows("further_lookalikes.txt")
    assert [headline for headline in headlines if find_notice(headline) is not None] == []


def test_a_sentence_at_the_start_of_the_body_is_a_notice() -> None:
    def check(kind: str, body: str) -> None:
        notice = find_notice(HEADLINE, tuple(body.split(" // ")))
        assert notice is not None
        assert (notice.kind, notice.headline) == (kind, HEADLINE)
        assert notice.marker
        assert notice.statement

    assert failures(check, [tuple(line.split(" | ", 1)) for line in rows("bodies.txt")]) == []


def test_a_first_paragraph_about_something_else_is_no_notice() -> None:
    next_paragraph = "Bread is sold from six in the morning."
    paragraphs = rows("ordinary.txt")
    assert [text for text in paragraphs if find_notice(HEADLINE, (text, next_paragraph)) is not None] == []


@pytest.mark.parametrize("place", [6, 12])
def test_a_sentence_deep_in_the_story_is_no_notice(place: int) -> None:
    body = ["Bread is sold from six in the morning."] * place
    assert find_notice(HEADLINE, [*body, "Please replace the release with the following corrected version."]) is None
