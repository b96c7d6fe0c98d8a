"""What an environment shows, read from its observations, its infos or itself. Knows nothing of recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from wm_gym.choices import did_you_mean
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.train_world.data.environments.config import SourceConfig


def find(path: str, name: str, env: Any, observation: Any, info: Mapping[str, Any]) -> Any:
    """The value at a path of `EnvironmentConfig`.

    Args:
        path: Of the value.
        name: Of the setting, for the message.
        env: A Gymnasium environment.
        observation: Its last one.
        info: Its last one.

    Raises:
        ValueError: If there is none.
    """
    if ":" in path:
        return _function(path, name)(env.unwrapped)
    head, _, rest = path.partition(".")
    starts: dict[str, Callable[[], Any]] = {
        "observation": lambda: observation,
        "info": lambda: info,
        "render": env.render,
        "env": lambda: env.unwrapped,
    }
    if head not in starts:
        raise ValueError(
            f"source.{name} must begin with one of {list(starts)} or be 'module:function', got {path!r}"
            f"{did_you_mean(head, starts)}"
        )
    value = starts[head]()
    for part in filter(None, rest.split(".")):
        value = _part(value, part, path, name)
    return value() if callable(value) else value


def picture_of(value: Any, path: str) -> np.ndarray:
    """(H, W, 3) uint8 of what lies at the path of pictures.

    Raises:
        ValueError: If it is no picture.
    """
    if value is None and path == "render":
        raise ValueError("source.rgb must be a picture, got None of render(): source.settings={render_mode: rgb_array}")
    array = np.asarray(value)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise ValueError(f"source.rgb must be a picture (H, W, 3) uint8, got {array.shape} {array.dtype} at {path!r}")
    return array


def depth_of(value: Any, size: tuple[int, int], pinhole: np.ndarray, config: SourceConfig) -> np.ndarray:
    """(H, W) float32 planar metres of what lies at the path of depth; infinity is sky.

    Args:
        value: As it was found.
        size: Rows and columns of the picture.
        pinhole: (4,) of the picture.
        config: Units and kind.

    Raises:
        ValueError: If it is no depth of the picture.
    """
    array = np.asarray(value)
    array = array[..., 0] if array.shape == (*size, 1) else array
    if array.shape != size or array.dtype.kind not in "uif":
        raise ValueError(
            f"source.depth must be numbers of shape {size}, as the picture, got {array.shape} {array.dtype}"
        )
    if np.isnan(array).any() or (array < 0).any():
        raise ValueError(
            f"source.depth must be at least 0 everywhere (0 unknown, infinity sky), got {np.isnan(array).mean():.0%} "
            f"NaN and {(array < 0).mean():.0%} below 0"
        )
    metres = array.astype(np.float64) / config.depth_units_per_metre
    if config.depth_is_range:
        metres = metres / _ray_lengths(size, pinhole)
    return np.minimum(metres, FAR_METRES).astype(np.float32)


def mask_of(value: Any, size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool of what lies at the path of what moves.

    Raises:
        ValueError: If it is no mask of the picture.
    """
    array = np.asarray(value)
    if array.shape != size or array.dtype.kind not in "iub":
        raise ValueError(
            f"source.moving must be a mask of shape {size}, as the picture, got {array.shape} {array.dtype}"
        )
    return array != 0


def _ray_lengths(size: tuple[int, int], pinhole: np.ndarray) -> np.ndarray:
    """(H, W) distance along each pixel's ray at planar depth 1."""
    fx, fy, cx, cy = pinhole
    rows, columns = np.indices(size) + 0.5
    return np.sqrt(1 + ((columns - cx) / fx) ** 2 + ((rows - cy) / fy) ** 2)


def _part(value: Any, part: str, path: str, name: str) -> Any:
    """A key or attribute of a value on the way along a path."""
    if isinstance(value, Mapping):
        if part in value:
            return value[part]
        known = [str(key) for key in value]
        raise ValueError(f"source.{name} must be among {known}, got {path!r}{did_you_mean(part, known)}")
    if hasattr(value, part):
        return getattr(value, part)
    known = [one for one in dir(value) if not one.startswith("_")]
    raise ValueError(
        f"source.{name} must be there, got {path!r}: {type(value).__name__} has no {part!r}{did_you_mean(part, known)}"
    )


def _function(path: str, name: str) -> Callable[[Any], Any]:
    module, _, function = path.partition(":")
    try:
        return getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"source.{name} must name a function that can be imported, got {path!r}: {error}") from error
