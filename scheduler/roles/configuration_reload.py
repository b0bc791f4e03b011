"""SIGHUP: reads and checks the configuration file again and logs the changed keys; nothing is applied yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from config.loader import ConfigurationError, Loaded
from config.settings import Settings

log = structlog.get_logger(__name__)


class ConfigurationReload:
    """Reads the configuration again and compares it with the one in force."""

    def __init__(self, loaded: Loaded, load: Callable[[], Loaded]) -> None:
        self._loaded = loaded
        self._load = load
        self._reading: asyncio.Task[None] | None = None
        self._is_stale = False

    def __call__(self) -> None:
        """Read it; if a read is in progress, read once more afterwards, because the file may have changed."""
        self._is_stale = True
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_until_fresh(), name="configuration")

    async def _read_until_fresh(self) -> None:
        while self._is_stale:
            self._is_stale = False
            await self._read()

    async def _read(self) -> None:
        file = str(self._loaded.file or "no file (defaults)")
        try:
            found = await asyncio.to_thread(self._load)
        except ConfigurationError as bad:
            log.error(
                "configuration_invalid", file=file, faults=str(bad), next="correct it; the previous one is in force"
            )
            return
        except Exception as error:  # a signal never ends the daemon
            log.error("configuration_not_read", file=file, reason=f"{type(error).__name__}: {error}")
            return
        if changed := changed_keys(self._loaded.settings, found.settings):
            log.warning("configuration_changed", file=file, keys=changed, next="restart to apply it")
        else:
            log.info("configuration_unchanged", file=file)


def changed_keys(before: Settings, after: Settings) -> list[str]:
    """Return the keys of the configuration that differ: ``polling``, ``sources.wire`` and so on, never their values."""
    found: list[str] = []
    for key in type(before).model_fields:
        old, new = getattr(before, key), getattr(after, key)
        if isinstance(old, dict) and isinstance(new, dict):
            found += [f"{key}.{name}" for name in sorted({*old, *new}) if _differs(old.get(name), new.get(name))]
        elif _differs(old, new):
            found.append(key)
    return found


def _differs(old: Any, new: Any) -> bool:
    return type(old) is not type(new) or old != new
