"""The newswires: one TOML table each in ``config/wires/``. A new wire is one file (docs/how-to/add-a-wire.md).

Datelines, wire ids, tracking pixels, closing lines and the names behind headlines are all read from these tables.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import msgspec

from stories.text.linear_regex import LinearTable


class Wire(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One newswire. Patterns are regular expressions; those of ids have a group ``id`` and run on RE2."""

    name: str = ""
    """As ``Release.wire`` has it. Empty: as the dateline prints it."""
    key: str = ""
    """Under which ids are compared; wires with one key share their ids. Empty: letters and digits of the name."""
    agency: bool = False
    """A news agency: its name counts in a dateline only in brackets or slashes."""
    names: list[str] = []
    """Spellings in lower case. A space may be missing or a hyphen in the text."""
    dateline: list[str] = []
    """Patterns of the name in a dateline, as printed."""
    id_urls: list[str] = []
    """Patterns of the wire's own addresses with its id."""
    pixel_ids: list[str] = []
    """Patterns of tracking pixels and click links with its id."""
    pixels: list[str] = []
    """Patterns of images that are no pictures."""
    printed_ids: list[str] = []
    """Patterns of the id in the text; the first group is the id."""
    closing: list[str] = []
    """Patterns of whole lines that the wire adds to every release; case is ignored."""

    @property
    def id_space(self) -> str:
        """The key under which its ids are compared."""
        return self.key or _squeezed(self.name)


def _squeezed(text: str) -> str:
    return "".join(re.findall(r"[^\W_]+", text.lower()))


@cache
def wires() -> dict[str, Wire]:
    """Return the wires by file name, in its order.

    Raises:
        msgspec.ValidationError: a table has an unknown key or a value of another type.
    """
    folder = files("config") / "wires"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): msgspec.convert(
            tomllib.loads((folder / name).read_text(encoding="utf-8")), type=Wire
        )
        for name in names
    }


@cache
def wire_addresses() -> LinearTable[Wire]:
    """Return the table of addresses that carry a wire's id: its own pages first, then pixels and click links."""
    known = wires().values()
    own = ((pattern, wire) for wire in known for pattern in wire.id_urls)
    tracking = ((pattern, wire) for wire in known for pattern in wire.pixel_ids)
    return LinearTable((*own, *tracking), ignore_case=True)


@cache
def id_spaces() -> dict[str, str]:
    """Return the keys under which ids are compared, by letters and digits of every name and spelling of a wire."""
    known = wires().values()
    found = {_squeezed(wire.name): wire.id_space for wire in known if wire.name and not wire.key}
    return found | {_squeezed(name): wire.id_space for wire in known for name in wire.names}


def wire_names() -> Iterator[str]:
    """Yield the spellings of all wires, in lower case, the longest first."""
    yield from sorted({name for wire in wires().values() for name in wire.names}, key=lambda name: (-len(name), name))


@cache
def wire_name_pattern() -> str:
    """Return a pattern of the wires' names for folded text or a search that ignores case."""
    return "|".join(r"[\s-]*".join(map(re.escape, re.split(r"[\s-]", name))) for name in wire_names())


@cache
def closing_lines() -> str:
    """Return a pattern of the lines that wires add to every release, for a search that ignores case."""
    return "|".join(pattern for wire in wires().values() for pattern in wire.closing)
