"""Finds, reads and checks the configuration; every fault of it at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from config.catalog import bundled_sources, merge_sources
from config.settings import ChannelSettings, Settings

SECRETS = ("redis_url", "web__token")
"""Settings whose environment variable has a ``…_FILE`` twin; channels' secrets come by their own keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: in which file, at which key, and what is allowed."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class BadConfiguration(Exception):  # noqa: N818 (reads as a sentence where it is raised)
    """Every fault of the configuration at once."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration and the file it came from (None: defaults and environment alone)."""

    settings: Settings
    file: Path | None


def search_path() -> list[Path]:
    """Return where a configuration is looked for after ``--config`` and ``$WIREWATCH_CONFIG``, in this order."""
    return [
        Path("wirewatch.toml"),
        Path(platformdirs.user_config_dir("wirewatch", appauthor=False)) / "wirewatch.toml",
        Path("/etc/wirewatch/wirewatch.toml"),
    ]


def find_configuration(given: Path | None, environment: Mapping[str, str]) -> Path | None:
    """Return the file to read; a file that was named but is not there is a fault."""
    named = given or (Path(environment["WIREWATCH_CONFIG"]) if environment.get("WIREWATCH_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            by = "--config" if given else "$WIREWATCH_CONFIG"
            raise BadConfiguration([Fault(file=str(named), key="", message=f"no such file (named by {by})")])
        return named
    return next((path for path in search_path() if path.is_file()), None)


def load(
    given: Path | None,
    channel_types: Mapping[str, type[ChannelSettings]],
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the checked configuration; ``BadConfiguration`` holds every fault.

    ``channel_types`` maps a channel's ``type`` to the model of its settings (``alerts.channels`` has them).
    """
    environment = os.environ if environment is None else environment
    file = find_configuration(given, environment)
    table = _read_toml(file) if file else {}
    faults: list[Fault] = []
    _merge(table, _from_environment(environment, faults))
    settings = check(table, channel_types, str(file) if file else "environment", faults)
    if settings is None or faults:
        raise BadConfiguration(faults)
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
        table["sources"] = merge_sources(declared, bundled_sources() if table.get("catalog", True) is True else {})
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        faults.extend(_faults(error, file, (), Settings))
        _check_names(table, list(checked), file, faults)
        return None
    _check_names(table, list(checked), file, faults)
    return settings.model_copy(update={"channels": checked})


def _check_channels(
    channels: Any, channel_types: Mapping[str, type[ChannelSettings]], file: str, faults: list[Fault]
) -> dict[str, ChannelSettings]:
    known = ", ".join(sorted(channel_types))
    checked: dict[str, ChannelSettings] = {}
    if not isinstance(channels, Mapping):
        faults.append(Fault(file=file, key="channels", message="must be tables: [channels.NAME]"))
        return checked
    for name, channel in channels.items():
        key = f"channels.{name}"
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
            faults.extend(_faults(error, file, ("channels", name), model))
    return checked


def _check_names(table: Mapping[str, Any], channels: list[str], file: str, faults: list[Fault]) -> None:
    """Watches may name only sources and channels that there are."""
    watches = table.get("watches")
    given = {"sources": list(table.get("sources", {})), "channels": channels}
    for name, watch in watches.items() if isinstance(watches, Mapping) else ():
        for key, there in given.items():
            named = watch.get(key) if isinstance(watch, Mapping) else None
            for one in named if isinstance(named, list) else ():
                if one not in there and not any(fault.key.startswith(f"{key}.{one}.") for fault in faults):
                    faults.append(
                        Fault(
                            file=file,
                            key=f"watches.{name}.{key}",
                            message=f"there is no {key[:-1]} {one!r}; there are {', '.join(there) or 'none'}",
                        )
                    )


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration([Fault(file=str(file), key="", message=f"not TOML: {error}")]) from error
    except UnicodeDecodeError as error:
        raise BadConfiguration([Fault(file=str(file), key="", message=f"not UTF-8: {error}")]) from error
    except OSError as error:
        raise BadConfiguration([Fault(file=str(file), key="", message=f"cannot be read: {error.strerror}")]) from error


class _Environment(BaseSettings):
    """Only the shape of the variables: ``WIREWATCH_WEB__PORT`` is ``web.port``."""

    model_config = SettingsConfigDict(env_prefix="WIREWATCH_", env_nested_delimiter="__", extra="allow")


def _from_environment(environment: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    """Return the settings that environment variables give, nested; ``…_FILE`` twins are read."""
    table: dict[str, Any] = {}
    source = EnvSettingsSource(_Environment)
    for variable, value in environment.items():
        if not variable.startswith("WIREWATCH_") or variable in ("WIREWATCH_CONFIG", "WIREWATCH_DATA"):
            continue
        path = variable.removeprefix("WIREWATCH_").lower()
        if path.endswith("_file") and (path.removesuffix("_file") in SECRETS or path.startswith("channels__")):
            path = path.removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                faults.append(Fault(file=f"${variable}", key=value, message=f"cannot be read: {error}"))
                continue
        keys = path.split("__")
        inner = table
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                break
        else:
            inner[keys[-1]] = _environment_value(source, value)
    return table


def _environment_value(source: EnvSettingsSource, value: str) -> Any:
    """Lists and tables are written as JSON, as pydantic-settings does."""
    if value[:1] in ("[", "{"):
        try:
            return source.decode_complex_value("", None, value)  # type: ignore[arg-type]
        except ValueError:
            return value
    return value


def _merge(table: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, Mapping) and isinstance(table.get(key), dict):
            _merge(table[key], value)
        else:
            table[key] = value


def _faults(error: ValidationError, file: str, prefix: tuple[str, ...], model: type[BaseModel]) -> list[Fault]:
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        location = [*prefix, *(str(part) for part in one["loc"] if not str(part).startswith(("function-", "is-")))]
        message = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            allowed = _keys_at(model, one["loc"][:-1])
            message = "unknown key" + (f"; allowed are {', '.join(allowed)}" if allowed else "")
        faults.append(Fault(file=file, key=".".join(location), message=message))
    return faults


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the table at ``path`` may have, found by walking the models' fields."""
    here: Any = model
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            here = field.annotation if field else None
        else:
            arguments = getattr(here, "__args__", ())
            here = next((one for one in arguments if isinstance(one, type) and issubclass(one, BaseModel)), None)
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        arguments = getattr(here, "__args__", ())
        here = next((one for one in arguments if isinstance(one, type) and issubclass(one, BaseModel)), None)
    return sorted(here.model_fields) if here is not None else []
