"""Tracks of things that move, by moving masks, and their lengths in frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import binary_dilation, label, shift

from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.poses import inverse, transform

LEAST_PIXELS = 12
"""Least pixels of a tracked thing."""
REACH_PIXELS = 2
MOST_FRAMES = 64
MOST_GROWTH = 2.0
"""A thing that grows by more than this factor from frame to frame, or shrinks by more, is another thing."""
_NEIGHBOURS = np.ones((3, 3), bool)
Carry = Callable[[np.ndarray, int], np.ndarray]
"""A thing's mask (H, W) in frame k to where it is looked for in frame k + 1."""


class Track(NamedTuple):
    """Track of one thing.

    Attributes:
        frames: Number of frames in which it was found, at most `MOST_FRAMES`.
        left: Whether it ended at the frame's border.
    """

    frames: int
    left: bool


def tracks_of(moving: np.ndarray, carry: Carry = lambda thing, frame: thing) -> list[Track]:
    """Tracks of the things that move when a trajectory opens, in the order of their first pixels.

    A thing is a component of the mask (corners count), of at least `LEAST_PIXELS`, that does not touch the border. In
    the next frame it is the component that overlaps it, widened by `REACH_PIXELS`, the most among those of half to
    twice its area. It has left when something that overlaps it so touches the border.

    Args:
        moving: (1 + T, H, W) bool, the masks of the opening frame and of those after it.
        carry: Moves a thing's mask before it is looked for in the next frame.
    """
    first, *others = [_components(mask) for mask in moving[: 1 + MOST_FRAMES]]
    things = [first == number for number in range(1, first.max() + 1)]
    followed = [one for one in things if one.sum() >= LEAST_PIXELS and not _border(one).any()]
    return [_track(one, others, carry) for one in followed]


def with_camera(trajectory: Trajectory) -> Carry:
    """Moves things by as much as the camera's own motion moves them in the picture, each at its median depth.

    Without it a turning camera loses every thing that is narrower than the turn. A thing without depth stays.

    Args:
        trajectory: 1 + T frames; the first is the opening frame.
    """
    camera_from_world = inverse(trajectory.world_from_camera)

    def carry(thing: np.ndarray, frame: int) -> np.ndarray:
        depths = trajectory.depth[frame][torch.from_numpy(thing)]
        if not (depths > 0).any():
            return thing
        depth = torch.where(torch.from_numpy(thing), depths[depths > 0].median(), 0.0)
        points = unproject(depth, trajectory.intrinsics, trajectory.world_from_camera[frame])[depth > 0]
        (before, _), (after, z) = (
            project(transform(camera_from_world[k], points), trajectory.intrinsics) for k in (frame, frame + 1)
        )
        if not (z > 0).all():
            return np.zeros_like(thing)
        column, row = (after - before).mean(0).round().tolist()
        return np.asarray(shift(thing.astype(np.uint8), (row, column), order=0)).astype(bool)

    return carry


def shared_length(track: Track, truth: Track) -> int:
    """Frames of a track, none of them counted after the true one has left through the border."""
    return min(track.frames, truth.frames) if truth.left else track.frames


def _track(thing: np.ndarray, labelled: list[np.ndarray], carry: Carry) -> Track:
    for frame, components in enumerate(labelled):
        carried = carry(thing, frame)
        reached = components[np.asarray(binary_dilation(carried, _NEIGHBOURS, REACH_PIXELS), bool)]
        overlaps = np.bincount(reached, minlength=components.max() + 1)
        overlaps[0] = 0  # what does not move
        if overlaps[_border(components)].any() or not carried.any():
            return Track(frame, left=True)
        areas = np.bincount(components.ravel())
        fits = (areas * MOST_GROWTH >= thing.sum()) & (areas <= MOST_GROWTH * thing.sum())
        best = int(np.argmax(overlaps * fits))
        if not (overlaps[best] and fits[best]):
            return Track(frame, left=False)
        thing = components == best
    return Track(len(labelled), left=False)


def _components(mask: np.ndarray) -> np.ndarray:
    """(H, W) int32, 0 where nothing moves."""
    components = np.zeros(mask.shape, np.int32)
    label(mask, _NEIGHBOURS, output=components)
    return components


def _border(image: np.ndarray) -> np.ndarray:
    """The outermost pixels."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
