"""What docs/replays.md says of the size of a snapshot, at the places with the smallest and the largest ones."""

import re
import zlib
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import wm_gym

TOLD = re.search(
    r"in the shipped scenes ([\d.]+) to ([\d.]+) MB at the opening and ([\d.]+) to ([\d.]+) MB after (\d+) steps, of "
    r"which zlib leaves ([\d.]+) to ([\d.]+) MB in a replay",
    (Path(wm_gym.__file__).parent.parent / "docs" / "replays.md").read_text(),
)
HALF_A_DIGIT = 0.05


def megabytes(data):
    return len(data) / 1e6


@pytest.mark.parametrize(("place", "finer"), [("city/29", 4), ("warehouse/19", 1)])
def test_a_snapshot_has_the_size_that_is_told(place, finer):
    assert TOLD is not None
    settings = {"backend": "video", "finer": finer, "world": place, "disable_env_checker": True}
    env = gym.make("wm_gym/Explore-v0", **settings).unwrapped
    env.reset(seed=4)
    first = env.state_to_bytes(env.get_state())
    for action in np.random.default_rng(0).choice([1, 1, 1, 1, 6, 8, 2, 4], int(TOLD[5])).tolist():
        env.step(action)
    later = env.state_to_bytes(env.get_state())
    for low, high, data in ((1, 2, first), (3, 4, later), (6, 7, zlib.compress(later, 1))):
        assert float(TOLD[low]) - HALF_A_DIGIT <= megabytes(data) <= float(TOLD[high]) + HALF_A_DIGIT
    env.close()
