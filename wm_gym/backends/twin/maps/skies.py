"""Drawings of the sky: a gradient with a few large soft clouds. Colours, not drawings, make the hour of the day."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wm_gym.backends.twin.maps.paint import Colour, Drawing, mix, soft_noise

SKY_WIDTH, SKY_HEIGHT = 1024, 256
NUM_SKIES = 3
# where the engine puts eye level, measured; with the look 25 degrees up it shows rows down to about 26
HORIZON_ROW = 200
_TOP_ROW = 40
_BANDS, _CLOUD_LEVELS = 12, 4
_BAYER = np.array([[0.0, 0.5], [0.75, 0.25]]) + 0.125


@lru_cache(maxsize=NUM_SKIES)
def sky(variant: int) -> Drawing:
    """The sky all round; slot = band of height (0 at the top) * 4 + density of cloud."""
    rise = np.clip((np.arange(SKY_HEIGHT) - _TOP_ROW) / (HORIZON_ROW - _TOP_ROW), 0.0, 1.0)
    height = rise[:, None] * (_BANDS - 1.001) * np.ones((1, SKY_WIDTH))
    bands = _dithered(height, _BANDS)
    clouds = _dithered(_clouds(variant) * (_CLOUD_LEVELS - 1), _CLOUD_LEVELS)
    return Drawing((bands * _CLOUD_LEVELS + clouds).astype(np.uint8))


def _dithered(level: NDArray[np.float64], count: int) -> NDArray[np.int_]:
    """Whole levels whose 2 x 2 means follow `level`."""
    threshold = np.tile(_BAYER, (level.shape[0] // 2, level.shape[1] // 2))
    return np.minimum(np.floor(level + threshold).astype(int), count - 1)


def _clouds(variant: int) -> NDArray[np.float64]:
    """Density 0..1: ellipses of puffs with flat feet, soft at the rim."""
    rng = np.random.default_rng(100 + variant)
    rows, columns = np.mgrid[:SKY_HEIGHT, :SKY_WIDTH].astype(np.float64)
    density = np.zeros((SKY_HEIGHT, SKY_WIDTH))
    for number in range(8):
        x, y = (number + 0.2 + 0.6 * rng.random()) * SKY_WIDTH / 8, rng.uniform(92, 164)
        for _ in range(5):
            puff_x, puff_y = x + rng.normal(0, 26), y - rng.uniform(0, 12)
            away = (columns - puff_x + SKY_WIDTH / 2) % SKY_WIDTH - SKY_WIDTH / 2
            rise = np.where(rows > puff_y, 2.2, 1.0) * (rows - puff_y)
            density += np.exp(-((away / rng.uniform(24, 44)) ** 2) - (rise / rng.uniform(9, 15)) ** 2)
    return np.clip((density + 0.25 * soft_noise(SKY_HEIGHT, SKY_WIDTH, 24, 7 + variant) - 0.45) * 1.8, 0.0, 1.0)


def sky_colours(zenith: Colour, middle: Colour, horizon: Colour, cloud: Colour) -> tuple[Colour, ...]:
    """Colours for every slot of `sky`."""
    shares = [2.0 * band / (_BANDS - 1) for band in range(_BANDS)]
    bands = [mix(zenith, middle, s) if s < 1.0 else mix(middle, horizon, s - 1.0) for s in shares]
    return tuple(
        mix(band, cloud, level / (_CLOUD_LEVELS - 1) * 0.92) for band in bands for level in range(_CLOUD_LEVELS)
    )
