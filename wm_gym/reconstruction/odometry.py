"""How a camera moved through RGB-D frames, by Open3D. Knows nothing of films.

Source: Park, Zhou and Koltun 2017, "Colored point cloud registration revisited" (the hybrid term), in Open3D.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from wm_gym.reconstruction.open3d_bridge import import_open3d
from wm_gym.reconstruction.sameness import share_alike

_FARTHEST_METRES, _SAME_METRES = 20.0, 0.4
_LEAST_ALIKE, _KEEPS_KEY, _ALL_ALIKE = 0.5, 0.65, 0.9
_MOST_METRES, _MOST_DEGREES = 0.8, 40.0
_TURNS_DEGREES, _STEPS_METRES, _SEARCH_ROWS = np.arange(-24.0, 25.0, 3.0), (0.0, 0.2, 0.4), 30


@dataclass(frozen=True, eq=False)
class RgbdFrame:
    """A frame with depth.

    Attributes:
        colour: (H, W, 3) uint8.
        depth: (H, W) float32 metres, 0 unknown; what moves is best left unknown.
    """

    colour: np.ndarray
    depth: np.ndarray


class Odometry:
    """RGB-D odometry of frames of one lens."""

    def __init__(self, intrinsics: np.ndarray) -> None:
        """For a lens (4,) fx, fy, cx, cy with pixel centres at +0.5.

        Raises:
            ImportError: If Open3D is not installed.
        """
        self._open3d, self._pinhole = import_open3d(), intrinsics

    def before_from_after(
        self, before: RgbdFrame, after: RgbdFrame, guesses: Sequence[np.ndarray]
    ) -> tuple[np.ndarray | None, float]:
        """(4, 4) pose of the later camera in the earlier one's frame, and the share of pixels that are then alike.

        None where the two do not show the same place.

        Args:
            before: The earlier frame.
            after: The later one.
            guesses: (4, 4) poses to begin at, beside the best of turns and steps ahead.
        """
        odometry = self._open3d.pipelines.odometry
        fx, fy, cx, cy = (float(one) for one in self._pinhole)
        height, width = before.depth.shape
        lens = self._open3d.camera.PinholeCameraIntrinsic(width, height, fx, fy, cx - 0.5, cy - 0.5)
        option = odometry.OdometryOption(depth_diff_max=_SAME_METRES, depth_min=0.1, depth_max=_FARTHEST_METRES)
        given = self._picture(after), self._picture(before), lens
        best, most = None, _LEAST_ALIKE
        guesses = [*guesses, self._searched(before, after)]
        terms = odometry.RGBDOdometryJacobianFromHybridTerm(), odometry.RGBDOdometryJacobianFromColorTerm()
        for start, term in product(guesses, terms):  # one slips where the other holds
            found, moved, _ = odometry.compute_rgbd_odometry(*given, start, term, option)
            pose = np.asarray(moved)
            is_pose = found and bool(np.isfinite(pose).all())
            alike = share_alike(before, after, pose, self._pinhole) if is_pose else 0.0
            if alike > most:
                best, most = pose, alike
            if most > _ALL_ALIKE:
                break
        if best is None:  # with too little to hold on to, the refinement slides off
            alike, guess = max(((share_alike(before, after, one, self._pinhole), k) for k, one in enumerate(guesses)))
            best, most = (guesses[guess], alike) if alike > most else (None, most)
        return best, most

    def follow(self, frames: Iterable[RgbdFrame]) -> list[np.ndarray | None]:
        """(4, 4) pose of each camera in the first one's frame; None from where the way is lost on.

        A frame is compared with a key frame as long as they show the same, so that errors do not add up frame by frame.
        """
        poses: list[np.ndarray | None] = []
        key = last = None
        key_pose, step = np.eye(4), np.eye(4)
        for frame in frames:
            if key is None or last is None:
                key, last = frame, frame
                poses.append(np.eye(4))
                continue
            before = poses[-1]
            if before is None:
                poses.append(None)
                continue
            here = before @ step
            moved, alike = self.before_from_after(key, frame, [np.linalg.inv(key_pose) @ here])
            pose = None if moved is None else key_pose @ moved
            if key is not last and (alike < _KEEPS_KEY or not _is_step(before, pose)):
                key, key_pose = last, before
                moved, _ = self.before_from_after(key, frame, [step])
                pose = None if moved is None else key_pose @ moved
            pose = pose if _is_step(before, pose) else None
            poses.append(pose)
            step, last = (step if pose is None else np.linalg.inv(before) @ pose), frame
        return poses

    def _searched(self, before: RgbdFrame, after: RgbdFrame) -> np.ndarray:
        """The turn to a side and step ahead after which the frames are most alike: bodies turn fast."""
        factor = max(1, before.depth.shape[0] // _SEARCH_ROWS)
        small = [RgbdFrame(one.colour[::factor, ::factor], one.depth[::factor, ::factor]) for one in (before, after)]
        poses = [_moved(turn, step) for turn, step in product(_TURNS_DEGREES, _STEPS_METRES)]
        earlier, later = small
        return max(poses, key=lambda pose: share_alike(earlier, later, pose, self._pinhole / factor))

    def _picture(self, frame: RgbdFrame) -> Any:
        image = self._open3d.geometry.Image
        return self._open3d.geometry.RGBDImage.create_from_color_and_depth(
            image(np.ascontiguousarray(frame.colour)),
            image(np.ascontiguousarray(frame.depth, np.float32)),
            depth_scale=1.0,
            depth_trunc=_FARTHEST_METRES,
            convert_rgb_to_intensity=True,
        )


def _moved(turn_degrees: float, step_metres: float) -> np.ndarray:
    """(4, 4) pose of a camera that turned about its y axis and then went ahead."""
    angle, pose = np.radians(turn_degrees), np.eye(4)
    pose[0, [0, 2]] = np.cos(angle), np.sin(angle)
    pose[2, [0, 2]] = -np.sin(angle), np.cos(angle)
    pose[:3, 3] = step_metres * pose[:3, 2]
    return pose


def _is_step(before: np.ndarray, after: np.ndarray | None) -> bool:
    """Whether a camera can have come from one pose to the other between two frames."""
    if after is None:
        return False
    moved = np.linalg.inv(before) @ after
    cosine = np.clip((np.trace(moved[:3, :3]) - 1) / 2, -1, 1)
    return bool(np.linalg.norm(moved[:3, 3]) < _MOST_METRES and np.degrees(np.arccos(cosine)) < _MOST_DEGREES)
