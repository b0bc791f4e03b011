"""Comparing two states of a page takes time in proportion to its length, whatever its text is made of."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from growth import FACTOR, SUPERLINEAR, cpu_seconds, growth

from pipelines.release_diff import changes
from stories.model.release import Release
from stories.text.word_diff import marked_changes

SMALL = 30_000  # characters
SLOWEST = 6e-6  # seconds of CPU time a character; 0.2 to 2e-6 on a quiet machine


def words(random, count, vocabulary=5_000):
    return " ".join(f"w{random.randrange(vocabulary)}" for _ in range(count))


def paragraphs(random, count, length, vocabulary=5_000):
    return [words(random, length, vocabulary) for _ in range(count)]


def few(random, size):
    """Two paragraphs that alternate without order: each is found everywhere."""
    return [random.choice(["a tram", "a ferry"]) for _ in range(size // 8)]


def staircase(random, size):
    """One line again and again, and after each another one: the longest match is a single line, again and again."""
    return [text for number in range(size // 24) for text in ("the same line", f"line {random.random()}")]


def exact(random, size):
    return [random.choice("ab") for _ in range(95)] + ["z" * (size // 95)] * 4


BODIES = {
    "one paragraph of dots": lambda random, size: ["." * size + f"end {random.random()}"],
    "one paragraph of spaces": lambda random, size: [" " * size + f"end {random.random()}"],
    "one paragraph of digits": lambda random, size: ["1" * size + f" {random.random()}"],
    "one paragraph of words": lambda random, size: [words(random, size // 6)],
    "one paragraph of equal words": lambda random, size: ["word " * (size // 5) + words(random, 3)],
    "paragraphs of three words": lambda random, size: paragraphs(random, size // 18, 3),
    "paragraphs of few words": lambda random, size: paragraphs(random, size // 18, 3, 12),
    "ten long paragraphs": lambda random, size: paragraphs(random, 10, size // 60),
    "a hundred paragraphs": lambda random, size: paragraphs(random, 100, size // 600),
    "two hundred paragraphs": lambda random, size: paragraphs(random, 200, size // 1200, 30),
    "equal paragraphs": lambda random, size: [words(random, 3), *["the same words"] * (size // 14), words(random, 3)],
    "two paragraphs": few,
    "a staircase": staircase,
    "a hundred of two": exact,
    "tables": lambda random, size: [f"| Row {random.randrange(9)} | {words(random, 3)}" for _ in range(size // 30)],
    "cells": lambda random, size: ["| a" * (size // 300) + words(random, 2) for _ in range(100)],
    "reversed": lambda random, size: [f"line {n}" for n in sorted(range(size // 8), reverse=random.random() > 0.5)],
    "shuffled": lambda random, size: random.sample([f"line {n}" for n in range(size // 8)], size // 8),
    "empty paragraphs": lambda random, size: ["", words(random, 1)] * (size // 4),
}
FIELDS = {
    "tags": lambda random, size: {"tags": tuple(f"tag {random.random()}" for _ in range(size // 20))},
    "headline": lambda random, size: {"headline": words(random, size // 6)},
    "contacts": lambda random, size: {"contacts": tuple(paragraphs(random, size // 18, 3))},
}


def release(**fields):
    return replace(Release(url="https://wire.example/news/1", headline="Trams"), **fields)


def pair(kind, size):
    source = random.Random(7)
    if kind in FIELDS:
        return release(**FIELDS[kind](source, size)), release(**FIELDS[kind](source, size))
    return release(body=tuple(BODIES[kind](source, size))), release(body=tuple(BODIES[kind](source, size)))


@pytest.mark.parametrize("kind", [*BODIES, *FIELDS])
def test_what_changed_is_found_in_time_that_grows_with_the_length(kind):
    def work(size):
        before, after = pair(kind, size)
        return lambda: changes(before, after)

    assert growth(work, SMALL, floor=0.02) < SUPERLINEAR
    large = FACTOR * SMALL
    assert any(cpu_seconds(work(large)) < SLOWEST * 2 * large for _ in range(3))


@pytest.mark.parametrize("kind", BODIES)
def test_a_change_is_marked_in_time_that_grows_with_the_length(kind):
    def work(size):
        before, after = ("\n".join(release.body) for release in pair(kind, size))
        return lambda: marked_changes(before, after)

    assert growth(work, SMALL) < SUPERLINEAR


# Just below what was compared pair by pair before: minutes then.
DENSE = {
    "lines of two kinds": lambda random: [random.choice(["a tram", "a ferry"]) for _ in range(1_900)],
    "one line among others": lambda random: [t for _ in range(950) for t in ("the same", f"line {random.random()}")],
    "many long paragraphs": lambda random: paragraphs(random, 180, 700),
    "wide tables": lambda random: ["| a" * 3_000 + words(random, 2) for _ in range(190)],
}


@pytest.mark.parametrize("kind", DENSE)
def test_texts_in_which_much_is_like_much_else_are_compared_within_a_second(kind):
    source = random.Random(7)
    before, after = (release(body=tuple(DENSE[kind](source))) for _ in range(2))

    assert any(cpu_seconds(lambda: changes(before, after)) < 1.5 for _ in range(3))


def test_two_edits_far_apart_in_a_long_text_are_told_as_those_two_edits():
    body = [
        f"Paragraph {number} is about crate {number} and its weight of {number * 7} kilograms."
        for number in range(9_000)
    ]
    after = body.copy()
    after[10], after[8_000] = body[10].replace("weight", "length"), body[8_000].replace("weight", "width")

    told = changes(release(body=tuple(body)), release(body=tuple(after)))

    assert [(change.paragraph, change.before, change.after) for change in told] == [
        (11, body[10], after[10]), (8_001, body[8_000], after[8_000])
    ]  # fmt: skip


def test_what_went_came_and_moved_in_a_long_text_is_told_as_that():
    body = [f"Paragraph {number} is about crate {number}." for number in range(500)]
    after = body.copy()
    del after[400]
    after.insert(300, "Something else entirely was added here, with words of its own.")
    after.insert(5, after.pop(200))

    told = changes(release(body=tuple(body)), release(body=tuple(after)))

    assert [(change.before, change.after) for change in told] == [
        (None, "Something else entirely was added here, with words of its own."), (body[400], None)
    ]  # fmt: skip


def test_long_paragraphs_that_were_edited_and_moved_are_known_again():
    source = random.Random(3)
    body = paragraphs(source, 60, 400)
    after = [f"{text} edited" for text in body]
    after.append(after.pop(0))

    told = changes(release(body=tuple(body)), release(body=tuple(after)))

    assert len(told) == 60
    assert {(change.before, change.after) for change in told} == {(text, f"{text} edited") for text in body}
