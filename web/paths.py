"""Where the room's files lie."""

from __future__ import annotations

from pathlib import Path

STATIC = Path(__file__).parent / "static"
