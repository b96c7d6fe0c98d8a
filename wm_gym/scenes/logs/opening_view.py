"""The view that a captured world opens with: level, at a body's height over the floor, looking as a key frame looks.

Where no key frame was taken so, it is rendered from the nearest ones. Knows nothing of logs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from wm_gym.geometry.motion import OPENING_EYE_METRES, START_BODY_POSE, camera_pose
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.memory.render import render

_SAME_POSE = 5e-3
_MOST_RISE_METRES = 0.6
_NEAREST = 8


@dataclass(frozen=True, eq=False)
class PosedFrames:
    """K posed frames of one lens.

    Attributes:
        frames: (K, H, W, 3) uint8.
        depth: (K, H, W) float32 metres, 0 unknown.
        world_from_camera: (K, 4, 4) float64.
        intrinsics: (4,) fx, fy, cx, cy.
        moving: (K, H, W) bool, what will not stay.
    """

    frames: np.ndarray
    depth: np.ndarray
    world_from_camera: np.ndarray
    intrinsics: np.ndarray
    moving: np.ndarray


def world_at(pose: np.ndarray, up: np.ndarray, floor: float | None) -> np.ndarray:
    """world_from_log of a world that opens at a pose of a log, level.

    Its origin lies at a body's height over the floor where the floor is known and that is no more than 0.6 m away;
    else at the camera.

    Args:
        pose: (4, 4) of the camera in the log's world.
        up: (3,) unit vector there.
        floor: Height of the floor along it, or None.
    """
    forward = pose[:3, 2] - (pose[:3, 2] @ up) * up
    x = forward / np.linalg.norm(forward)
    turn = np.stack([x, np.cross(up, x), up])
    origin, rise = pose[:3, 3], 0.0
    if floor is not None:
        rise = OPENING_EYE_METRES - (float(origin @ up) - floor)
        rise = rise if abs(rise) <= _MOST_RISE_METRES else 0.0
    world_from_log = np.eye(4)
    world_from_log[:3, :3], world_from_log[:3, 3] = turn, -turn @ (origin + rise * up)
    return world_from_log


def with_opening(posed: PosedFrames, first: int) -> tuple[PosedFrames, float]:
    """The frames with the opening view as row 0, and the share of it that is known.

    Args:
        posed: Frames in the world that opens.
        first: The frame that it opens at: it becomes row 0 itself where it is level and at the origin.
    """
    start = camera_pose(START_BODY_POSE)
    if np.abs(posed.world_from_camera[first] - start).max() <= _SAME_POSE:
        rest = [row for row in range(len(posed.frames)) if row != first]
        order = [first, *rest]
        known = float((posed.depth[first] > 0).mean())
        poses = np.concatenate([start[None], posed.world_from_camera[rest]])
        return PosedFrames(posed.frames[order], posed.depth[order], poses, posed.intrinsics, posed.moving[order]), known
    frame, depth = _rendered(posed, start)
    added = PosedFrames(
        np.concatenate([frame[None], posed.frames]),
        np.concatenate([depth[None], posed.depth]),
        np.concatenate([start[None], posed.world_from_camera]),
        posed.intrinsics,
        np.concatenate([np.zeros_like(posed.moving[:1]), posed.moving]),
    )
    return added, float((depth > 0).mean())


def _rendered(posed: PosedFrames, pose: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth that the nearest frames show at a pose; unknown pixels have the colour of the nearest known."""
    away = np.linalg.norm(posed.world_from_camera[:, :3, 3] - pose[:3, 3], axis=1)
    turned = np.arccos(np.clip(posed.world_from_camera[:, :3, 2] @ pose[:3, 2], -1, 1))
    rows = np.argsort(away + turned)[:_NEAREST]
    still = np.where(posed.moving[rows], np.float32(0), posed.depth[rows])
    frames, depth = (torch.from_numpy(np.ascontiguousarray(one)) for one in (posed.frames[rows], still))
    poses = torch.from_numpy(posed.world_from_camera[rows]).float()
    lens = torch.from_numpy(posed.intrinsics).float()
    memory = build_memory(frames, depth, poses, lens, MemoryConfig())
    height, width = posed.depth.shape[1:]
    at = torch.from_numpy(pose).float()[None, None]
    hints = render([memory], at, lens[None], height, width, [0], [0]).of_world(0)
    seen = hints.seen[0].numpy()
    shown, metres = hints.colour[0].numpy(), np.where(seen, hints.log_depth[0].exp().numpy(), 0.0)
    if seen.any():
        places = distance_transform_edt(~seen, return_distances=False, return_indices=True)
        assert isinstance(places, np.ndarray)
        shown = shown[tuple(places)]
    return np.ascontiguousarray(shown), metres.astype(np.float32)
