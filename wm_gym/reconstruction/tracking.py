"""Where the camera of generated frames really is: frames aligned with what memory shows, the commanded pose as prior.

A model that is asked to go half a metre may go less. Its frames say where it is, by what memory knows of the place:
the colours of memory's surfaces, projected into the frames, must be those that are there. Direct image alignment, after
Steinbruecker, Sturm and Cremers 2011, over the four motions of a body: ahead, to the left, yaw and pitch.
Knows nothing of worlds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.motion import camera_pose
from wm_gym.geometry.poses import inverse, transform
from wm_gym.memory.hints import Hints


@dataclass(frozen=True)
class TrackingConfig:
    """What may be found.

    Attributes:
        least_known: Least share of the frames' pixels that memory must show; else the commanded poses stand.
        metres: Deviation of a step from what was commanded that is to be expected, as a standard deviation.
        degrees: The same of its turn.
        least_gain: Share by which the found poses must lower the difference of colours; else the commanded ones stand.
        most_unlike: Mean difference (Huber's) that may be left; what differs more shows something else.
    """

    least_known: float = 0.3
    metres: float = 0.25
    degrees: float = 8.0
    least_gain: float = 0.02
    most_unlike: float = 0.003


_TURNS_DEGREES, _STEPS_METRES = (-18.0, -12.0, -6.0, -3.0, 0.0, 3.0, 6.0, 12.0, 18.0), (-0.4, -0.15, 0.0, 0.15, 0.4)
_TRIED, _ROUNDS, _DAMPING, _NUDGE = 3, 10, 1e-3, 1e-3
_HUBER, _PRIOR, _LEAST_SHARED, _SAME = 0.06, 2e-4, 0.4, 1e-3
_FARTHEST_METRES, _NEAREST_METRES = 60.0, 0.1
_MOST = np.array([0.4, 0.3, 0.4, 0.15])


def tracked(
    frames: Tensor, hints: Hints, body_poses: np.ndarray, intrinsics: Tensor, config: TrackingConfig | None = None
) -> np.ndarray:
    """Body poses (T, 5) at which frames show what memory does, those that were commanded where memory does not tell.

    The deviation grows evenly over the T frames of the step.

    Args:
        frames: (T, H, W, 3) uint8.
        hints: (T, H, W), memory rendered at the commanded poses.
        body_poses: (T, 5) float64, commanded.
        intrinsics: (4,) fx, fy, cx, cy in pixels.
        config: What may be found.
    """
    config = config or TrackingConfig()
    shown = hints.seen & ~hints.moving & hints.same_appearance & ~hints.from_behind
    if float(shown.float().mean()) < config.least_known:
        return body_poses
    scales = (4, 2, 1)
    sparse, coarse, fine = (_Alignment(frames, hints, shown, body_poses, intrinsics, config, scale) for scale in scales)
    starts = [np.array([ahead, 0.0, np.radians(turn), 0.0]) for turn, ahead in product(_TURNS_DEGREES, _STEPS_METRES)]
    tried = [coarse.descend(start) for start in sorted(starts, key=sparse.cost)[:_TRIED]]
    best = fine.descend(min(tried, key=coarse.cost))
    left, before = fine.cost(best), fine.cost(np.zeros(4))
    is_found = left < (1 - config.least_gain) * before and left < config.most_unlike
    return deviated(body_poses, best) if is_found and bool((np.abs(best) < _MOST).all()) else body_poses


COMMANDED, BY_MEMORY = "commanded", "memory"
"""Names of `find_tracker`."""

PoseTracker = Callable[[Tensor, Hints, np.ndarray, Tensor], np.ndarray]
"""As `tracked`: frames, hints, body poses and intrinsics of one world to its body poses."""


def find_tracker(name: str) -> PoseTracker | None:
    """Who finds the poses of frames: "commanded", nobody, or "memory", `tracked`.

    Raises:
        ValueError: If the name is neither.
    """
    if name not in (COMMANDED, BY_MEMORY):
        raise ValueError(f"poses must be {COMMANDED!r} or {BY_MEMORY!r}, got {name!r}")
    return tracked if name == BY_MEMORY else None


def tracked_all(
    tracker: PoseTracker, frames: Tensor, hints: Hints, body_poses: np.ndarray, intrinsics: Tensor
) -> np.ndarray:
    """Body poses (N, T, 5) of N worlds, each by itself; arguments as of `tracked`, with a first axis N."""
    worlds = range(len(frames))
    return np.stack([tracker(frames[n], hints.of_world(n), body_poses[n], intrinsics[n].float()) for n in worlds])


def deviated(body_poses: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Body poses (T, 5) that deviate from these more and more.

    Args:
        body_poses: (T, 5).
        deviation: (4,) of the last frame: metres ahead and to the left, radians of yaw and pitch.
    """
    share = np.linspace(0.0, 1.0, len(body_poses) + 1)[1:, None]
    ahead, left, yaw, pitch = (share * deviation).T
    moved, heading = body_poses.copy(), body_poses[:, 3]
    moved[:, 0] += ahead * np.cos(heading) - left * np.sin(heading)
    moved[:, 1] += ahead * np.sin(heading) + left * np.cos(heading)
    moved[:, 3] += yaw
    moved[:, 4] += pitch
    return moved


class _Alignment:
    """Difference of colours between frames and memory's surfaces, for deviations from the commanded poses."""

    def __init__(
        self, frames: Tensor, hints: Hints, shown: Tensor, body_poses: np.ndarray, intrinsics: Tensor,
        config: TrackingConfig, scale: int,
    ) -> None:  # fmt: skip
        poses = torch.from_numpy(camera_pose(body_poses)).float()
        points = unproject(hints.log_depth.exp().clamp(max=_FARTHEST_METRES), intrinsics, poses)
        self._points = points[:, ::scale, ::scale].flatten(1, 2)
        self._shown = shown[:, ::scale, ::scale].flatten(1)
        images, known = (_smooth(one, scale) for one in (frames, hints.colour))
        self._images = images
        self._colours = known[:, :, ::scale, ::scale].flatten(2).movedim(1, 2)
        self._lens, self._size = intrinsics, frames.shape[1:3]
        self._body_poses = body_poses
        self._spread = np.array([config.metres, config.metres, *2 * [np.radians(config.degrees)]])

    def cost(self, deviation: np.ndarray) -> float:
        """Mean robust difference, and how unlikely the deviation is."""
        off, weight = self._off(deviation)
        if weight.sum() < _LEAST_SHARED * 3 * self._shown.sum():
            return np.inf
        size = off.abs()
        robust = torch.where(size < _HUBER, off.square() / 2, _HUBER * (size - _HUBER / 2))
        return float((robust * weight).sum() / weight.sum().clamp(min=1)) + _PRIOR * self._unlikely(deviation)

    def descend(self, start: np.ndarray) -> np.ndarray:
        """The deviation that Levenberg and Marquardt's method comes to."""
        best, least, damping = start, self.cost(start), _DAMPING
        for _ in range(_ROUNDS):
            gradient, curvature = self._normal(best)
            step = -np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
            tried = best + step
            cost = self.cost(tried)
            if cost < least:
                is_over = least - cost < _SAME * least
                best, least, damping = tried, cost, damping / 4
                if is_over:
                    break
            else:
                damping *= 8
                if damping > 1e4:
                    break
        return best

    def _normal(self, deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (4,) and Gauss-Newton's curvature (4, 4) of the cost."""
        off, weight = self._off(deviation)
        columns = []
        for k in range(4):
            nudge = np.zeros(4)
            nudge[k] = _NUDGE
            columns.append((self._off(deviation + nudge)[0] - self._off(deviation - nudge)[0]) / (2 * _NUDGE))
        jacobian = torch.stack([one.flatten() for one in columns], 1).double()
        robust = weight.flatten() * (_HUBER / off.abs().flatten().clamp(min=_HUBER))
        scaled = jacobian * (robust / weight.sum().clamp(min=1))[:, None]
        prior = _PRIOR / self._spread**2 / 2
        gradient = (scaled.T @ off.flatten().double()).numpy() + 2 * prior * deviation
        return gradient, (scaled.T @ jacobian).numpy() + np.diag(2 * prior)

    def _unlikely(self, deviation: np.ndarray) -> float:
        return float(np.square(deviation / self._spread).sum()) / 2

    def _off(self, deviation: np.ndarray) -> tuple[Tensor, Tensor]:
        """Differences (T, P, 3) of colour, 0..1, but for a shift of all; and their weights (T, P, 3)."""
        poses = torch.from_numpy(camera_pose(deviated(self._body_poses, deviation))).float()
        pixels, far = project(transform(inverse(poses), self._points), self._lens)
        height, width = self._size
        inside = self._shown & (far > _NEAREST_METRES)
        inside &= (pixels > 0).all(-1) & (pixels[..., 0] < width) & (pixels[..., 1] < height)
        grid = torch.stack([2 * pixels[..., 0] / width - 1, 2 * pixels[..., 1] / height - 1], -1)
        grid = torch.where(inside[..., None], grid, 0.0)
        seen = functional.grid_sample(self._images, grid[:, :, None], padding_mode="border", align_corners=False)
        off = seen[..., 0].movedim(1, 2) - self._colours
        weight = inside[..., None].expand_as(off).float()
        return off - (off * weight).sum((0, 1)) / weight.sum((0, 1)).clamp(min=1), weight


def _smooth(images: Tensor, scale: int) -> Tensor:
    """(T, 3, H, W) 0..1 of (T, H, W, 3) uint8, smoothed over pixels of a coarser scale."""
    planes = images.movedim(-1, 1).float() / 255
    for _ in range(scale):
        planes = functional.avg_pool2d(planes, 3, 1, 1, count_include_pad=False)
    return planes
