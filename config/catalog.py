"""The bundled sources: one TOML file each in ``config/sources/``, the file's name is the source's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def bundled_sources() -> dict[str, dict[str, Any]]:
    """Return the catalog: the TOML table of each source by its name."""
    folder = files("config") / "sources"
    return {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def merge_sources(declared: Mapping[str, Any], bundled: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return all sources; a declared one with the name of a bundled one changes the keys that it gives."""
    merged: dict[str, Any] = {name: dict(source) for name, source in bundled.items()}
    for name, source in declared.items():
        if name in merged and isinstance(source, Mapping):
            changed = {**merged[name], **source}
            hints, ours = merged[name].get("release"), source.get("release")
            if isinstance(hints, Mapping) and isinstance(ours, Mapping):
                changed["release"] = {**hints, **ours}
            merged[name] = changed
        else:
            merged[name] = source
    return merged
