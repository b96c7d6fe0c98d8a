"""`EpisodeConfig`: the settings of an environment, checked and made plain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.choices import check_known
from wm_gym.envs.body import BodySettings
from wm_gym.envs.checking import read_count, read_flag, read_number, read_text
from wm_gym.layout.growing import AHEAD_METRES
from wm_gym.scenes.keyframe_scale import FINER
from wm_gym.scenes.named import find_world

FOV_DEGREES = (20.0, 120.0)
PLAN_AHEAD_METRES = (4.0, 60.0)

COMPLETION_SETTINGS = ("inpainter", "scene_bank", "layout", "kept_scenes")
"""Names in `completion_settings`."""

RECONSTRUCTION_SETTINGS = ("depth", "device", "masks", "poses")
"""Names in `reconstruction_settings`."""

PROBED = ("frameskip",)
"""Settings that TorchRL tries on every environment; it goes on without where Python's own error says there is none."""


@dataclass(frozen=True)
class EpisodeConfig:
    """The settings of an environment; keyword arguments of `gymnasium.make` and `gymnasium.make_vec`.

    Numbers of numpy, paths and lists become what JSON can hold.

    Attributes:
        task: A key of `wm_gym.envs.tasks.registry.TASKS` or "package.module:Class"; without it the id's own.
        task_settings: The task's own, such as {"success_metres": 1.0} of "point_goal".
        reward: Who says what a step is worth: "" for the task itself, "learned", "vlm" or "package.module:name" of a
            function or class, as `wm_gym.envs.rewards` tells.
        reward_settings: Keyword arguments of such a class.
        backend: "video", "detailed", "memory_only", "twin" or "package.module:Class".
        world: None for one of the shipped places, a family of them, "family/number", "family/*", a capture's path, or
            "imagined" for a place that nobody has seen (`wm_gym.scenes.named`). Where that leaves a choice, the seed of
            `reset` makes it.
        difficulty: "simple", "medium" or "full"; the shipped places are "full".
        obs_mode: Parts joined by "+": rgb, depth, points, pose; or the preset "sb3".
        action_mode: "discrete", "keys" or "twist".
        resolution: Height and width of a frame.
        finer: Most times that keyframes which memory takes in are as fine as frames; 1 is faster.
        plan_ahead_metres: How far ahead of a body the undecided ground that it sees is imagined; less is faster.
        depth_dtype: "float32" metres or a "uint8" image; None for the mode's own.
        num_points: Rows of the `points` observation; None for 1024.
        body: Size and speeds of the body, fields of `wm_gym.envs.body.BodySettings`, such as {"eye_height_metres": 1.2,
            "walk_metres_per_second": 1.5}; what is left out keeps its default.
        fov_degrees: Horizontal field of view, 20 to 120; None for that of the place. A state keeps its own.
        idle_drift: Share of its top walking speed at which the body drifts forward while no movement is asked of it.
        return_frames: Whether `info["frames"]` holds all frames of each step.
        return_text: Whether info holds "task_description", "prompt" and "env_feedback", which are strings.
        backend_settings: The backend's own, such as {"weights": path, "num_steps": 2} of "video".
        completion: Whether what memory does not show is decided before it is generated; None: as the backend wants it.
        completion_settings: Of that: {"inpainter": path or "none", "scene_bank": folder or "none", "layout": "none" for
            no plans, "kept_scenes": most scenes that stay built}.
        reconstruction_settings: {"depth": who estimates the depth of a picture or film that a world opens on, as
            `wm_gym.reconstruction.depth_estimator` tells: "embedded", the network that ships, "ground", a file
            `.safetensors`, or a folder or hub id of a depth model of transformers; "device": where; "masks": folder
            of a SAM 2 model that outlines what moves; "poses": "memory" to find where the camera of such a backend
            really is by what memory shows, else "commanded"}. Where anything is named, the depth of a backend's frames
            that come without is estimated too, else it is flat ground.
        draw_events: Whether events are drawn on the backend's frames, and people in the first one become entities;
            None: as the backend wants it.
    """

    task: str
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    reward: str = ""
    reward_settings: Mapping[str, Any] = field(default_factory=dict)
    backend: str = "video"
    world: str | None = None
    difficulty: str = "full"
    obs_mode: str = "rgb+depth+pose"
    action_mode: str = "discrete"
    resolution: tuple[int, int] = (48, 64)
    finer: int = FINER
    plan_ahead_metres: float = AHEAD_METRES
    depth_dtype: str | None = None
    num_points: int | None = None
    body: Mapping[str, float] = field(default_factory=dict)
    fov_degrees: float | None = None
    idle_drift: float = 0.0
    return_frames: bool = False
    return_text: bool = False
    backend_settings: Mapping[str, Any] = field(default_factory=dict)
    completion: bool | None = None
    completion_settings: Mapping[str, Any] = field(default_factory=dict)
    reconstruction_settings: Mapping[str, Any] = field(default_factory=dict)
    draw_events: bool | None = None

    def __post_init__(self) -> None:
        for name in ("task", "backend", "difficulty", "obs_mode", "action_mode"):
            read_text(name, getattr(self, name))
        self._keep("idle_drift", _read_idle_drift(self.idle_drift))
        self._keep("finer", read_count("finer", self.finer))
        self._keep("plan_ahead_metres", _read_ahead(self.plan_ahead_metres))
        self._keep("resolution", read_resolution(self.resolution))
        if self.depth_dtype is not None:
            read_text("depth_dtype", self.depth_dtype)
        if self.num_points is not None:
            self._keep("num_points", read_count("num_points", self.num_points))
        for name in ("return_frames", "return_text"):
            self._keep(name, read_flag(name, getattr(self, name)))
        self._keep("world", read_world("world", self.world))
        if not isinstance(self.reward, str):
            raise ValueError(f"reward must be a string, got {self.reward!r}")
        for name in (
            "task_settings", "reward_settings", "backend_settings", "completion_settings", "reconstruction_settings",
        ):  # fmt: skip
            self._keep(name, _read_settings(name, getattr(self, name)))
        for name in ("completion", "draw_events"):
            if getattr(self, name) is not None:
                self._keep(name, read_flag(name, getattr(self, name)))
        check_known("completion_settings", self.completion_settings, COMPLETION_SETTINGS)
        check_known("reconstruction_settings", self.reconstruction_settings, RECONSTRUCTION_SETTINGS)
        for name, value in self.reconstruction_settings.items():
            read_text(f"reconstruction_settings {name!r}", value)
        if self.fov_degrees is not None:
            self._keep("fov_degrees", _read_fov(self.fov_degrees))
        BodySettings.of(self.body)
        self._keep("body", {name: float(value) for name, value in self.body.items()})
        find_world(self.world, 0, self.difficulty)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> EpisodeConfig:
        """From keyword arguments.

        Raises:
            ValueError: If a setting is unknown or of the wrong kind.
            TypeError: If it is one of `PROBED`.
        """
        for name in PROBED:
            if name in settings:
                raise TypeError(f"got an unexpected keyword argument {name!r}")
        check_known("settings", settings, tuple(one.name for one in fields(cls)))
        if "task" not in settings:
            raise ValueError(f"settings must hold 'task', got {sorted(settings)}")
        return cls(**settings)

    def _keep(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def read_resolution(resolution: Any, least: int = 16) -> tuple[int, int]:
    """Height and width.

    Raises:
        ValueError: If they are not two whole numbers of at least that many pixels.
    """
    pair = tuple(resolution) if isinstance(resolution, list | tuple | np.ndarray) else ()
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= least for n in pair)
    if len(pair) != 2 or not whole:
        raise ValueError(f"resolution must be (height, width) of at least {least} each, got {resolution!r}")
    return int(pair[0]), int(pair[1])


def read_world(name: str, world: Any) -> str | None:
    """The name of a world, or the path of a capture as a string.

    Raises:
        ValueError: If it is neither, nor None.
    """
    if world is None or isinstance(world, Path):
        return None if world is None else str(world)
    return read_text(name, world)


def _read_idle_drift(idle_drift: Any) -> float:
    share = read_number("idle_drift", idle_drift)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"idle_drift must be within 0..1, got {idle_drift}")
    return share


def _read_ahead(plan_ahead_metres: Any) -> float:
    metres, (least, most) = read_number("plan_ahead_metres", plan_ahead_metres), PLAN_AHEAD_METRES
    if not least <= metres <= most:
        raise ValueError(f"plan_ahead_metres must be within {least:g}..{most:g}, got {plan_ahead_metres}")
    return metres


def _read_fov(fov_degrees: Any) -> float:
    degrees, (lowest, highest) = read_number("fov_degrees", fov_degrees), FOV_DEGREES
    if not lowest <= degrees <= highest:
        raise ValueError(f"fov_degrees must be within {lowest:g}..{highest:g}, got {fov_degrees}")
    return degrees


def _read_settings(name: str, settings: Any) -> dict[str, Any]:
    if not isinstance(settings, Mapping):
        raise ValueError(f"{name} must be a dict of the {name.partition('_')[0]}'s own, got {settings!r}")
    plain = {read_text(f"a name in {name}", key): _plain(value) for key, value in settings.items()}
    try:
        json.dumps(plain)
    except TypeError as error:
        raise ValueError(f"{name} must hold what JSON can hold, got {settings!r}") from error
    return plain


def _plain(value: Any) -> Any:
    """Paths and what numpy has as JSON holds them."""
    if isinstance(value, Path):
        return str(value)
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
