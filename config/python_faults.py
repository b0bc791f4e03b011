"""Known faults of the Python that runs wirewatch, and the patch level that is free of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFault:
    """A fault of Python that hostile input can reach in a program like this one."""

    cve: str
    effect: str
    """What it does, as the end of a sentence."""
    fixed_in: Sequence[tuple[int, int, int]]
    """The first patch level without it, for each minor version that had it."""


KNOWN_FAULTS = (
    KnownFault(
        cve="CVE-2024-7592",
        effect="a long Cookie header can stop a program for many seconds",
        fixed_in=((3, 11, 10), (3, 12, 6)),
    ),
)
"""https://www.cve.org/; a fault belongs here when a request, a page or a feed can reach it."""


def interpreter_faults(version: tuple[int, ...], faults: Sequence[KnownFault] = KNOWN_FAULTS) -> list[str]:
    """Return a sentence for each known fault of a Python version; an empty list when there are none.

    Args:
        version: major, minor and patch number, as the first three of ``sys.version_info``.
        faults: the table to look in.
    """
    running = version[:3]
    return [
        f"Python {_dotted(running)} has a known fault, {fault.cve}: {fault.effect}. wirewatch limits what it can do; "
        f"install Python {_dotted(fixed)} or later"
        for fault in faults
        for fixed in fault.fixed_in
        if running[:2] == fixed[:2] and running < fixed
    ]


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
