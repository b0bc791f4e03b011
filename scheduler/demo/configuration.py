"""The configuration with which a daemon watches the loopback newswire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from scheduler.demo.newswire import Newswire
from scheduler.demo.stories import WATCHED_TAG

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def configuration(
    wire: Newswire,
    *,
    channels: Mapping[str, Mapping[str, Any]],
    interval: str = "1s",
    revisit: tuple[str, ...] = ("2s for 1h",),
    first_poll: str = "alert",
    pace: str = "0.05s",
) -> dict[str, Any]:
    """Return the configuration: the wire's sites as the only sources, two watches, the given channels.

    ``redis_url``, ``data_dir`` and ``web`` are left to the caller.
    """
    return {
        "catalog": False,
        "polling": {
            "interval": interval,
            "adaptive": False,
            "revisit": list(revisit),
            "private_addresses": ["127.0.0.0/8"],
        },
        "alerts": {"first_poll": first_poll},
        "watches": {
            "harbour-park": {"title": "Harbour Park", "tags": [WATCHED_TAG]},
            "wires": {"title": "The two wires", "sources": ["meridian", "pressline"]},
        },
        "channels": {name: dict(channel) for name, channel in channels.items()},
        "sources": sources(wire, interval=interval, pace=pace),
    }


def sources(wire: Newswire, *, interval: str = "1s", pace: str = "0.05s") -> dict[str, Any]:
    """Return the ``[sources]`` of the wire's sites; html listings have no selectors."""
    tables: dict[str, Any] = {}
    for name, site in wire.sites.items():
        table: dict[str, Any] = {
            "title": site.custom.title,
            "timezone": site.custom.timezone,
            "interval": interval,
            "pace": pace,
            "listings": [{"url": site.base + path} for path in site.custom.listings],
        }
        if site.custom.dateline is not None:
            table["wire"] = site.custom.title
        if site.custom.id_pattern is not None:
            table["release"] = {"url": site.custom.id_pattern}
        tables[name] = table
    return tables


def toml_text(table: Mapping[str, Any]) -> str:
    """Return a table as TOML: dotted headers for tables, inline tables inside lists."""
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    lines = [f"[{'.'.join(_key(part) for part in path)}]"] if path and plain else []
    lines += [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += ["", *_lines(value, (*path, key))]
    return lines


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    # A JSON string, number or boolean is valid TOML if no control character is written raw.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
