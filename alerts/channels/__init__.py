"""The channels, one module each. The package is the registry.

A module has ``Settings``, a ``DeliverySettings`` whose ``type`` is a ``Literal`` with the channel's name, and
``open_channel(name, settings, policy, api, context) -> Channel``. No other file has to change for a new channel. One
that writes to the daemon's own machine sets ``is_local = True`` in its ``Settings``.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import get_args

from alerts.message_context import MessageContext
from alerts.outcomes import Channel
from alerts.redaction import looks_random, secrets_of
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from config.observability.redaction import hide, hide_secrets_of
from config.settings import ChannelSettings


@cache
def _modules() -> dict[str, ModuleType]:
    modules = {}
    for entry in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{entry.name}")
        (kind,) = get_args(module.Settings.model_fields["type"].annotation)
        modules[str(kind)] = module
    return modules


def channel_types() -> dict[str, type[ChannelSettings]]:
    """Return the settings model of every channel ``type``."""
    return {kind: module.Settings for kind, module in _modules().items()}


def open_channel(
    name: str,
    settings: ChannelSettings,
    policy: AddressPolicy,
    api: str = "",
    context: MessageContext = MessageContext(),  # noqa: B008 (immutable)
) -> Channel:
    """Return the channel for these settings. It opens no connection before its first alert.

    From here on, the secrets of the settings are redacted in logs and receipts.

    Args:
        name: name of the channel in the configuration.
        settings: its settings.
        policy: addresses to which the channel may connect.
        api: address of wirewatch's own API, without a slash at the end.
        context: language, time zone and titles of alert texts.
    """
    if not isinstance(settings, DeliverySettings):
        raise TypeError(f"channels.{name}: {type(settings).__name__} is not the settings of a channel")
    hide_secrets_of(settings)
    hide(*filter(looks_random, secrets_of(settings)))  # a library may log a part of an address
    channel: Channel = _modules()[settings.type].open_channel(name, settings, policy, api, context)
    return channel
