"""The digest of what stored data depend on: it changes with each record, and data of another one are refused."""

from __future__ import annotations

from dataclasses import make_dataclass
from typing import Literal

import pytest
from program import Program

from stories.db import keys
from stories.store import migrations, record_formats
from stories.store.migrations import LayoutError, settle_layout
from stories.store.record_formats import describe, formats_digest

CURRENT = "616ba3650af8942f"
"""Of this version. When it changes: put the earlier one into ``record_formats.READABLE`` if its data can be read, with
what was added; else raise ``migrations.LAYOUT`` and add the step that carries the data. Then write the new one here."""


def test_what_stored_data_depend_on_changes_only_with_a_note_of_what_becomes_of_earlier_data():
    assert (migrations.LAYOUT, formats_digest()) == (1, CURRENT), "\n".join(describe())
    assert CURRENT not in record_formats.READABLE


def test_every_record_and_the_records_in_it_are_described():
    named = {line.partition(".")[0] for line in describe()}
    assert named >= {"Release", "Notice", "Image", "Dateline", "Cursor", "Gap", "ListingHealth", "OpenSighting"}
    assert named >= {"Sighting", "SetAside", "Poll", "CrawlState", "Validators", "Subscription"}


FIELDS = {
    "name": (str,),
    "count": (int | None, None),
    "state": (Literal["one", "two"], "one"),
    "parts": (tuple[str], ()),
}
OTHERS = {
    "renamed": {"title": (str,), **{name: kind for name, kind in FIELDS.items() if name != "name"}},
    "removed": {name: kind for name, kind in FIELDS.items() if name != "count"},
    "added": FIELDS | {"mood": (str | None, None)},
    "required": FIELDS | {"count": (int | None,)},
    "of another type": FIELDS | {"count": (str | None, None)},
    "with fewer values": FIELDS | {"state": (Literal["one"], "one")},
}


def record(table):
    """A dataclass with these fields, each with its type and perhaps its default."""
    return make_dataclass("Record", [(name, *kind) for name, kind in table.items()], kw_only=True)


@pytest.mark.parametrize("other", OTHERS)
def test_any_change_of_a_record_changes_the_digest(other, monkeypatch):
    found = set()
    for table in (FIELDS, OTHERS[other]):
        monkeypatch.setattr(record_formats, "RECORDS", (record(table),))
        found.add(formats_digest())
    assert len(found) == 2


async def test_data_of_other_records_are_refused_in_words_and_not_touched(redis, redis_url, tmp_path):
    await settle_layout(redis)
    await redis.set(keys.formats_digest().name, "0123456789abcdef")
    before = {name: await redis.get(name) for name in await redis.keys("*")}
    with pytest.raises(LayoutError, match="other records"):
        await settle_layout(redis)
    program = Program(folder=tmp_path, table={"redis_url": redis_url, "catalog": False}, environment={})
    for command in ("check", "releases"):
        ended = await program.within(command)
        assert ended.status == 1
        assert "other records" in ended.err
        assert "Traceback" not in ended.err
    assert {name: await redis.get(name) for name in await redis.keys("*")} == before


async def test_data_of_an_earlier_digest_that_is_readable_get_the_present_one(redis, monkeypatch):
    monkeypatch.setattr(record_formats, "READABLE", {"0123456789abcdef": "before Release.mood"})
    await settle_layout(redis)
    await redis.set(keys.formats_digest().name, "0123456789abcdef")
    await settle_layout(redis)
    assert await redis.get(keys.formats_digest().name) == formats_digest().encode()


async def test_a_layout_number_that_is_no_number_is_refused_in_words(redis):
    await redis.set(keys.layout().name, b"\xffjunk")
    with pytest.raises(LayoutError, match="cannot be read"):
        await settle_layout(redis)
