"""The tables of the languages: every row is read, and every marker word marks a headline."""

from __future__ import annotations

import pytest
from tables import failures

from config.languages import Language, languages, phrases
from pipelines.notices import find_notice, grammar
from pipelines.notices.grammar import body_frames, headline_frames, meanings, words_of
from stories.model.release import NoticeKind

HEADLINE = "Lantern Foods Opens a Bakery"
MARKERS = [
    (tag, kind, rule, phrase)
    for tag, language in languages().items()
    for kind, rules in language.markers.items()
    for rule, source in rules.items()
    for phrase in phrases(source)
]


@pytest.mark.parametrize(
    "tag", ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "zh-hant", "zh-hans", "ja", "ko", "vi"]
)
def test_a_language_has_words_for_a_correction(tag: str) -> None:
    assert languages()[tag].markers["correction"]


@pytest.mark.parametrize("tag", sorted({language for language, *_ in MARKERS}))
def test_every_marker_word_marks_a_headline(tag: str) -> None:
    def check(kind: NoticeKind, rule: str, phrase: str) -> None:
        printed = "".join(phrase.split()) if tag in ("ja", "ko", "th", "zh-hans", "zh-hant") else phrase.upper()
        if rule == "spaced":
            printed = f"/{' '.join(printed)} -- {HEADLINE}/"
        elif rule == "brackets":
            printed = f"[{printed}] {HEADLINE}"
        else:
            printed = f"{printed}: {HEADLINE}"
        notice = find_notice(printed)
        assert notice is not None, printed
        assert notice.kind == meanings()[words_of(phrase)].kind
        assert notice.headline == HEADLINE

    assert failures(check, [tuple(row) for language, *row in MARKERS if language == tag]) == []


def test_every_frame_has_a_marker_and_a_word_by_which_it_is_found() -> None:
    for headline in headline_frames()[0]:
        assert "@marker(" in headline.idiom.pattern
        assert headline.pattern.cues
    for body in body_frames()[0]:
        assert body.pattern.cues or "*" in body.frame.pattern


@pytest.mark.parametrize("bare", [True, False])
def test_a_language_may_have_only_some_of_the_words(monkeypatch: pytest.MonkeyPatch, bare: bool) -> None:
    """Generic frames without their words are left out; the others, and every other language, work."""
    language = Language(
        bare=bare,
        nouns={"correction": "ispravak"},
        participles={"withdrawal": "povuceno"},
        words={"document": "priopcenj*"},
        statement={"within": "u jucerasnjem priopcenju", "states": "je", "slip": "pogresno", "unused": "ne koristiti"},
    )
    monkeypatch.setattr(grammar, "languages", lambda: {"hr": language})
    frames = headline_frames.__wrapped__()[0]
    assert [frame.idiom.kind for frame in frames] == (["correction"] if bare else [])
    bodies = body_frames.__wrapped__()[0]
    assert [frame.frame.kind for frame in bodies] == ["correction"]
    assert bodies[0].unless is None
