"""Opens the configured alert channels of a process."""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo

from alerts.channels import open_channel
from alerts.message_context import MessageContext
from alerts.outcomes import Channel
from config.address_policy import AddressPolicy
from config.settings import Settings, WatchSettings


def message_context(settings: Settings) -> MessageContext:
    """Return how alert texts are written."""
    return MessageContext(
        language=settings.alerts.language,
        timezone=ZoneInfo(settings.alerts.timezone) if settings.alerts.timezone else "local",
        pages=settings.web.public_url,
        sources={name: source.title or name for name, source in settings.sources.items()},
        watches={name: _watch_title(name, watch) for name, watch in settings.watches.items()},
    )


def _watch_title(name: str, watch: WatchSettings) -> str:
    """Return ``HKSTP (#HKSTP; "science park")``."""
    tags = " ".join(f"#{tag.lstrip('#')}" for tag in watch.tags)
    followed = "; ".join(part for part in (tags, watch.query) if part)
    title = watch.title or name
    return f"{title} ({followed})" if followed else title


def open_channels(
    settings: Settings, *, only: Collection[str] | None = None, page_url: str | None = None
) -> dict[str, Channel]:
    """Return the channels by name, ready to send.

    Args:
        settings: The configuration; its ``polling.private_addresses`` hold for webhooks too.
        only: Names of the channels to open; left out: all.
        page_url: The address of the web page, for links in alerts; left out: that of the configuration.
    """
    policy = AddressPolicy(settings.polling.private_addresses)
    url, context = page_url or settings.web.address(), message_context(settings)
    return {
        name: open_channel(name, channel, policy, url, context)
        for name, channel in settings.channels.items()
        if only is None or name in only
    }
