"""The languages: one TOML table each in ``stories/text/languages/``, named by its tag (RFC 5646).

The tables are here because every package reads them: text comparison and page dates the words of ``[dates]``, the
grammar of notices everything else (``config/languages.py``). A new language is one file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def language_tables() -> Mapping[str, Mapping[str, object]]:
    """Return the tables by language tag. English comes first, then the order of the tags."""
    folder = files("stories.text") / "languages"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    names.sort(key=lambda name: name != "en.toml")
    return {name.removesuffix(".toml"): tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in names}
