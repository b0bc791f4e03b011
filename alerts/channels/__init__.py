"""The channels: one file each. The folder is the registry.

A file holds ``Settings``, a ``DeliverySettings`` whose ``type`` is a ``Literal`` with the channel's name, and
``open_channel(name, settings, policy, api) -> Channel``. Nothing else needs to know of it.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import get_args

from alerts.outcomes import Channel
from alerts.redaction import looks_random, secrets_of
from alerts.settings import DeliverySettings
from config.address_policy import AddressPolicy
from config.observability.redaction import hide, hide_secrets_of
from config.settings import ChannelSettings


@cache
def _modules() -> dict[str, ModuleType]:
    found = {}
    for entry in pkgutil.iter_modules(__path__):
        module = import_module(f"{__name__}.{entry.name}")
        (kind,) = get_args(module.Settings.model_fields["type"].annotation)
        found[str(kind)] = module
    return found


def channel_types() -> dict[str, type[ChannelSettings]]:
    """Return the model of the settings of every ``type`` of channel there is."""
    return {kind: module.Settings for kind, module in _modules().items()}


def open_channel(name: str, settings: ChannelSettings, policy: AddressPolicy, api: str = "") -> Channel:
    """Return the channel that these settings describe; it connects to nothing before its first alert.

    ``policy`` says which addresses a channel whose address comes from the configuration may reach, ``api`` where people
    and programs reach ours, without a slash at the end. The secrets of the settings are hidden from logs and receipts
    from here on.
    """
    if not isinstance(settings, DeliverySettings):
        raise TypeError(f"channels.{name}: {type(settings).__name__} is not the settings of a channel")
    hide_secrets_of(settings)
    hide(*filter(looks_random, secrets_of(settings)))  # a library may log a part of an address
    channel: Channel = _modules()[settings.type].open_channel(name, settings, policy, api)
    return channel
