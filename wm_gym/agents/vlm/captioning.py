"""Captions of pictures by an endpoint: one plain sentence about the scene, as scene-static captions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from wm_gym.agents.vlm.endpoint import Endpoint, EndpointConfig
from wm_gym.agents.vlm.prompting import Prompt
from wm_gym.choices import check_known

_SYSTEM = (
    "You describe pictures for training a model of places. Answer with one plain sentence, at most 30 words, about "
    "what stands where, materials, colours and light. Say nothing of the camera, of motion or of what you are not sure "
    "of."
)


def captioner(endpoint: str, model: str, settings: Mapping[str, Any]) -> Callable[[np.ndarray], str]:
    """What captions a picture (H, W, 3) uint8; what could not be answered is an empty caption.

    Args:
        endpoint: Address of an OpenAI-compatible endpoint.
        model: Name of its model.
        settings: Further fields of `EndpointConfig`.

    Raises:
        ValueError: If a setting is unknown or wrong.
        ImportError: If the openai library is not installed.
    """
    check_known("captions.settings", settings, tuple(EndpointConfig.__dataclass_fields__))
    writer = Endpoint(EndpointConfig(base_url=endpoint, model=model, **settings))

    def caption(picture: np.ndarray) -> str:
        (reply,) = writer.ask([Prompt(_SYSTEM, "Describe this place.", picture)])
        return " ".join(reply.text.split())

    return caption
