"""Opens the configured alert channels of a process."""

from __future__ import annotations

from collections.abc import Collection

from alerts.channels import open_channel
from alerts.outcomes import Channel
from config.address_policy import AddressPolicy
from config.settings import Settings


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
    url = page_url or settings.web.address()
    return {
        name: open_channel(name, channel, policy, url)
        for name, channel in settings.channels.items()
        if only is None or name in only
    }
