"""The Lua scripts in ``stories/db/lua``: one script for each decision that must be atomic in Redis."""

from __future__ import annotations

from importlib.resources import files


def load_script(name: str) -> str:
    """Return the source of a script by its file name, for example ``keep.lua``."""
    return (files("stories.db") / "lua" / name).read_text(encoding="utf-8")
