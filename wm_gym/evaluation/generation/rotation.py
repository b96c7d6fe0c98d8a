"""How far a camera turned between two frames, told from the frames alone: camera control, without being told of it.

A camera that turns on the spot moves every pixel by a homography that no depth enters. The turn is searched for whose
homography makes one frame most like the other where they overlap: over a grid of turns about the vertical and the
lateral axis, then in ever smaller steps about all three. Walking moves near things by more than this explains, so read
errors beside those of the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wm_gym.geometry.cameras import rays

_WIDEST = 32
"""Columns to which frames are reduced: a turn moves all of a frame, so a few pixels tell it."""

_LEAST_ENERGY, _LEAST_GAIN = 1e-3, 1e-5
"""Below these, frames of one colour would be told apart by rounding."""


@dataclass(frozen=True)
class RotationSearch:
    """Which turns are looked for.

    Attributes:
        across_degrees: Most about the vertical axis, either way.
        upward_degrees: Most about the lateral axis.
        grid_degrees: Between the turns of the grid.
        halvings: How often the steps round the best one are halved.
        least_overlap: Least share of the frame that both must show.
    """

    across_degrees: float = 32.0
    upward_degrees: float = 12.0
    grid_degrees: float = 4.0
    halvings: int = 5
    least_overlap: float = 0.25

    def __post_init__(self) -> None:
        for name in ("across_degrees", "upward_degrees"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.grid_degrees <= 0:
            raise ValueError(f"grid_degrees must be positive, got {self.grid_degrees}")
        if not 0 < self.least_overlap <= 1:
            raise ValueError(f"least_overlap must be above 0 and at most 1, got {self.least_overlap}")


def commanded_rotations(world_from_camera: np.ndarray) -> np.ndarray:
    """(N, C, 3, 3) before_from_after of poses (N, C + 1, 4, 4)."""
    rotations = world_from_camera[..., :3, :3].astype(np.float64)
    return np.swapaxes(rotations[:, :-1], -1, -2) @ rotations[:, 1:]


def search_for(rotations: np.ndarray) -> RotationSearch:
    """A search that holds all of these rotations (..., 3, 3) and half as much again."""
    ahead = rotations[..., :, 2]  # where the later camera looks, seen by the earlier one
    across, upward = np.arctan2(ahead[..., 0], ahead[..., 2]), np.arcsin(ahead[..., 1].clip(-1, 1))
    most = [float(np.degrees(np.abs(angles).max())) for angles in (across, upward)]
    return RotationSearch(across_degrees=1.5 * most[0] + 4, upward_degrees=1.5 * most[1] + 4)


def estimated_rotations(
    before: np.ndarray, after: np.ndarray, intrinsics: np.ndarray, search: RotationSearch | None = None
) -> np.ndarray:
    """before_from_after of P pairs of frames.

    Args:
        before: (P, H, W, 3) uint8.
        after: (P, H, W, 3) uint8.
        intrinsics: (4,) or (P, 4), in pixels.
        search: Which turns are looked for.

    Returns:
        (P, 3, 3) float32.
    """
    search, count = search or RotationSearch(), len(before)
    lens = torch.from_numpy(np.array(np.broadcast_to(intrinsics, (count, 4)), np.float32))
    pair = _Pairs(_reduced(before), _reduced(after), lens * _scale(before), search.least_overlap)
    turns, best = torch.zeros(count, 3), torch.full((count,), -2.0)
    for turn in _grid(search):
        turns, best = _better(pair, turns, best, turn.expand(count, 3))
    step = search.grid_degrees
    for _ in range(search.halvings):
        step /= 2
        for _ in range(2):
            around = turns
            for axis in range(3):
                for sign in (-1, 1):
                    nearby = around.clone()
                    nearby[:, axis] += sign * step
                    turns, best = _better(pair, turns, best, nearby)
    return _rotation(turns).numpy()


def angle_degrees(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(...) degrees between rotations (..., 3, 3)."""
    trace = np.trace(np.swapaxes(one, -1, -2).astype(np.float64) @ other, axis1=-2, axis2=-1)
    return np.degrees(np.arccos(((trace - 1) / 2).clip(-1, 1)))


@dataclass(frozen=True, eq=False)
class _Pairs:
    """P pairs of reduced frames (P, 3, H, W) and their intrinsics (P, 4)."""

    before: Tensor
    after: Tensor
    intrinsics: Tensor
    least_overlap: float

    def likeness(self, turns: Tensor) -> Tensor:
        """(P,) correlation of colours where both show the same directions if the camera made these turns (P, 3)."""
        height, width = self.after.shape[2:]
        seen_from = rays(self.intrinsics, height, width) @ _rotation(turns)[:, None].mT
        along = seen_from[..., 2:].clamp(min=1e-3)
        focal, middle = (part[:, None, None] for part in (self.intrinsics[:, :2], self.intrinsics[:, 2:]))
        grid = (seen_from[..., :2] / along * focal + middle) / torch.tensor([width, height]) * 2 - 1
        shared = ((grid.abs() <= 1).all(-1) & (seen_from[..., 2] > 1e-3))[:, None].float()
        looked = functional.grid_sample(self.before, grid, padding_mode="border", align_corners=False)
        enough = shared.mean((1, 2, 3)) >= self.least_overlap
        return torch.where(enough, _correlation(looked, self.after, shared), -1.0)


def _correlation(one: Tensor, other: Tensor, where: Tensor) -> Tensor:
    """(P,) of planes (P, 3, H, W) where (P, 1, H, W) is 1, each plane about its own mean."""
    total = where.sum((2, 3), keepdim=True).clamp(min=1)
    one, other = ((planes - (planes * where).sum((2, 3), keepdim=True) / total) * where for planes in (one, other))
    energy = (one.square().sum((1, 2, 3)) * other.square().sum((1, 2, 3))).sqrt()
    return (one * other).sum((1, 2, 3)) / energy.clamp(min=_LEAST_ENERGY)


def _better(pairs: _Pairs, turns: Tensor, best: Tensor, asked: Tensor) -> tuple[Tensor, Tensor]:
    likeness = pairs.likeness(asked)
    gains = likeness > best + _LEAST_GAIN
    return torch.where(gains[:, None], asked, turns), torch.where(gains, likeness, best)


def _grid(search: RotationSearch) -> Tensor:
    """(K, 3) degrees about x, y and z, the least turns first, so that they win where all are alike."""
    upward, across = (
        np.arange(-int(most // search.grid_degrees), int(most // search.grid_degrees) + 1) * search.grid_degrees
        for most in (search.upward_degrees, search.across_degrees)
    )
    turns = np.stack([*(part.ravel() for part in np.meshgrid(upward, across)), np.zeros(upward.size * across.size)], 1)
    return torch.from_numpy(turns[np.argsort(np.abs(turns).sum(1), kind="stable")]).float()


def _rotation(turns: Tensor) -> Tensor:
    """(P, 3, 3) about y, then x, then z, of degrees (P, 3) about x, y and z."""
    x, y, z = torch.deg2rad(turns).unbind(-1)
    return _about(y, 2, 0) @ _about(x, 1, 2) @ _about(z, 0, 1)


def _about(angle: Tensor, first: int, second: int) -> Tensor:
    """Rotations (P, 3, 3) that turn one axis towards another."""
    turned = torch.eye(3).repeat(len(angle), 1, 1)
    turned[:, first, first] = turned[:, second, second] = angle.cos()
    turned[:, second, first], turned[:, first, second] = angle.sin(), -angle.sin()
    return turned


def _scale(frames: np.ndarray) -> float:
    return min(1.0, _WIDEST / frames.shape[2])


def _reduced(frames: np.ndarray) -> Tensor:
    """(P, 3, h, w) in 0..1 of frames (P, H, W, 3) uint8."""
    planes = torch.from_numpy(np.ascontiguousarray(frames)).movedim(-1, 1).float() / 255
    size = [round(side * _scale(frames)) for side in planes.shape[2:]]
    return planes if size == list(planes.shape[2:]) else functional.interpolate(planes, size, mode="area")
