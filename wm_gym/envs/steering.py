"""What a backend's way of steering, by poses or by keys, allows."""

from __future__ import annotations

from wm_gym.envs.config import EpisodeConfig
from wm_gym.world_model import ModelSpec


def check_steered_by_poses(spec: ModelSpec, what: str) -> None:
    """Make sure that cameras can be placed.

    Args:
        spec: Of the backend.
        what: Needs it, for the message.

    Raises:
        ValueError: If the backend is steered by keys.
    """
    if spec.steered_by != "pose":
        raise ValueError(f"{what} needs a backend that is steered by poses, got {spec.name!r}")


def check_steering(spec: ModelSpec, config: EpisodeConfig) -> None:
    """Make sure that a backend that is steered by keys is asked for nothing that only poses can do.

    Raises:
        ValueError: If it is.
    """
    if spec.steered_by != "keys":
        return
    if config.action_mode == "twist":
        raise ValueError(
            f"action_mode must be 'discrete' or 'keys' for backend {spec.name!r}, which goes by keys, got 'twist'"
        )
    for name in ("body", "fov_degrees", "idle_drift"):
        if getattr(config, name):
            raise ValueError(
                f"{name} must be left out for backend {spec.name!r}, which goes by keys, got {getattr(config, name)}"
            )
