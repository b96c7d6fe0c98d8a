"""How a camera moved between two RGB-D frames, by Open3D. Knows nothing of films."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from wm_gym.reconstruction.open3d_bridge import import_open3d

_FARTHEST_METRES, _SAME_METRES = 20.0, 0.4
_LEAST_INLIERS = 0.3
_LEAST_ALIKE = 0.6
_SAME_DEPTH, _SAME_GREY = 0.1, 25.0


class Odometry:
    """RGB-D odometry of frames of one lens."""

    def __init__(self, intrinsics: np.ndarray) -> None:
        """For a lens (4,) fx, fy, cx, cy with pixel centres at +0.5.

        Raises:
            ImportError: If Open3D is not installed.
        """
        self._open3d, self._pinhole = import_open3d(), intrinsics

    def before_from_after(
        self,
        colour_before: np.ndarray,
        depth_before: np.ndarray,
        colour_after: np.ndarray,
        depth_after: np.ndarray,
        guess: np.ndarray,
    ) -> np.ndarray | None:
        """(4, 4) pose of the later camera in the earlier one's frame; None where the two do not show the same place.

        Args:
            colour_before: (H, W, 3) uint8.
            depth_before: (H, W) metres, 0 unknown.
            colour_after: (H, W, 3) uint8.
            depth_after: (H, W) metres.
            guess: (4, 4) of the pair before.
        """
        odometry = self._open3d.pipelines.odometry
        fx, fy, cx, cy = (float(one) for one in self._pinhole)
        height, width = depth_before.shape
        lens = self._open3d.camera.PinholeCameraIntrinsic(width, height, fx, fy, cx - 0.5, cy - 0.5)
        option = odometry.OdometryOption(depth_diff_max=_SAME_METRES, depth_min=0.1, depth_max=_FARTHEST_METRES)
        given = self._picture(colour_after, depth_after), self._picture(colour_before, depth_before), lens
        best, most = None, _LEAST_ALIKE
        terms = odometry.RGBDOdometryJacobianFromHybridTerm(), odometry.RGBDOdometryJacobianFromColorTerm()
        for start, term in product((np.eye(4), guess), terms):  # one slips where the other holds
            found, moved, _ = odometry.compute_rgbd_odometry(*given, start, term, option)
            pose = np.asarray(moved)
            is_pose = found and bool(np.isfinite(pose).all())
            alike = self._alike(colour_before, depth_before, colour_after, depth_after, pose) if is_pose else 0.0
            if alike > most:
                best, most = pose, alike
        return best

    def _picture(self, colour: np.ndarray, depth: np.ndarray) -> Any:
        image = self._open3d.geometry.Image
        return self._open3d.geometry.RGBDImage.create_from_color_and_depth(
            image(np.ascontiguousarray(colour)),
            image(np.ascontiguousarray(depth)),
            depth_scale=1.0,
            depth_trunc=_FARTHEST_METRES,
            convert_rgb_to_intensity=True,
        )

    def _alike(
        self,
        colour_before: np.ndarray,
        depth_before: np.ndarray,
        colour_after: np.ndarray,
        depth_after: np.ndarray,
        before_from_after: np.ndarray,
    ) -> float:
        """Share of the later frame that lies in the earlier one at its depth and is of its brightness there."""
        rows, columns = np.nonzero(depth_after > 0)
        if not len(rows):
            return 0.0
        fx, fy, cx, cy = self._pinhole
        z = depth_after[rows, columns]
        points = np.stack([(columns + 0.5 - cx) / fx * z, (rows + 0.5 - cy) / fy * z, z], 1)
        x, y, z = (points @ before_from_after[:3, :3].T + before_from_after[:3, 3]).T
        safe = np.maximum(z, 1e-3)
        u, v = (np.floor(one).clip(-1, 1 << 20).astype(int) for one in (fx * x / safe + cx, fy * y / safe + cy))
        height, width = depth_before.shape
        inside = (z > 0.05) & (u >= 0) & (u < width) & (v >= 0) & (v < height)
        if inside.mean() < _LEAST_INLIERS:
            return 0.0
        own = depth_before[v[inside], u[inside]]
        same_depth = np.abs(own - z[inside]) < _SAME_DEPTH * z[inside]
        greys = colour_before.mean(-1)[v[inside], u[inside]], colour_after.mean(-1)[rows[inside], columns[inside]]
        same_grey = np.abs(greys[0] - greys[1]) < _SAME_GREY
        return float((same_depth & same_grey).mean())
