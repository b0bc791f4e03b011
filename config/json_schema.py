"""The JSON Schema of the configuration, for editors: ``wirewatch check --schema``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import Field, create_model

from config.settings import ChannelSettings, Name, Settings
from config.source_settings import SourceSettings


def schema(channel_types: Mapping[str, type[ChannelSettings]]) -> dict[str, Any]:
    """Return the JSON Schema of the whole configuration, every kind of channel in it."""
    channel: Any = Union[tuple(channel_types.values())]  # noqa: UP007 (as many as there are)
    channels: Any = Annotated[channel, Field(discriminator="type")]
    model = create_model(
        "Configuration",
        __base__=Settings,
        channels=(dict[Name, channels], Field(default_factory=dict)),
        sources=(dict[Name, SourceSettings], Field(default_factory=dict)),
    )
    return model.model_json_schema()
