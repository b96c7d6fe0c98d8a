"""What docs/replays.md says of the size of a snapshot, at the smallest and the largest of the shipped places."""

import re
import zlib
from pathlib import Path

import gymnasium as gym
import pytest

import wm_gym

TOLD = re.search(
    r"at the shipped places (\d+) to (\d+) MB, of which zlib leaves (\d+) to (\d+) MB in a replay; with `finer=1` it "
    r"is ([\d.]+) to ([\d.]+) MB, and ([\d.]+) to ([\d.]+) MB in a replay",
    (Path(wm_gym.__file__).parent.parent / "docs" / "replays.md").read_text(),
)


@pytest.mark.parametrize("finer", [4, 1])
@pytest.mark.parametrize("place", ["park/19", "rooms/19"])
def test_a_snapshot_has_the_size_that_is_told(place, finer):
    assert TOLD is not None
    settings = {"backend": "memory_only", "finer": finer, "world": place, "disable_env_checker": True}
    env = gym.make("wm_gym/Explore-v0", **settings).unwrapped
    env.reset(seed=4)
    data = env.state_to_bytes(env.get_state())
    is_largest, first = place == "rooms/19", 0 if finer == 4 else 4
    told = float(TOLD[1 + first + is_largest]), float(TOLD[3 + first + is_largest])
    # the video model's own part, 0.1 MB, is not in it
    assert len(data) / 1e6 == pytest.approx(told[0], abs=0.5 if finer == 4 else 0.15)
    assert len(zlib.compress(data, 1)) / 1e6 == pytest.approx(told[1], abs=0.5 if finer == 4 else 0.15)
    env.close()
