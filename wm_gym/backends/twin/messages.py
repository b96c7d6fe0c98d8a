"""What the model asks of an engine process, and what comes back. Plain data: it travels between processes.

Knows neither torch nor the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENGINE_NOTE = "engine.id"
"""File in a worker's folder with the name under which its engine shares memory."""


@dataclass(frozen=True)
class Stage:
    """All that an episode depends on before its first action.

    Attributes:
        family: Family of maps.
        place_seed: Seed of the map.
        difficulty: Difficulty of the map.
        engine_seed: Seed of everything that moves by chance.
        height: Rows of a frame.
        width: Columns of a frame.
        intrinsics: fx, fy, cx, cy of a frame in pixels.
        far_metres: Depth that stands for the sky.
    """

    family: str
    place_seed: int
    difficulty: str
    engine_seed: int
    height: int
    width: int
    intrinsics: tuple[float, float, float, float]
    far_metres: float


@dataclass(frozen=True)
class Action:
    """What happens in one frame.

    Attributes:
        eye: x, y, z of the camera, map units.
        yaw_radians: Counter-clockwise from the map's +x.
        pitch_radians: Positive looks up.
        commands: Lines for the engine's console: things that come and go.
    """

    eye: tuple[float, float, float]
    yaw_radians: float
    pitch_radians: float
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """One event at work during the T frames of a request.

    Attributes:
        kind: A name in `events.kinds.KINDS`.
        strengths: T numbers in 0..1.
        age_frames: Frames since onset at the first frame.
        seed: All its randomness comes from this and its age.
        event_id: Number of the event in its world.
        spot: x, y, z in map units of the thing or burst it adds, or None.
    """

    kind: str
    strengths: tuple[float, ...]
    age_frames: int
    seed: int
    event_id: int
    spot: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Restore:
    """Stand where a save and the actions since then lead.

    Attributes:
        stage: The episode.
        save: The engine's save file.
        actions: What happened since, replayed without pictures.
    """

    stage: Stage
    save: bytes
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Show:
    """Go on by T frames and send them.

    Attributes:
        stage: The episode; a new one is opened where `opens` is set.
        opens: Whether the first action is the episode's first.
        actions: T of them.
        effects: Events at work.
        frame_index: Index of the first frame in its world.
        saves: Whether to save afterwards.
    """

    stage: Stage
    opens: bool
    actions: tuple[Action, ...]
    effects: tuple[Effect, ...]
    frame_index: int
    saves: bool


@dataclass(frozen=True)
class Shown:
    """T frames of one world.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        instances: (T, H, W) uint8, 0 is the map.
        instance_names: Class of each instance.
        event_masks: (T, H, W) bool for each kind at work.
        event_strengths: (T,) float32 for each kind at work.
        save: The engine's save file, or None.
    """

    frames: NDArray[np.uint8]
    depth: NDArray[np.float32]
    moving: NDArray[np.bool_]
    instances: NDArray[np.uint8]
    instance_names: dict[int, str]
    event_masks: dict[str, NDArray[np.bool_]]
    event_strengths: dict[str, NDArray[np.float32]]
    save: bytes | None


@dataclass(frozen=True)
class Failure:
    """What went wrong in an engine process, in one sentence."""

    reason: str
