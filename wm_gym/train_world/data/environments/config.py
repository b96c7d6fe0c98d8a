"""Settings of a Gymnasium environment that is recorded: where pictures, depth and poses are, and how it is moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from wm_gym.choices import check_choice, check_known
from wm_gym.geometry.cameras import intrinsics_from_fov
from wm_gym.geometry.motion import KEYS, Body

POSE_KINDS = ("body", "camera", "camera_opengl", "quaternion")
UPS = ("z", "y")
FOV_AXES = ("horizontal", "vertical")
TWIST_PARTS = ("forward", "left", "yaw", "pitch")
NOOP = "noop"


@dataclass
class SourceConfig:
    """How what others have recorded, or show, is read.

    Attributes:
        rgb: Where the picture is, (H, W, 3) uint8.
        depth: Where its depth is, (H, W) or (H, W, 1); empty for none.
        pose: Where the camera's pose is; empty for none: it is then reckoned from the actions, by `body`.
        moving: Where a mask (H, W) of what moves is; empty for none.
        pose_is: "body": x, y, yaw, or x, y, z, yaw, or those and pitch, in radians; "quaternion": x, y, z and
            x, y, z, w; "camera" or "camera_opengl": (4, 4) world_from_camera, with the axes of OpenCV or of OpenGL.
        up: Which axis of its world points up, "z" or "y"; the height among x, y and z of poses is that one.
        metres_per_unit: Metres in a unit of its poses.
        depth_units_per_metre: Numbers of its depth for a metre.
        depth_is_range: Whether its depth is the distance along the ray instead of planar z.
        depth_model: Where there is no depth, who estimates it: "ground", flat ground and a wall, or as `log.depth` of
            `wm-gym capture`.
        fov_degrees: Field of view of the picture, without `intrinsics`.
        fov_axis: "horizontal" or "vertical".
        intrinsics: fx, fy, cx, cy in pixels of its pictures, with pixel centres at +0.5; empty for those of the field
            of view.
        actions: Its action for each chord of keys, such as {W: 2, J: 0, WJ: [1, 0.5], noop: 6}; or, of Box actions, the
            vector of each of forward, left, yaw and pitch at full speed, which are added.
        frames_per_step: Its frames, and so its actions, in a recorded step.
        body: Speeds of its body, for poses that are reckoned.
        prompt: One sentence that says what it looks like.
    """

    rgb: str = ""
    depth: str = ""
    pose: str = ""
    moving: str = ""
    pose_is: str = "body"
    up: str = "z"
    metres_per_unit: float = 1.0
    depth_units_per_metre: float = 1.0
    depth_is_range: bool = False
    depth_model: str = "ground"
    fov_degrees: float = 65.0
    fov_axis: str = "horizontal"
    intrinsics: list[float] = field(default_factory=list)
    actions: dict[str, Any] = field(default_factory=dict)
    frames_per_step: int = 4
    body: Body = field(default_factory=Body)
    prompt: str = ""

    def __post_init__(self) -> None:
        check_choice("source.pose_is", self.pose_is, POSE_KINDS)
        check_choice("source.up", self.up, UPS)
        check_choice("source.fov_axis", self.fov_axis, FOV_AXES)
        for name in ("metres_per_unit", "depth_units_per_metre"):
            if not 0 < getattr(self, name) < np.inf:
                raise ValueError(f"source.{name} must be positive, got {getattr(self, name)}")
        if self.frames_per_step < 1:
            raise ValueError(f"source.frames_per_step must be at least 1, got {self.frames_per_step}")
        if not 5 <= self.fov_degrees <= 160:
            raise ValueError(f"source.fov_degrees must be from 5 to 160, got {self.fov_degrees}")
        if len(self.intrinsics) not in (0, 4):
            raise ValueError(f"source.intrinsics must be [fx,fy,cx,cy] or empty, got {self.intrinsics}")
        if self.moves_by_twists:
            check_known("source.actions", self.actions, TWIST_PARTS)
        else:
            for chord in self.actions:
                _check_chord(chord)

    @property
    def moves_by_twists(self) -> bool:
        """Whether actions are sums of a vector for each part of a twist."""
        return any(name in TWIST_PARTS for name in self.actions)

    def pinhole(self, height: int, width: int) -> np.ndarray:
        """(4,) float64 fx, fy, cx, cy of its pictures."""
        if self.intrinsics:
            return np.asarray(self.intrinsics, np.float64)
        if self.fov_axis == "horizontal":
            return intrinsics_from_fov(self.fov_degrees, height, width).double().numpy()
        focal = height / 2 / np.tan(np.radians(self.fov_degrees) / 2)
        return np.array([focal, focal, width / 2, height / 2])


@dataclass
class EnvironmentConfig(SourceConfig):
    """How an environment is read and moved.

    A value is found at a path: "observation", "observation.KEY", "info.KEY", "render" (`env.render()`), "env.NAME" (an
    attribute of the bare environment, or a method without arguments), or "module:function", which is given the bare
    environment.

    Attributes:
        rgb: Path of the picture, (H, W, 3) uint8.
        settings: Keyword arguments of `gymnasium.make`.
        fps: Frames per second of its time.
        warm_up: Actions (noop) before the opening frame.
    """

    rgb: str = "render"
    settings: dict[str, Any] = field(default_factory=dict)
    fps: float = 17.5
    warm_up: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.fps < np.inf:
            raise ValueError(f"source.fps must be positive, got {self.fps}")
        if self.warm_up < 0:
            raise ValueError(f"source.warm_up must be at least 0, got {self.warm_up}")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EnvironmentConfig:
        """The settings that `dataclasses.asdict` made plain."""
        return cls(**{**data, "body": Body(**data["body"])})


def is_default(config: EnvironmentConfig) -> bool:
    """Whether nothing was set."""
    plain = EnvironmentConfig()
    return all(getattr(config, one.name) == getattr(plain, one.name) for one in fields(config))


def keys_of_chord(chord: str) -> np.ndarray:
    """(8,) bool of a chord, columns as `geometry.motion.KEYS`."""
    return np.array([chord != NOOP and key in chord for key in KEYS])


def _check_chord(chord: object) -> None:
    wrong = not isinstance(chord, str) or not chord or len(set(chord)) != len(chord) or not set(chord) <= set(KEYS)
    if wrong and chord != NOOP:
        raise ValueError(
            f"source.actions must have chords of {' '.join(KEYS)}, {NOOP!r} or {', '.join(TWIST_PARTS)} for names, got "
            f"{chord!r}"
        )
