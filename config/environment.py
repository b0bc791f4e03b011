"""Settings from environment variables: ``WIREWATCH_WEB__PORT`` is ``web.port``, with a ``…_FILE`` twin for secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from config.errors import UNKNOWN_KEY, Fault

PREFIX = "WIREWATCH_"
NOT_SETTINGS = ("WIREWATCH_CONFIG", "WIREWATCH_DATA", "WIREWATCH_FAILPOINT")
"""Where the configuration is, where the tests find real data, and where they end the process."""
SECRETS = ("redis_url", "web__token", "workers__secret")
"""Settings whose variable has a ``…_FILE`` twin; so has each setting of a channel: any may hold a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """What the environment sets, nested as in TOML, and the variable that each key came from."""

    table: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Dotted key to variable."""
    faults: list[Fault] = field(default_factory=list)

    def claim(self, fault: Fault) -> Fault:
        """Return the fault with the variable as its place, if it is one's."""
        below = [key for key in self.names if f"{fault.key}.".startswith(f"{key}.")]
        above = [key for key in self.names if key.startswith(f"{fault.key}.") and fault.message.startswith(UNKNOWN_KEY)]
        for key in (*sorted(below, key=len, reverse=True), *above):
            return replace(fault, file=f"${self.names[key]}")
        return fault


def from_environment(environment: Mapping[str, str]) -> Variables:
    """Return the settings that variables give; what cannot be read is among the faults."""
    variables = Variables()
    for name in sorted(environment):  # WIREWATCH_WEB before WIREWATCH_WEB__PORT, which is the closer word
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        path, value = name.removeprefix(PREFIX).lower(), environment[name]
        if path.endswith("_file") and (path.removesuffix("_file") in SECRETS or path.startswith("channels__")):
            path = path.removesuffix("_file")
            twin = name.removesuffix("_FILE")
            if twin in environment:
                variables.faults.append(Fault(file=f"${name}", key="", message=f"${twin} is set too; give only one"))
                continue
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                variables.faults.append(Fault(file=f"${name}", key="", message=f"cannot be read: {error}"))
                continue
        keys = path.split("__")
        variables.names[".".join(keys)] = name
        _put(variables.table, keys, _value(value))
    return variables


def _put(table: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # the shorter variable is no table: that is its fault, and is told
        table = inner
    table[keys[-1]] = value


def _value(text: str) -> Any:
    """Lists and tables are written as JSON, as pydantic-settings has it; everything else is the text."""
    if text[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return text
    return text
