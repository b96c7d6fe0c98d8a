"""For how many frames things that move can be followed, by nothing but the masks of what moves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_dilation, label

LEAST_PIXELS = 12
"""Of a thing that is followed."""
REACH_PIXELS = 2
MOST_FRAMES = 64
MOST_GROWTH = 2.0
"""A thing that grows by more than this factor from frame to frame, or shrinks by more, is another thing."""
_NEIGHBOURS = np.ones((3, 3), bool)


class Track(NamedTuple):
    """How far a thing was followed.

    Attributes:
        frames: In which it was found, at most `MOST_FRAMES`.
        left: Whether it ended at the frame's border.
    """

    frames: int
    left: bool


def tracks_of(opening: np.ndarray, moving: np.ndarray) -> list[Track]:
    """Tracks of the things that move when a walk opens, in the order of their first pixels.

    A thing is a component of the mask (corners count), of at least `LEAST_PIXELS`, that does not touch the border. In
    the next frame it is the component that overlaps it, widened by `REACH_PIXELS`, the most among those of half to
    twice its area. It has left when something that overlaps it so touches the border.

    Args:
        opening: (H, W) bool, the opening frame's mask.
        moving: (T, H, W) bool, the masks of the frames after it.
    """
    labelled = [_components(mask) for mask in moving[:MOST_FRAMES]]
    first = _components(opening)
    things = [first == number for number in range(1, first.max() + 1)]
    return [_track(one, labelled) for one in things if one.sum() >= LEAST_PIXELS and not _border(one).any()]


def shared_length(track: Track, truth: Track) -> int:
    """Frames of a track, none of them counted after the true one has left through the border."""
    return min(track.frames, truth.frames) if truth.left else track.frames


def _track(thing: np.ndarray, labelled: list[np.ndarray]) -> Track:
    for count, components in enumerate(labelled):
        reached = components[np.asarray(binary_dilation(thing, _NEIGHBOURS, REACH_PIXELS), bool)]
        overlaps = np.bincount(reached, minlength=components.max() + 1)
        overlaps[0] = 0  # what does not move
        if overlaps[_border(components)].any():
            return Track(count, left=True)
        areas = np.bincount(components.ravel())
        fits = (areas * MOST_GROWTH >= thing.sum()) & (areas <= MOST_GROWTH * thing.sum())
        best = int(np.argmax(overlaps * fits))
        if not (overlaps[best] and fits[best]):
            return Track(count, left=False)
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
