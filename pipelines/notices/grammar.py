"""The grammar of notices, compiled from the languages' tables: markers, parts, generic frames, idioms, contexts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from msgspec import structs

from config.languages import BodyFrame, HeadlineIdiom, Language, Rule, languages, phrases
from stories.model.release import NoticeKind
from stories.text.token_patterns import Pattern, PatternSet, by_first_word
from stories.text.tokens import Tokens

PRIORITY: tuple[NoticeKind, ...] = ("withdrawal", "correction", "update", "repeat")
"""More specific kinds first: "WDH/KORREKTUR" and "UPDATE AND CORRECTION" are corrections."""
RULES: tuple[Rule, ...] = ("phrase", "plain", "topical", "capitals", "colon", "brackets", "spaced")
"""The rules by what they require, the least first."""

_MAX_PHRASE_LENGTH = 200
_BREAK = ": | ; | — | / | \\| | … | ·"
_MERGED = {"break": _BREAK}
_CLASS = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a marker word, and the context that it requires."""

    kind: NoticeKind
    rule: Rule


@dataclass(frozen=True, slots=True)
class HeadlineFrame:
    """A compiled phrase of headlines."""

    idiom: HeadlineIdiom
    pattern: Pattern
    unless: Pattern | None
    thing: Pattern | None = None
    """Things that are amended or corrected but are not documents: an agreement, a policy."""
    small: Pattern | None = None
    """Words between marker and document which show that the gap is more than the document's name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A compiled sentence of bodies."""

    frame: BodyFrame
    pattern: Pattern
    unless: Pattern | None


def words_of(phrase: str) -> tuple[str, ...]:
    """Return a phrase as the words of its tokens."""
    return tuple(Tokens(phrase, _MAX_PHRASE_LENGTH).words)


@cache
def meanings() -> dict[tuple[str, ...], Meaning]:
    """Return the marker words of all languages. If languages have different rules for one, the least strict is used."""
    found: dict[tuple[str, ...], Meaning] = {}
    for language in languages().values():
        for kind, rules in language.markers.items():
            for rule, source in rules.items():
                for phrase in phrases(source):
                    words = words_of(phrase)
                    known = found.get(words)
                    if known is None or RULES.index(rule) < RULES.index(known.rule):
                        found[words] = Meaning(kind, rule)
    return found


@cache
def marker_words() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the marker words by their first token, the shortest first."""
    return by_first_word(meanings())


@cache
def lexicon(name: str) -> frozenset[tuple[str, ...]]:
    """Return a list of phrases ("spaced", "alone") of all languages."""
    return frozenset(
        words_of(phrase)
        for language in languages().values()
        for phrase in phrases(language.lexicon.get(name, ""))  # type: ignore[call-overload]
    )


def _merged(name: str) -> str:
    """Return a named pattern of all languages as one."""
    found = [
        _resolved(source, language) for language in languages().values() if (source := language.classes().get(name))
    ]
    return " | ".join(f"({source})" for source in found) or "\\∅"


def _resolved(source: str, language: Language) -> str:
    """Return a pattern with the classes of its language written out."""
    known = language.classes() | _MERGED
    for _ in range(5):
        for name, value in known.items():
            source = source.replace(f"{{{name}}}", f"({value})")
    return source


@cache
def part(name: str) -> Pattern:
    """Return the pattern of a marker's part, or of a context, in all languages."""
    return Pattern(_merged(name))


@cache
def markers() -> tuple[Pattern, Pattern]:
    """Return the marker with its parts: one pattern that needs a separator after it, and the plain one."""
    classes = {
        name: _merged(name)
        for name in ("ordinal", "object", "join", "adding", "qualifier", "described", "described_colon")
    }
    classes["word"] = " | ".join(_escaped(words) for words in meanings() | dict.fromkeys(lexicon("spaced")))
    described = f"({{described}} @behind({_BREAK} | \\) | ]) | {{described_colon}} @behind(:))"
    core = "{ordinal}? ({object} {object}?)? {word} ({join}? {word})? ({join} {word})? ({join}? {adding})?"
    return Pattern(f"{core} {{qualifier}}? {described}", classes), Pattern(f"{core} {{qualifier}}?", classes)


def _escaped(words: Iterable[str]) -> str:
    return " ".join(f"\\{word}" if word in "()|?#_^$*{}~@\\" else word for word in words)


@cache
def headline_frames() -> tuple[tuple[HeadlineFrame, ...], PatternSet]:
    """Return the phrases of headlines in order of preference: idioms of a language first, then the generic frames."""
    found: list[HeadlineFrame] = []
    for language in languages().values():
        classes = language.classes() | _MERGED
        for idiom in language.headline:
            found.append(_headline_frame(idiom, classes))
    for language in languages().values():
        classes = language.classes() | _MERGED
        found += [_headline_frame(idiom, classes) for idiom in _generic(language) if _has_words(idiom.pattern, classes)]
    return tuple(found), PatternSet([frame.pattern for frame in found])


@cache
def telling_words() -> frozenset[str]:
    """Return words of which every notice's headline has at least one; spaced letters are joined."""
    found = set(marker_words()) | {word for phrase in lexicon("spaced") for word in phrase}
    for frame in headline_frames()[0]:
        found |= frame.pattern.cues or set()
    return frozenset(found)


def _has_words(pattern: str, classes: Mapping[str, str]) -> bool:
    """Return whether a language has all classes of a generic frame; a new language may have only some of them."""
    return all(name in classes for name in _CLASS.findall(pattern))


def _generic(language: Language) -> Iterator[HeadlineIdiom]:
    """Return the frames into which each language inserts its own words.

    Noun and document: "Correction to the Annual Report". Document and noun: "Annual Report Correction". Adjective and
    document: "Corrected Annual Report". Verb and release: "… rättar pressmeddelande". Item and participle: "Dépêche
    annulée : …".
    """
    for kind, participle in language.participles.items():
        yield HeadlineIdiom(
            kind=kind, pattern=f"(^ | {{break}}) @marker({{item}} ({participle})) ({{break}} | $)", rest="without"
        )
    if "document" not in language.words:
        return
    rumour = "{rumour}" if "rumour" in language.contexts else ""
    for kind, noun in language.nouns.items():
        about = "release" if kind in ("withdrawal", "repeat") else "document"
        preposition = "{preposition}"
        if language.bare:
            preposition = "({preposition})?" if "preposition" in language.words else ""
        yield HeadlineIdiom(
            kind=kind,
            pattern=f"(^ @lead((_ _?)?) | {{break}} | -) @marker(({noun}) {preposition}) @gap(~8) ({{{about}}})",
            unless=rumour,
        )
        if filed := language.words.get("filed"):
            ending = "{release}" if kind in ("withdrawal", "repeat") else f"({filed})"
            yield HeadlineIdiom(
                kind=kind, pattern=f"{ending} @marker({noun}) ($ | {{break}})", rest="without", unless=rumour
            )
    for kind, verb in language.verbs.items():
        yield HeadlineIdiom(kind=kind, pattern=f"_ @marker({verb}) @whole(~4) ({{release}})", unless=rumour)
    for kind, adjective in language.adjectives.items():
        yield HeadlineIdiom(
            kind=kind,
            pattern=f"(^ | {{break}}) @marker({adjective}) @whole(~4) ({{document}})",
            rest="without",
            unless="{planned}" if "planned" in language.words else "",
        )


def _headline_frame(idiom: HeadlineIdiom, classes: dict[str, str]) -> HeadlineFrame:
    return HeadlineFrame(
        idiom=idiom,
        pattern=Pattern(idiom.pattern, classes),
        unless=Pattern(idiom.unless, classes) if idiom.unless else None,
        thing=Pattern("{thing}", classes) if "thing" in classes else None,
        small=Pattern("{small}", classes) if "small" in classes else None,
    )


def _generic_bodies(language: Language) -> Iterator[BodyFrame]:
    """Return the sentences into which each language inserts its own classes of ``[statement]``.

    "Please do not use the release", "The release was sent by mistake", "The release is withdrawn", "In the release of
    yesterday the date was wrong", "An earlier version of this release gave a wrong date". In some languages the verb
    comes last, so a request or an error may precede or follow its release. The wrong detail must be what the release
    states: "In a release of today the club regrets an error" is another matter.
    """
    known = language.classes()
    if "unused" in known:
        first = f"@marker({{unused}}) ~{known.get('reach', '4')} ({{item}})"
        last = "({item}) ~10 @marker({unused}) (. | ! | \\? | 。 | $)"
        yield BodyFrame(kind="withdrawal", pattern=f"{first} | {last}", unless="({unused}) ~8 , ~8 ({item})")
    if "mistake" in known:
        yield BodyFrame(kind="withdrawal", pattern="({item}) ~16 @marker({mistake})")
    if "dropped" in known:
        yield BodyFrame(kind="withdrawal", pattern="({item}) ~12 @marker({dropped})")
    if "within" in known:
        wrong = "({states}) ~6 ({slip}) | ({slip}) ~3 ({states})"
        reported = "~~5 @marker(({states}) ~~12 ({slip}))" if language.verb_second else f"~~20 @marker({wrong})"
        pattern = f"({{within}}) {reported} | @marker({wrong}) ~3 ({{within}})"
        said = "{admits} | ({within}) ~12 ({that}) ~8 ({slip})"
        yield BodyFrame(kind="correction", pattern=pattern, opening=True, unless=said)
    if "earlier" in known:
        yield BodyFrame(kind="correction", pattern="@marker({earlier}) ~24 ({slip})", closing=True)


def _usable(frames: Iterable[BodyFrame], classes: Mapping[str, str]) -> Iterator[BodyFrame]:
    """Yield the generic frames of which a language has all classes; an exception without its classes is left out."""
    for frame in frames:
        if _has_words(frame.pattern, classes):
            yield frame if _has_words(frame.unless, classes) else structs.replace(frame, unless="")


@cache
def body_frames() -> tuple[tuple[Frame, ...], PatternSet]:
    """Return the sentences of bodies, the more specific ones first."""
    found = [
        Frame(
            frame=frame,
            pattern=Pattern(frame.pattern, classes),
            unless=Pattern(frame.unless, classes) if frame.unless else None,
        )
        for language in languages().values()
        for classes in [language.classes() | _MERGED]
        for frame in (*language.body, *_usable(_generic_bodies(language), classes))
    ]
    return tuple(found), PatternSet([frame.pattern for frame in found])
