"""How each language marks a notice: its table in ``stories/text/languages/`` without the dates (docs/notices.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

import msgspec

from config.wires import wire_names
from stories.model.release import NoticeKind
from stories.text.languages import language_tables

Rule = Literal["phrase", "plain", "topical", "capitals", "brackets", "spaced", "colon"]
"""What a marker word needs around it to count, from little to much:

``phrase``: nothing but a headline behind it ("Correcting and Replacing …").
``plain``: a separator, brackets, or capitals before a headline that has none.
``topical``: the same, and no rubric or study behind it ("Update: Best Places …").
``capitals``: the same as ``plain``, and printed in capitals or in brackets ("Kill:" may begin anything).
``colon``: a colon after it at the start of the headline ("Retirada: …", but not "Retirada de producto").
``brackets``: brackets.
``spaced``: spaced letters or slashes ("/R A P P E L -- …").
"""
Rest = Literal["whole", "without", "before", "after"]
"""The rest of a headline with an idiom: all of it, all without the marker, the part before or the part after it."""


class HeadlineIdiom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A phrase of headlines that is a notice."""

    kind: NoticeKind
    pattern: str
    """A token pattern (``stories/text/token_patterns.py``) with a group ``@marker``."""
    rest: Rest = "whole"
    unless: str = ""
    """A pattern that must not be found in the headline."""


class BodyFrame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sentence of bodies that is a notice."""

    kind: NoticeKind
    pattern: str
    opening: bool = False
    """Only in the first sentence: elsewhere it reports an error in another story."""
    closing: bool = False
    """It counts in the last paragraphs too, where corrected releases carry their note."""
    unless: str = ""
    """A pattern that must not be found in the paragraph."""


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language's table. Values are token patterns; those of ``markers`` and ``lexicon`` are lists of phrases."""

    markers: dict[NoticeKind, dict[Rule, str]] = {}
    lexicon: dict[Literal["spaced", "alone"], str] = {}
    parts: dict[str, str] = {}
    """Parts of a marker in addition to its word: ordinal, object, join, adding, qualifier, described, wire, rubric."""
    nouns: dict[NoticeKind, str] = {}
    adjectives: dict[NoticeKind, str] = {}
    verbs: dict[NoticeKind, str] = {}
    """What an issuer does to a release: "rättar pressmeddelande"."""
    participles: dict[NoticeKind, str] = {}
    """What happened to an item: "DÉPÊCHE ANNULÉE : …"."""
    verb_second: bool = False
    """The finite verb follows the first part of a sentence: "I dagens pressmeddelande angavs fel pris"."""
    bare: bool = False
    """A document may follow its noun without a preposition, in an oblique case ("Oikaisu … tiedotteen")."""
    words: dict[str, str] = {}
    """preposition, document, release, item, filed, fact, thing. ``item``: a release or dispatch, in every case."""
    contexts: dict[str, str] = {}
    """Contexts that decide whether a word is a notice: never, column, study, market, acts …"""
    statement: dict[str, str] = {}
    """Classes of the body frames: unused, dropped, mistake, within, states, slip and earlier fill the generic ones."""
    headline: list[HeadlineIdiom] = []
    body: list[BodyFrame] = []

    def classes(self) -> dict[str, str]:
        """Return all named patterns of the language."""
        return {**self.parts, **self.words, **self.contexts, **self.statement}


OTHER_TABLES = ("dates", "closing")
"""Parts of a language's table that are read elsewhere."""


@cache
def languages() -> dict[str, Language]:
    """Return the tables by language tag (RFC 5646). English comes first: its idioms are the most telling.

    Raises msgspec.ValidationError when a table has an unknown key or a value of another type.
    """
    found = {
        tag: msgspec.convert({key: value for key, value in table.items() if key not in OTHER_TABLES}, type=Language)
        for tag, table in language_tables().items()
    }
    found["en"].parts["wire_name"] = " | ".join(re.sub(r"([^\w\s])", r" \1 ", name) for name in _spelled_names())
    return found


def _spelled_names() -> Iterator[str]:
    """Yield the wires' names as headlines end with them: "business wire", "businesswire"."""
    for name in wire_names():
        yield name
        if " " in name:
            yield name.replace(" ", "")


def phrases(source: str) -> list[str]:
    """Return the phrases of a list: one for each line and ``|``."""
    return [phrase.strip() for line in source.splitlines() for phrase in line.split("|") if phrase.strip()]
