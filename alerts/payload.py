"""The webhook body of an event: the whole JSON, or a shorter one with a link to the whole release. Pure."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from alerts.message import around_the_difference

Body = Literal["full", "link"]

MAX_PAYLOAD_BYTES = 20_000  # bytes; Standard Webhooks 1.0.0: "we advise on keeping the payload … smaller than 20kb"
MAX_SIDE_CHARACTERS = 400  # of each side of a shortened change: the difference with its context


def fit_payload(event: bytes, body: Body, api: str, limit: int = MAX_PAYLOAD_BYTES) -> bytes:
    """Return the webhook body for an event. The same event gives the same bytes.

    A body over the limit loses, in this order: paragraphs of ``about``, then of ``body``, last ones first; disclaimer,
    contacts, images and tags; the unchanged text of changes; the last changes. Headline, notice, ``replaces`` and all
    identifying fields stay.

    Args:
        event: the event's JSON.
        body: ``full``: the whole event, up to ``limit`` bytes. ``link``: without paragraphs, whatever the size.
        api: address of the API, without a slash at the end.
        limit: maximum size in bytes.

    Returns:
        The JSON. ``data.truncated`` is true if something was left out; ``data.full`` is the release's address in the
        API.
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


class _Event(msgspec.Struct):
    data: _About


def release_of(event: bytes | None) -> str | None:
    """Return the id of an event's release; None for events of the monitor, and for a missing event."""
    decoded = msgspec.json.decode(event, type=_Event) if event else None
    return decoded.data.release.id if decoded and decoded.data.release else None


def _shrink(data: dict[str, Any], limit: int) -> None:
    """Remove the least important parts until the rest has at most ``limit`` bytes, or only required fields remain."""
    release, changes = data["release"], data.get("changes") or []
    for name in ("about", "body"):
        _shorten(release.get(name) or [], _size(data) - limit)
    if _size(data) > limit:
        release["disclaimer"] = None
    for name in ("contacts", "images", "tags"):
        _shorten(release.get(name) or [], _size(data) - limit)
    if origins := release.get("tags_from"):
        release["tags_from"] = {tag: origins[tag] for tag in release["tags"] if tag in origins}
    if _size(data) > limit:
        for change in changes:
            _cut(change)
    _shorten(changes, _size(data) - limit)


def _shorten(items: list[Any], excess: int) -> None:
    """Remove items from the end until ``excess`` bytes are removed."""
    while items and excess > 0:
        excess -= _size(items.pop()) + 1


def _cut(change: dict[str, Any]) -> None:
    before, after = change.get("before"), change.get("after")
    if isinstance(before, str) and isinstance(after, str):
        change["before"], change["after"] = around_the_difference(before, after, MAX_SIDE_CHARACTERS)
    else:
        for side in ("before", "after"):
            if isinstance(change.get(side), str) and len(change[side]) > MAX_SIDE_CHARACTERS:
                change[side] = change[side][: MAX_SIDE_CHARACTERS - 1] + "…"


def _size(value: Any) -> int:
    return len(msgspec.json.encode(value))
