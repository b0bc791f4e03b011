"""Finds, reads and checks the configuration; all faults are reported together."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import TypeAdapter, ValidationError

from config.catalog import bundled_sources, merge_sources
from config.environment import from_environment
from config.errors import ConfigurationError, Fault, faults_of
from config.settings import ChannelSettings, Name, Settings

__all__ = ["ConfigurationError", "Fault", "Loaded", "check", "find_configuration", "load", "search_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration and the file it came from (None: defaults and environment alone)."""

    settings: Settings
    file: Path | None


def search_path() -> list[Path]:
    """Return the paths that are searched after ``--config`` and ``$WIREWATCH_CONFIG``, in order."""
    return [
        Path("wirewatch.toml"),
        Path(platformdirs.user_config_dir("wirewatch", appauthor=False)) / "wirewatch.toml",
        Path("/etc/wirewatch/wirewatch.toml"),
    ]


def find_configuration(given: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file to read, or None; a missing file that was given by name is a fault."""
    named = given or (Path(environment["WIREWATCH_CONFIG"]) if environment.get("WIREWATCH_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            by = "--config" if given else "$WIREWATCH_CONFIG"
            raise ConfigurationError([Fault(file=str(named), key="", message=f"no such file (given by {by})")])
        return named
    return next((path for path in search_path() if path.is_file()), None)


def load(
    given: Path | None,
    channel_types: Mapping[str, type[ChannelSettings]],
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the checked configuration; ``ConfigurationError`` holds every fault.

    ``channel_types`` maps a channel's ``type`` to the model of its settings (``alerts.channels`` has them).
    """
    environment = os.environ if environment is None else environment
    file = find_configuration(given, environment)
    table = _read_toml(file) if file else {}
    variables = from_environment(environment)
    _merge(table, variables.table)
    faults: list[Fault] = []
    settings = check(table, channel_types, str(file) if file else "the defaults", faults)
    if settings is None or faults or variables.faults:
        raise ConfigurationError([*variables.faults, *(variables.claim(fault) for fault in faults)])
    return Loaded(settings=settings, file=file)


def check(
    table: dict[str, Any], channel_types: Mapping[str, type[ChannelSettings]], file: str, faults: list[Fault]
) -> Settings | None:
    """Return the settings of a TOML table, or None with every fault appended to ``faults``."""
    table = dict(table)
    channels = table.pop("channels", {})
    checked = _check_channels(channels, channel_types, file, faults)
    declared = table.get("sources", {})
    if isinstance(declared, Mapping):
        table["sources"] = merge_sources(declared, bundled_sources() if _with_catalog(table) else {})
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        faults.extend(faults_of(error, file, (), Settings))
        _check_names(table, channels, file, faults)
        return None
    _check_names(table, channels, file, faults)
    return settings.model_copy(update={"channels": checked})


def _with_catalog(table: Mapping[str, Any]) -> bool:
    """Whether the bundled sources are wanted, in any spelling that the setting itself takes ("false", 0 …)."""
    try:
        return bool(TypeAdapter(bool).validate_python(table.get("catalog", True)))
    except ValidationError:
        return True  # a fault of ``catalog``, not of every watch that names a bundled source


def _check_channels(
    channels: Any, channel_types: Mapping[str, type[ChannelSettings]], file: str, faults: list[Fault]
) -> dict[str, ChannelSettings]:
    known = ", ".join(sorted(channel_types))
    checked: dict[str, ChannelSettings] = {}
    if not isinstance(channels, Mapping):
        faults.append(Fault(file=file, key="channels", message="must be a table: [channels.NAME]"))
        return checked
    for name, channel in channels.items():
        key = f"channels.{name}"
        try:
            TypeAdapter(Name).validate_python(name)
        except ValidationError as error:
            faults.extend(faults_of(error, file, ("channels", name), ChannelSettings))
            continue
        if not isinstance(channel, Mapping) or "type" not in channel:
            faults.append(Fault(file=file, key=f"{key}.type", message=f"is missing; allowed are {known}"))
            continue
        model = channel_types.get(str(channel["type"]))
        if model is None:
            faults.append(
                Fault(file=file, key=f"{key}.type", message=f"{channel['type']!r} is unknown; allowed are {known}")
            )
            continue
        try:
            checked[name] = model.model_validate(dict(channel))
        except ValidationError as error:
            faults.extend(faults_of(error, file, ("channels", name), model))
    return checked


def _check_names(table: Mapping[str, Any], channels: Any, file: str, faults: list[Fault]) -> None:
    """Add a fault for every unknown source or channel of a watch."""
    watches, sources = table.get("watches"), table.get("sources")
    # Sources and channels with faults count as known, so that only their own fault is reported.
    there = {
        "sources": list(sources) if isinstance(sources, Mapping) else [],
        "channels": list(channels) if isinstance(channels, Mapping) else [],
    }
    at_fault = [f"{fault.key}." for fault in faults]
    for name, watch in watches.items() if isinstance(watches, Mapping) else ():
        for key, known in there.items():
            named = watch.get(key) if isinstance(watch, Mapping) else None
            for item in named if isinstance(named, list) else ():
                if item in known or any(fault.startswith(f"{key}.{item}.") for fault in at_fault):
                    continue
                close = difflib.get_close_matches(str(item), known, n=1)
                hint = f" (did you mean {close[0]!r}?)" if close else ""
                message = f"there is no {key[:-1]} {item!r}{hint}; there are {', '.join(known) or 'none'}"
                faults.append(Fault(file=file, key=f"watches.{name}.{key}", message=message))


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # editors on Windows write a byte order mark
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([Fault(file=str(file), key="", message=f"not TOML: {error}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([Fault(file=str(file), key="", message=f"not UTF-8: {error}")]) from error
    except RecursionError as error:
        raise ConfigurationError([Fault(file=str(file), key="", message="not TOML: nested too deeply")]) from error
    except OSError as error:
        raise ConfigurationError(
            [Fault(file=str(file), key="", message=f"cannot be read: {error.strerror}; correct its permissions")]
        ) from error


def _merge(table: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if not isinstance(value, Mapping) or key not in table:
            table[key] = value
        elif isinstance(table[key], dict):
            _merge(table[key], value)
        # else the file has a value where a table is needed, which validation reports
