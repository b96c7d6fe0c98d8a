"""What lies between the images and the products of the network, compiled for the CPU: patches, and the refiner's ends.

Each kernel takes all worlds in one call, and what it writes of a world depends on that world alone. Every kernel is
sequential and writes only to its arguments.

Shapes: N worlds, S tokens of a latent frame, T frames, H x W pixels. Frames have 5 channels and hints 8, as
`SpaceToDepthCodec` packs them. Knows nothing of attention.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS

SEEN, MOVING = 4, 5
"""Channels of one frame's hints."""

REFINED = FRAME_CHANNELS + 2
"""Channels of one frame as they leave the refiner: a correction, then two logits of how much memory is taken over."""

ZERO, ONE = np.float32(0.0), np.float32(1.0)


@njit(nogil=True, cache=True, error_model="numpy")
def cut_patches(noisy, hints, rows, columns, patches):
    """Noisy latents and hints as patches in reading order.

    Args:
        noisy: (N, T * 5, H, W) float32.
        hints: (N, T * 8, H, W) float32.
        rows: Rows of a patch.
        columns: Columns of a patch.
        patches: (N, S, T * 13 * rows * columns) float32, filled: channels, those of the hints last, rows, columns.
    """
    for n in range(len(noisy)):
        _cut(noisy[n], rows, columns, 0, patches[n])
        _cut(hints[n], rows, columns, noisy.shape[1], patches[n])


@njit(nogil=True, cache=True, error_model="numpy")
def _cut(planes, rows, columns, first, patches):
    """Planes (channels, H, W) to the channels of patches (S, features) from `first` on."""
    down, across = planes.shape[1] // rows, planes.shape[2] // columns
    for channel in range(len(planes)):
        for y in range(down * rows):
            place = ((first + channel) * rows + y % rows) * columns
            for token in range(across):
                patch = patches[y // rows * across + token]
                for x in range(columns):
                    patch[place + x] = planes[channel, y, token * columns + x]


@njit(nogil=True, cache=True, error_model="numpy")
def enter_refiner(patches, hints, rows, columns, clean, corners):
    """The prediction as an image, and beside it the hints, at half the size with the corners of squares as channels.

    Args:
        patches: (N, S, T * 5 * rows * columns) float32, what is to be added to the hints: channels, rows, columns.
        hints: (N, T * 8, H, W) float32.
        rows: Rows of a patch.
        columns: Columns of a patch.
        clean: (N, T * 5, H, W) float32, filled.
        corners: (N, T, H / 2, W / 2, 13 * 4) float32, filled: channels, those of the hints last, then the four corners.
    """
    num_worlds, num_frames = corners.shape[:2]
    across = clean.shape[3] // columns
    for n in range(num_worlds):
        for t in range(num_frames):
            for channel in range(FRAME_CHANNELS):
                c = t * FRAME_CHANNELS + channel
                for y in range(clean.shape[2]):
                    place = (c * rows + y % rows) * columns
                    for token in range(across):
                        patch = patches[n, y // rows * across + token]
                        for x in range(columns):
                            clean[n, c, y, token * columns + x] = patch[place + x]
                _add_prior(hints[n, t * HINT_CHANNELS : (t + 1) * HINT_CHANNELS], channel, clean[n, c])
            _gather_corners(clean[n, t * FRAME_CHANNELS : (t + 1) * FRAME_CHANNELS], 0, corners[n, t])
            _gather_corners(hints[n, t * HINT_CHANNELS : (t + 1) * HINT_CHANNELS], FRAME_CHANNELS, corners[n, t])


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
    """Correct a prediction and blend it with the hints, as the refiner says.

    Args:
        corners: (N, T, H / 2, W / 2, 7 * 4) float32, what the last layer gives: a correction and logits of how much of
            the hint's colour and depth is taken over; channels, then the four corners of each square.
        hints: (N, T * 8, H, W) float32.
        clean: (N, T * 5, H, W) float32, replaced by the better prediction, in -1..1.
    """
    num_worlds, num_frames = corners.shape[:2]
    for n in range(num_worlds):
        for t in range(num_frames):
            shown, made = hints[n, t * HINT_CHANNELS :], clean[n, t * FRAME_CHANNELS :]
            for y in range(clean.shape[2]):
                for x in range(clean.shape[3]):
                    given, corner = corners[n, t, y // 2, x // 2], 2 * (y % 2) + x % 2
                    colour = depth = ZERO
                    if shown[SEEN, y, x] > ZERO:
                        colour = ONE / (ONE + math.exp(-given[4 * FRAME_CHANNELS + corner]))
                        depth = ONE / (ONE + math.exp(-given[4 * FRAME_CHANNELS + 4 + corner]))
                    for channel in range(FRAME_CHANNELS):
                        value = made[channel, y, x] + given[4 * channel + corner]
                        weight = colour if channel < 3 else depth if channel == 3 else ZERO
                        value += weight * (_prior(shown, channel, y, x) - value)
                        made[channel, y, x] = min(max(value, -ONE), ONE)
