"""Requests to an engine process and its answers. Plain data that is sent between processes.

Knows neither torch nor the engine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENGINE_NOTE = "engine.id"
"""File in a worker's folder with the name under which its engine shares memory."""


@dataclass(frozen=True)
class EpisodeSetup:
    """Everything that an episode depends on before its first action.

    Attributes:
        family: Family of maps.
        place_seed: Seed of the map.
        difficulty: Difficulty of the map.
        engine_seed: Seed of the engine's randomness.
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
    """The camera and the commands of one frame.

    Attributes:
        eye: x, y, z of the camera, map units.
        yaw_radians: Counter-clockwise from the map's +x.
        pitch_radians: Positive looks up.
        commands: Lines for the engine's console that spawn and remove actors.
    """

    eye: tuple[float, float, float]
    yaw_radians: float
    pitch_radians: float
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Effect:
    """One active event during the T frames of a request.

    Attributes:
        kind: A name in `events.kinds.KINDS`.
        strengths: T strengths in 0..1.
        age_frames: Frames since onset at the first frame.
        seed: Seed; all randomness follows from it and the age.
        event_id: Number of the event in its world.
        position: x, y, z in map units of the actor or burst that it adds, or None.
    """

    kind: str
    strengths: tuple[float, ...]
    age_frames: int
    seed: int
    event_id: int
    position: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Restore:
    """Request to restore a save and to replay the actions since then.

    Attributes:
        setup: The episode.
        save: The engine's save file.
        actions: The actions since then, replayed without rendering.
    """

    setup: EpisodeSetup
    save: bytes
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Advance:
    """Request to advance by T frames and to render them.

    Attributes:
        setup: The episode.
        opens: Whether the episode starts with this request.
        actions: T actions.
        effects: Active events.
        frame_index: Index of the first frame in its world.
        saves: Whether to save afterwards.
        alternatives: K sets of effects, each drawn on the same engine frames in place of `effects`.
    """

    setup: EpisodeSetup
    opens: bool
    actions: tuple[Action, ...]
    effects: tuple[Effect, ...]
    frame_index: int
    saves: bool
    alternatives: tuple[tuple[Effect, ...], ...] = ()


@dataclass(frozen=True)
class Drawn:
    """T frames of one world with one set of effects. Outside the union of its masks nothing differs from no effects.

    Attributes:
        frames: (T, H, W, 3) uint8.
        depth: (T, H, W) float32 metres.
        moving: (T, H, W) bool.
        event_masks: (T, H, W) bool for each active kind, the pixels that it changes.
        event_strengths: (T,) float32 for each active kind.
    """

    frames: NDArray[np.uint8]
    depth: NDArray[np.float32]
    moving: NDArray[np.bool_]
    event_masks: dict[str, NDArray[np.bool_]]
    event_strengths: dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Rendered:
    """Answer with T rendered frames of one world.

    Attributes:
        drawn: The frames with the request's effects.
        alternatives: The frames with each of its alternatives.
        instances: (T, H, W) uint8 instance numbers, 0 is the map.
        instance_names: Actor class of each instance.
        instance_poses: (T, 4) float64 for each instance: x, y, z in map units and heading in radians from the map's +x;
            NaN where it is not in view.
        save: The engine's save file, or None.
    """

    drawn: Drawn
    alternatives: tuple[Drawn, ...]
    instances: NDArray[np.uint8]
    instance_names: dict[int, str]
    instance_poses: dict[int, NDArray[np.float64]]
    save: bytes | None


@dataclass(frozen=True)
class Failure:
    """Answer of a request that failed, with the reason in one sentence."""

    reason: str
