"""Backends are named rows, imported when named; an outside backend is "package.module:Class"."""

from __future__ import annotations

from inspect import Parameter, Signature, signature
from typing import Any

from wm_gym.choices import check_known, find_class
from wm_gym.world_model import WorldModel

BACKENDS: dict[str, str] = {
    "twin": "wm_gym.backends.twin.model:TwinModel",
    "memory_only": "wm_gym.backends.memory_only:MemoryOnlyModel",
    "video": "wm_gym.backends.video.model:VideoModel",
    "detailed": "wm_gym.backends.detailed:DetailedModel",
    "sglang": "wm_gym.backends.foreign.sglang:SglangModel",
    "vllm_omni": "wm_gym.backends.foreign.vllm_omni:VllmOmniModel",
}
"""Name to "module:Class". The class has a classmethod `create(height, width, **settings)`."""


def load_backend(name: str, height: int, width: int, **settings: Any) -> WorldModel[Any]:
    """A backend that makes frames of the asked size.

    Args:
        name: A key of `BACKENDS`, or "package.module:Class".
        height: Rows of a frame.
        width: Columns of a frame.
        settings: Passed on to the backend's `create`.

    Raises:
        ValueError: If the name is unknown, or names nothing that can be imported, or the backend has no such setting.
        ImportError: If the backend needs an extra that is not installed.
    """
    create = find_class("backend", name, BACKENDS).create
    _check_settings(name, signature(create), settings)
    return create(height, width, **settings)


def _check_settings(name: str, create: Signature, settings: dict[str, Any]) -> None:
    """A `create` that takes anything checks for itself."""
    kinds = {parameter.kind for parameter in create.parameters.values()}
    known = sorted(create.parameters.keys() - {"height", "width"})
    if Parameter.VAR_KEYWORD not in kinds:
        check_known(f"settings of backend {name!r}", sorted(settings), known)
