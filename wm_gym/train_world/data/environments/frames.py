"""Frames that an environment has shown, with depth that is checked or made, and downsampled to those of a recording."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES
from wm_gym.reconstruction.depth_estimator import GROUND, find_estimator, opening_scale
from wm_gym.reconstruction.estimates import DepthQuery
from wm_gym.reconstruction.one_picture import WALL_METRES
from wm_gym.reconstruction.reconstructor import ground_depth
from wm_gym.scenes.keyframe_scale import fits, reduced
from wm_gym.scenes.logs.agreement import check_agreement, check_metres
from wm_gym.scenes.logs.candidates import HEIGHT, WIDTH, Candidates
from wm_gym.scenes.logs.lenses import Lens, depth_as
from wm_gym.scenes.logs.posed_log import LogFrame
from wm_gym.train_world.data.environments.config import SourceConfig
from wm_gym.train_world.data.recording_spec import RecordingSpec
from wm_gym.world_model import Capture

_CHECKED_FRAMES = 24


@dataclass
class Shown:
    """What an episode has shown, one entry a frame; depths, masks and poses only where they are known.

    Attributes:
        frames: (H, W, 3) uint8 each.
        depths: (H, W) float32 metres each.
        moving: (H, W) bool each.
        poses: (4, 4) float64 world_from_camera each, z up.
    """

    frames: list[np.ndarray] = field(default_factory=list)
    depths: list[np.ndarray] = field(default_factory=list)
    moving: list[np.ndarray] = field(default_factory=list)
    poses: list[np.ndarray] = field(default_factory=list)

    def moved_metres(self, frames: int) -> float:
        """How far the camera came in the last frames; infinity where poses are not known."""
        if not self.poses:
            return np.inf
        return float(np.linalg.norm(self.poses[-1][:3, 3] - self.poses[-1 - frames][:3, 3]))


def depths_of(shown: Shown, poses: np.ndarray, config: SourceConfig, *, agrees: bool = False) -> Shown:
    """What was shown, with depth: its own, or that of an estimator or of flat ground.

    Args:
        shown: Frames of a clip.
        poses: (T, 4, 4) in the clip's world.
        config: Lens, and who estimates depth.
        agrees: Whether its own depth must agree with poses and lens.

    Raises:
        ValueError: If depth is not in metres, or does not agree with poses and lens.
    """
    size = shown.frames[0].shape[:2]
    pinhole = config.pinhole(*size)
    if shown.depths:
        _check(shown, poses, pinhole, config, agrees=agrees and bool(config.pose))
        return shown
    lens = torch.from_numpy(pinhole).float()
    if config.depth_model == GROUND:
        flat = ground_depth(torch.from_numpy(poses).float()[None], lens[None], size, -OPENING_EYE_METRES, WALL_METRES)
        return replace(shown, depths=list(flat[0].numpy()))
    estimator = find_estimator(config.depth_model)
    assert estimator is not None
    query = DepthQuery.of_level(torch.from_numpy(np.stack(shown.frames)), lens)
    given = estimator.estimate(query)
    scale = opening_scale(estimator, query, given)
    return replace(shown, depths=list(scale.metres(given.depth).numpy().astype(np.float32)))


def downsampled(shown: Shown, poses: np.ndarray, config: SourceConfig, spec: RecordingSpec) -> Capture:
    """The frames of a clip at the size of its recording.

    Args:
        shown: With depth.
        poses: (T, 4, 4).
        config: The lens.
        spec: The size.

    Raises:
        ValueError: If they are smaller, or of other proportions.
    """
    size = shown.frames[0].shape[:2]
    if not fits(size, spec.height, spec.width):
        raise ValueError(
            f"height and width must be those of the environment's pictures, {size[0]} x {size[1]}, or smaller in "
            f"the same proportions, got {spec.height} x {spec.width}"
        )
    depth = np.stack(shown.depths)
    moving = np.stack(shown.moving) if shown.moving else np.zeros(depth.shape, bool)
    capture = Capture(
        frames=torch.from_numpy(np.stack(shown.frames)),
        depth=torch.from_numpy(depth),
        moving=torch.from_numpy(moving),
        world_from_camera=torch.from_numpy(poses.astype(np.float32)),
        intrinsics=torch.from_numpy(config.pinhole(*size)).float(),
    )
    return reduced(capture, spec.height, spec.width)


def _check(shown: Shown, poses: np.ndarray, pinhole: np.ndarray, config: SourceConfig, *, agrees: bool) -> None:
    """Refuse depth that is in another unit, or that poses and lens contradict."""
    rows = np.unique(np.linspace(0, len(poses) - 1, _CHECKED_FRAMES).round().astype(int))
    size = shown.frames[0].shape[:2]
    lens = Lens.of(size[0], size[1], [float(one) for one in pinhole])
    small = lens.resized(HEIGHT, WIDTH)
    depth = np.stack([depth_as(shown.depths[row], lens, small) for row in rows])
    depth[depth >= FAR_METRES] = 0.0
    if shown.moving:
        depth *= np.stack([depth_as(1.0 - shown.moving[row], lens, small) for row in rows])
    frames = tuple(LogFrame(Path(str(row)), None, poses[row], lens) for row in rows)
    pinholes = np.tile(small.pinhole(), (len(rows), 1))
    candidates = Candidates(frames, depth, poses[rows], pinholes, np.ones(len(rows)))
    if not (depth > 0).any():
        raise ValueError(
            f"depth must be known and below {FAR_METRES:g} m somewhere, got none with {config.depth_units_per_metre:g} "
            "units to a metre; source.depth_units_per_metre sets another number"
        )
    try:
        check_metres(candidates, config.depth_units_per_metre)
        if agrees:
            check_agreement(candidates)
    except ValueError as error:
        told = str(error).replace("log.depth_units", "source.depth_units")
        raise ValueError(f"{told}; source.pose_is, up, fov_degrees and fov_axis say how") from error
