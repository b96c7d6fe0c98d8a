"""What lies between the images and the products of the network, compiled for the CPU: patches, and the refiner's ends.

Each kernel takes one world, so that what it writes is still in the cache when the next product reads it. Every kernel
is sequential and writes only to its arguments.

Shapes: S tokens of a latent frame, T frames, H x W pixels. Frames have 5 channels and hints 8, as
`SpaceToDepthCodec` packs them. Knows nothing of attention.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS

SEEN, MOVING = 4, 5
"""Channels of one frame's hints."""

ZERO, ONE = np.float32(0.0), np.float32(1.0)


@njit(nogil=True, cache=True, error_model="numpy")
def cut_patches(planes, rows, columns, patches):
    """Patches of some channels of one world's latent frame, in reading order.

    Args:
        planes: (channels, H, W) float32.
        rows: Rows of a patch.
        columns: Columns of a patch.
        patches: (S, channels * rows * columns) float32, filled.
    """
    across = planes.shape[2] // columns
    for channel in range(planes.shape[0]):
        for y in range(planes.shape[1]):
            place = (channel * rows + y % rows) * columns
            for token in range(across):
                patch = patches[y // rows * across + token]
                for x in range(columns):
                    patch[place + x] = planes[channel, y, token * columns + x]


@njit(nogil=True, cache=True, error_model="numpy")
def enter_refiner(patches, hints, rows, columns, clean, corners):
    """One world's prediction as an image, and with its hints at half the size, the corners of squares as channels.

    Args:
        patches: (S, T * 5 * rows * columns) float32, what is to be added to the hints: channels, rows, columns.
        hints: (T * 8, H, W) float32.
        rows: Rows of a patch.
        columns: Columns of a patch.
        clean: (T * 5, H, W) float32, filled.
        corners: (T, H / 2, W / 2, 13 * 4) float32, filled: channels, those of the hints last, then the four corners.
    """
    across = clean.shape[2] // columns
    for channel in range(clean.shape[0]):
        shown = hints[channel // FRAME_CHANNELS * HINT_CHANNELS :]
        for y in range(clean.shape[1]):
            place = (channel * rows + y % rows) * columns
            for token in range(across):
                patch = patches[y // rows * across + token]
                for x in range(columns):
                    clean[channel, y, token * columns + x] = patch[place + x]
        _add_prior(shown, channel % FRAME_CHANNELS, clean[channel])
    for t in range(corners.shape[0]):
        _gather_corners(clean[t * FRAME_CHANNELS : (t + 1) * FRAME_CHANNELS], 0, corners[t])
        _gather_corners(hints[t * HINT_CHANNELS : (t + 1) * HINT_CHANNELS], FRAME_CHANNELS, corners[t])


@njit(nogil=True, cache=True, error_model="numpy")
def _add_prior(hints, channel, plane):
    """Add to a plane (H, W) what the hints (8, H, W) of its frame show in this channel."""
    for y in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            plane[y, x] += _prior(hints, channel, y, x)


@njit(nogil=True, cache=True, error_model="numpy")
def _prior(hints, channel, y, x):
    """What the hints (8, H, W) of a frame show in a channel of it: static where they show nothing."""
    if channel < FRAME_CHANNELS - 1:
        return hints[channel, y, x]
    return hints[MOVING, y, x] if hints[SEEN, y, x] > ZERO else -ONE


@njit(nogil=True, cache=True, error_model="numpy")
def _gather_corners(planes, first, corners):
    """Planes (channels, H, W) to the channels of (H / 2, W / 2, 4 * all channels) from `first` on."""
    for y in range(corners.shape[0]):
        for x in range(corners.shape[1]):
            square = corners[y, x]
            for channel in range(planes.shape[0]):
                place = 4 * (first + channel)
                square[place] = planes[channel, 2 * y, 2 * x]
                square[place + 1] = planes[channel, 2 * y, 2 * x + 1]
                square[place + 2] = planes[channel, 2 * y + 1, 2 * x]
                square[place + 3] = planes[channel, 2 * y + 1, 2 * x + 1]


@njit(nogil=True, cache=True, error_model="numpy")
def leave_refiner(corners, hints, clean):
    """Correct one world's prediction and blend it with the hints, as the refiner says.

    Args:
        corners: (T, H / 2, W / 2, 7 * 4) float32, what the last layer gives: a correction and logits of how much of
            the hint's colour and depth is taken over; channels, then the four corners of each square.
        hints: (T * 8, H, W) float32.
        clean: (T * 5, H, W) float32, replaced by the better prediction.
    """
    for t in range(corners.shape[0]):
        shown, made = hints[t * HINT_CHANNELS :], clean[t * FRAME_CHANNELS :]
        for y in range(clean.shape[1]):
            for x in range(clean.shape[2]):
                given, corner = corners[t, y // 2, x // 2], 2 * (y % 2) + x % 2
                colour = depth = ZERO
                if shown[SEEN, y, x] > ZERO:
                    colour = ONE / (ONE + math.exp(-given[4 * FRAME_CHANNELS + corner]))
                    depth = ONE / (ONE + math.exp(-given[4 * FRAME_CHANNELS + 4 + corner]))
                for channel in range(FRAME_CHANNELS):
                    value = made[channel, y, x] + given[4 * channel + corner]
                    weight = colour if channel < 3 else depth if channel == 3 else ZERO
                    value += weight * (_prior(shown, channel, y, x) - value)
                    made[channel, y, x] = value
