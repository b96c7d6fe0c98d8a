"""Windows of places to learn layouts from."""

import numpy as np

from wm_gym.layout.cells import UNKNOWN
from wm_gym.layout.rasterising import rasterised
from wm_gym.layout.windows import WINDOW
from wm_gym.plans import FAMILIES, draft_of
from wm_gym.train_world.layout.samples import _cut

NARROW = 12_077
"""A joined place of 56 x 24 m, which fills no window of 40 m as far as windows are wanted."""


def test_a_place_that_is_too_narrow_gives_a_window_too():
    draft = draft_of("joined", NARROW)
    assert draft.extent.height == 24.0
    cells, objects = _cut(draft, rasterised(draft, FAMILIES.index("joined")), np.random.default_rng(0))
    assert cells.shape == (WINDOW, WINDOW) and objects.shape == (WINDOW // 4, WINDOW // 4)
    assert 0.3 < (cells != UNKNOWN).mean() <= 0.6
