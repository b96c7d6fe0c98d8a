"""Backends are named rows, imported when named; an outside backend is "package.module:Class"."""

from __future__ import annotations

from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Any

from wm_gym.choices import did_you_mean
from wm_gym.world_model import WorldModel

BACKENDS: dict[str, str] = {
    "twin": "wm_gym.backends.twin.model:TwinModel",
    "memory_only": "wm_gym.backends.memory_only:MemoryOnlyModel",
    "video": "wm_gym.backends.video.model:VideoModel",
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
    if not isinstance(name, str):
        raise ValueError(f"backend must be a string, got {name!r}")
    path = BACKENDS.get(name, name)
    module_name, _, class_name = path.partition(":")
    if not class_name:
        hint = did_you_mean(name, BACKENDS)
        raise ValueError(f"backend must be one of {sorted(BACKENDS)} or 'package.module:Class', got {name!r}{hint}")
    create = _find(name, module_name, class_name).create
    _check_settings(name, signature(create), settings)
    return create(height, width, **settings)


def _check_settings(name: str, create: Signature, settings: dict[str, Any]) -> None:
    """A `create` that takes anything checks for itself."""
    kinds = {parameter.kind for parameter in create.parameters.values()}
    known = sorted(create.parameters.keys() - {"height", "width"})
    unknown = sorted(settings.keys() - set(known))
    if unknown and Parameter.VAR_KEYWORD not in kinds:
        raise ValueError(
            f"settings of backend {name!r} must be among {known}, got {unknown[0]!r}{did_you_mean(unknown[0], known)}"
        )


def _find(name: str, module_name: str, class_name: str) -> Any:
    if name in BACKENDS:
        return getattr(import_module(module_name), class_name)
    try:
        return getattr(import_module(module_name), class_name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise ValueError(f"backend {name!r} must name a class that can be imported, got: {error}") from error
