"""Which sources may be requested, and under which source a known page is read again; pure.

A source that is off (``enabled = false``) is not requested at all: no listing, page, revisit, robots.txt or hub.
The sweeps, the queue of polls and the spider decide by these functions, in the daemon and in workers.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from config.settings import Settings
from crawler.polling.polls import hosts
from stories.model.sighting import BY_HAND, Poll
from stories.text.linear_regex import linear


def is_off(settings: Settings, source: str) -> bool:
    """Return whether the configuration has the source and turns it off."""
    found = settings.sources.get(source)
    return found is not None and not found.enabled


def is_requestable(settings: Settings, source: str) -> bool:
    """Return whether pages of a source that wait may be requested: it is on, or a host's name without a source."""
    found = settings.sources.get(source)
    return found.enabled if found is not None else _is_host(source)


def refusal(settings: Settings, poll: Poll) -> str | None:
    """Return why a poll may not be requested, in words for people; None when it may.

    A page that a person named, of a host without a source, is polled under its host's name.
    """
    found = settings.sources.get(poll.source)
    if found is None:
        if _is_host(poll.source) or (poll.urls and poll.reason in BY_HAND):
            return None
        return f"the configuration has no source {poll.source!r}"
    if found.enabled:
        return None
    why = f" ({found.reason})" if found.reason else ""
    return f"source {poll.source!r} is off{why}; to turn it on: [sources.{poll.source}] enabled = true"


def owner(settings: Settings, source: str, url: str) -> str | None:
    """Return the source under which a known page may be requested again; None when no source may.

    A page of a source that was removed or renamed belongs to another source only if that one is enabled, has the page's
    host, and its pattern of releases matches. A page of a host without any source stays with its host's name.

    Args:
        source: Under which the page was read before.
        url: The page's address.
    """
    found = settings.sources.get(source)
    if found is not None:
        return source if found.enabled else None
    host = urlsplit(url).hostname or ""
    by_host = {name: other for name, other in settings.sources.items() if host in hosts(other)}
    for name, other in by_host.items():
        if other.enabled and other.release.url and linear(other.release.url).search(url):
            return name
    return source if _is_host(source) and all(other.enabled for other in by_host.values()) else None


def _is_host(name: str) -> bool:
    """Return whether a poll's source is a host's name; the name of a source has no such characters."""
    return "." in name or ":" in name
