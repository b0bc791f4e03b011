"""The Python that runs wirewatch: known faults are named with the patch level that is free of them."""

from __future__ import annotations

import pytest

from config.python_faults import interpreter_faults


@pytest.mark.parametrize(
    ("version", "needed"),
    [
        ((3, 11, 0), "3.11.10"),
        ((3, 11, 9), "3.11.10"),
        ((3, 11, 10), None),
        ((3, 11, 14), None),
        ((3, 12, 0), "3.12.6"),
        ((3, 12, 5), "3.12.6"),
        ((3, 12, 6), None),
        ((3, 13, 0), None),
        ((3, 14, 1), None),
    ],
)
def test_a_python_with_a_known_fault_is_named_with_the_version_to_install(
    version: tuple[int, int, int], needed: str | None
) -> None:
    found = interpreter_faults(version)
    if needed is None:
        assert found == []
        return
    (warning,) = found
    assert f"Python {'.'.join(map(str, version))} has a known fault, CVE-2024-7592" in warning
    assert warning.endswith(f"install Python {needed} or later")
