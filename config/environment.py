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
"""Variables of the command line and of tests, which are not settings."""
SECRETS = ("redis_url", "web__token", "workers__secret")
"""Settings whose variable has a ``…_FILE`` twin; so has every setting of a channel, because any may be a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """The settings of the environment, nested as in TOML, and the variable of each key."""

    table: dict[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Dotted key to variable."""
    faults: list[Fault] = field(default_factory=list)

    def claim(self, fault: Fault) -> Fault:
        """Return the fault, located at its variable if its key came from one."""
        below = [key for key in self.names if f"{fault.key}.".startswith(f"{key}.")]
        above = [key for key in self.names if key.startswith(f"{fault.key}.") and fault.message.startswith(UNKNOWN_KEY)]
        for key in (*sorted(below, key=len, reverse=True), *above):
            return replace(fault, file=f"${self.names[key]}")
        return fault


def from_environment(environment: Mapping[str, str]) -> Variables:
    """Return the settings of the environment; unreadable files are faults."""
    variables = Variables()
    for name in sorted(environment):  # WIREWATCH_WEB before WIREWATCH_WEB__PORT, which takes precedence
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        path, value = name.removeprefix(PREFIX).lower(), environment[name]
        if path.endswith("_file") and (path.removesuffix("_file") in SECRETS or path.startswith("channels__")):
            path = path.removesuffix("_file")
            twin = name.removesuffix("_FILE")
            if twin in environment:
                variables.faults.append(
                    Fault(file=f"${name}", key="", message=f"${twin} is set too; set only one of them")
                )
                continue
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                variables.faults.append(
                    Fault(
                        file=f"${name}", key="", message=f"cannot be read: {error}; correct the path or its permissions"
                    )
                )
                continue
        keys = path.split("__")
        variables.names[".".join(keys)] = name
        _put(variables.table, keys, _value(value))
    return variables


def _put(table: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # the shorter variable is not a table, which is reported as its fault
        table = inner
    table[keys[-1]] = value


def _value(text: str) -> Any:
    """Return the value of a variable: lists and tables are JSON, as in pydantic-settings, everything else is text."""
    if text[:1] in ("[", "{"):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError):
            return text
    return text
