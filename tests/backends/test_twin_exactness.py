import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from wm_gym.backends.twin.model import TwinModel, open_place
from wm_gym.backends.twin.site import site_of
from wm_gym.scenes.families import FAMILIES
from wm_gym.world_model import Place

_PATH = Path(__file__).parents[2] / "benchmarks" / "twin_exactness.py"
_SPEC = importlib.util.spec_from_file_location("twin_exactness", _PATH)
assert _SPEC is not None and _SPEC.loader is not None
exactness = importlib.util.module_from_spec(_SPEC)
sys.modules["twin_exactness"] = exactness
_SPEC.loader.exec_module(exactness)

HEIGHT, WIDTH, VIEWS = 48, 64, 6


@pytest.fixture(scope="module")
def model():
    twin = TwinModel.create(HEIGHT, WIDTH, max_processes=1)
    yield twin
    twin.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_depth_is_exact_at_every_pitch_and_frames_agree(model, family):
    place = Place(family, 5)
    opening, site = open_place(place, HEIGHT, WIDTH), site_of(family, 5, "full")
    state, _ = model.start([opening], [1])
    errors, gaps, shares = [], [], []
    for step, walk in enumerate(exactness.free_walks(site, opening, VIEWS, np.random.default_rng(0))):
        state, chunk = model.step(state, exactness.condition_of(opening, walk, step))
        errors.append(exactness.pitch_errors(site, chunk, opening.intrinsics))
        gap, share = exactness.reprojection(chunk, opening.intrinsics)
        gaps.append(gap)
        shares.append(share)
    pitch = np.concatenate(errors)
    assert np.median(pitch) < 1e-6 and (pitch > 0.01).mean() < 0.03
    assert np.median(np.concatenate(gaps)) < 0.01
    assert np.mean(shares) > 0.9
