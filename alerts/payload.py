"""An event's JSON as a webhook carries it: whole, or without paragraphs and with a link to them. Pure."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from alerts.message import around_the_difference

Body = Literal["full", "link"]

ADVISED = 20_000  # bytes; Standard Webhooks 1.0.0: "we advise on keeping the payload … smaller than 20kb"
SIDE_KEPT = 400  # characters of a side of a change that is cut: what differs, with words around it


def fit_payload(event: bytes, body: Body, api: str, limit: int = ADVISED) -> bytes:
    """Return an event's JSON as a webhook with this ``body`` carries it; the same event gives the same bytes.

    ``full``: as it is up to ``limit`` bytes. What is larger loses paragraphs of ``about``, then of ``body``, the last
    ones first; where that is not enough disclaimer, contacts, pictures and tags; then the sides of changes are cut to
    what differs, and the last changes go. ``link``: no paragraph of the release's own, whatever its size. Headline,
    notice, ``replaces`` and all that says which release it is stay. ``data.truncated`` says whether something was left
    out, ``data.full`` where the API has the release whole: below ``api``, its address without a slash at the end.
    """
    if body == "full" and len(event) <= limit:
        return event
    payload: dict[str, Any] = msgspec.json.decode(event, type=dict[str, Any])
    data = payload.get("data") or {}
    release = data.get("release")
    if release is None:
        return event
    whole = msgspec.json.encode(data)
    more = {"truncated": True, "full": f"{api}/api/v1/releases/{release.get('id')}"}
    if body == "link":
        release |= {"body": [], "about": []}
    _shrink(data, limit - (len(event) - len(whole)) - len(msgspec.json.encode(more)))
    data |= more | {"truncated": msgspec.json.encode(data) != whole}
    return msgspec.json.encode(payload)


class _Named(msgspec.Struct):
    id: str | None = None


class _About(msgspec.Struct):
    release: _Named | None = None


class _Told(msgspec.Struct):
    data: _About


def release_of(event: bytes | None) -> str | None:
    """Return the id of the release that an event's JSON tells of; None for the monitor's own, and for none."""
    told = msgspec.json.decode(event, type=_Told) if event else None
    return told.data.release.id if told and told.data.release else None


def _shrink(data: dict[str, Any], limit: int) -> None:
    """Leave out what matters least until the rest is no larger than ``limit`` bytes, or only what must stay is left."""
    release, changes = data["release"], data.get("changes") or []
    for name in ("about", "body"):
        _shorten(release.get(name) or [], _size(data) - limit)
    if _size(data) > limit:
        release["disclaimer"] = None
    for name in ("contacts", "images", "tags"):
        _shorten(release.get(name) or [], _size(data) - limit)
    if _size(data) > limit:
        for change in changes:
            _cut(change)
    _shorten(changes, _size(data) - limit)


def _shorten(items: list[Any], excess: int) -> None:
    """Take items off the end until ``excess`` bytes are gone."""
    while items and excess > 0:
        excess -= _size(items.pop()) + 1


def _cut(change: dict[str, Any]) -> None:
    before, after = change.get("before"), change.get("after")
    if isinstance(before, str) and isinstance(after, str):
        change["before"], change["after"] = around_the_difference(before, after, SIDE_KEPT)
    else:
        for side in ("before", "after"):
            if isinstance(change.get(side), str) and len(change[side]) > SIDE_KEPT:
                change[side] = change[side][: SIDE_KEPT - 1] + "…"


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
