"""A local model or an endpoint, by settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wm_gym.agents.vlm.endpoint import Endpoint, EndpointConfig
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM
from wm_gym.agents.vlm.replies import Writer
from wm_gym.choices import check_known


def make_writer(model: str, endpoint: str, settings: Mapping[str, Any]) -> Writer:
    """What answers prompts.

    Args:
        model: Folder or hub id of a local model, empty for the tiny one that ships; or the name of an endpoint's model.
        endpoint: Its address; empty for a local model.
        settings: Further fields of `EndpointConfig` or `LocalConfig`.

    Raises:
        ValueError: If a setting is unknown.
    """
    config = EndpointConfig if endpoint else LocalConfig
    check_known("settings", settings, tuple(one.name for one in fields(config)))
    if endpoint:
        return Endpoint(EndpointConfig(base_url=endpoint, model=model, **settings))
    return LocalVLM(LocalConfig(model=model, **settings))
