"""What `gym.make` gives when nothing but the id is named, with and without ViZDoom."""

import json
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

from wm_gym import presets
from wm_gym.backends.video.weights import find_weights
from wm_gym.scenes.named import SHIPPED, shipped_scenes

WITHOUT_VIZDOOM = """
import sys
sys.modules["vizdoom"] = None
import gymnasium as gym, wm_gym
for backend in ({}, {"backend": "memory_only"}):
    env = gym.make("wm_gym/Explore-v0", **backend)
    for options in (None, {"world": "park"}, {"world": "rooms/19"}):
        env.reset(seed=3, options=options)
        print(env.unwrapped.get_state().world.openings[0].name)
    env.step(1)
    try:
        env.reset(options={"world": "city/3"})
    except ImportError as error:
        print(error)
"""


def test_the_default_world_is_generated_at_a_shipped_place():
    env = gym.make("wm_gym/Explore-v0", return_text=True).unwrapped
    assert env.core.world.model.spec.name == "video"
    names = set()
    for seed in range(6):
        observation, info = env.reset(seed=seed)
        assert observation["rgb"].shape == (48, 64, 3) and info["prompt"]
        names.add(env.get_state().world.openings[0].name)
    assert names <= set(shipped_scenes()) and len(names) > 2
    env.close()


def test_it_needs_no_vizdoom():
    run = subprocess.run([sys.executable, "-c", WITHOUT_VIZDOOM], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert lines[:4] == lines[4:] and len(lines) == 8
    assert lines[0] in shipped_scenes() and lines[1].startswith("park/") and lines[2] == "rooms/19"
    assert "needs ViZDoom: pip install 'wm-gym[twin]'; without it there are city/9, city/19" in lines[3]


def test_equal_seeds_open_the_same_place_in_the_twin():
    generated = gym.make("wm_gym/PointGoal-v0", backend="memory_only").unwrapped
    true = gym.make("wm_gym/PointGoal-v0", backend="twin").unwrapped
    one, other = (env.reset(seed=5)[0] for env in (generated, true))
    places = [env.get_state().world.openings[0].place for env in (generated, true)]
    assert places[0] == places[1]
    np.testing.assert_allclose(one["goal"], other["goal"], atol=1e-5)
    generated.close()
    true.close()


@pytest.mark.parametrize("backend", ["memory_only", "video"])
@pytest.mark.parametrize("with_depth", [False, True])
def test_a_world_that_opens_on_a_picture_saves_and_replays(backend, with_depth):
    with np.load(SHIPPED / "city-9.npz") as file:
        options = {"image": file["frames"][0], "prompt": "A street."}
        if with_depth:
            options["depth"] = file["depth"][0].astype(np.float32)
    settings = {"obs_mode": "rgb+depth+points+pose", "return_text": True}
    env = gym.make("wm_gym/PointGoal-v0", backend=backend, **settings).unwrapped

    def walk():
        return [env.step(action) for action in (1, 1, 6, 1)]

    observation, info = env.reset(seed=2, options=options)
    assert info["prompt"] == "A street." and np.linalg.norm(observation["goal"]) > 1.0
    saved = env.state_to_bytes(env.get_state())
    first = walk()
    env.reset(seed=2, options=options)
    for one, other in zip(first, walk(), strict=True):
        assert data_equivalence(one, other, exact=True)
    env.reset(options={"state": saved})
    for one, other in zip(first, walk(), strict=True):
        assert np.array_equal(one[0]["rgb"], other[0]["rgb"])
    env.close()


def test_captures_of_ones_own_open_by_their_path(tmp_path):
    path = tmp_path / "hall.npz"
    path.write_bytes((SHIPPED / "rooms-9.npz").read_bytes())
    env = gym.make("wm_gym/Explore-v0", backend="memory_only", world=str(path)).unwrapped
    assert env.reset(seed=0)[0]["rgb"].shape == (48, 64, 3)
    env.close()


def test_weights_of_ones_own_are_named_among_the_backends_settings():
    own = {"weights": str(find_weights(48, 64))}
    env = gym.make("wm_gym/Explore-v0", world="city/9", backend_settings=own)
    shipped = gym.make("wm_gym/Explore-v0", world="city/9")
    for one in (env, shipped):
        one.reset(seed=1)
    assert np.array_equal(env.step(1)[0]["rgb"], shipped.step(1)[0]["rgb"])
    assert json.loads(env.spec.to_json())["kwargs"]["backend_settings"] == own


def test_the_preset_for_rl_opens_a_world_that_its_learners_can_see():
    env = gym.make("wm_gym/PointGoal-v0", **presets.RL)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation) and observation["rgb"].shape == (36, 48, 3)
    assert env.observation_space.contains(env.step(1)[0])
