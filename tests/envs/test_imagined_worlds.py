"""Worlds that nobody has seen: opened by name, seed or sentence, walked, forked, saved, in batches."""

import gymnasium as gym
import numpy as np
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.scenes.imagined import parse_imagined
from wm_gym.world_model import Imagined

FORWARD, LEFT = 1, 6


def make(**settings):
    settings = {"world": "imagined/city", "obs_mode": "rgb+depth+pose", "disable_env_checker": True, **settings}
    return gym.make("wm_gym/Explore-v0", **settings)


def opened(env, seed=0, **options):
    observation, info = env.reset(seed=seed, options=options)
    return observation, info


def walked(env, actions):
    return [env.step(action)[0]["rgb"] for action in actions]


@pytest.mark.parametrize(
    ("world", "seed", "place"),
    [
        ("imagined", 7, Imagined(7)),
        ("imagined/*", 7, Imagined(7)),
        ("imagined/city", 7, Imagined(7, "city")),
        ("imagined/city/*", 7, Imagined(7, "city")),
        ("imagined/city/9", 7, Imagined(9, "city")),
        ("city/9", 7, None),
    ],
)
def test_names_of_imagined_places(world, seed, place):
    assert parse_imagined(world, seed) == place


@pytest.mark.parametrize("world", ["imagined/citty", "imagined/city/x", "imagined/city/1/2", "imagined/"])
def test_names_that_mean_nothing_are_refused(world):
    if world == "imagined/":
        assert parse_imagined(world, 0) == Imagined(0)
        return
    with pytest.raises(ValueError, match=r"^an imagined world must be 'imagined', 'imagined/FAMILY' or "):
        make(world=world)


def test_a_simulator_builds_no_imagined_place():
    pytest.importorskip("vizdoom")
    env = make(backend="twin")
    with pytest.raises(ValueError, match=r"^backend 'twin' opens places that it can build, got 'imagined/city'"):
        env.reset(seed=0)
    env.close()


def test_seeds_and_sentences_name_places():
    env = make()
    first, _ = opened(env, 1)
    again, _ = opened(env, 1)
    other, _ = opened(env, 2)
    assert np.array_equal(first["rgb"], again["rgb"])
    assert not np.array_equal(first["rgb"], other["rgb"])
    said, info = opened(make(world="imagined", return_text=True), 1, prompt="a park with a pond")
    assert info["prompt"] == "a park with a pond"
    assert not np.array_equal(said["rgb"], first["rgb"])
    assert said["depth"].max() > 10
    env.close()


@pytest.mark.slow
def test_a_body_walks_through_places_that_hold_together():
    env = make()
    opened(env, 1)
    out = walked(env, [FORWARD] * 4)
    assert env.unwrapped.get_state().world.completions[0].plan.blocks
    assert all(frame.std() > 5 for frame in out)
    env.close()


def test_forks_and_saved_states_go_the_same_way():
    env = make()
    opened(env, 3)
    walked(env, [FORWARD] * 2)
    state = env.unwrapped.get_state()
    data = env.unwrapped.state_to_bytes(state)
    first = walked(env, [FORWARD, LEFT, FORWARD])
    env.unwrapped.set_state(state)
    second = walked(env, [FORWARD, LEFT, FORWARD])
    other = make()
    other.reset(options={"state": data})
    third = walked(other, [FORWARD, LEFT, FORWARD])
    for frames in (second, third):
        assert all(np.array_equal(one, two) for one, two in zip(first, frames, strict=True))
    env.close()
    other.close()


@pytest.mark.slow
def test_each_world_of_a_batch_is_a_place_of_its_own_and_what_it_is_alone():
    batch = gym.make_vec("wm_gym/Explore-v0", num_envs=2, world="imagined/*", obs_mode="rgb")
    observation, _ = batch.reset(seed=[4, 5])
    assert not np.array_equal(observation["rgb"][0], observation["rgb"][1])
    together = batch.step(np.array([FORWARD, FORWARD]))[0]["rgb"]
    for number, seed in enumerate((4, 5)):
        alone = make(world="imagined/*", obs_mode="rgb")
        opened(alone, seed)
        assert np.array_equal(walked(alone, [FORWARD])[0], together[number])
        alone.close()
    batch.close()


@pytest.mark.slow
def test_points_of_an_imagined_place_are_kept():
    env = make()
    opened(env, 1)
    assert len(env.unwrapped.point_cloud().points) > 1000
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "prompt", [10_000 * "x", "a park without trees with trees", "\u732b\u304c\u8857\u3092\u6b69\u304f", "0"]
)
def test_any_prompt_opens_some_place(prompt):
    env = make(world="imagined")
    observation, _ = opened(env, 2, prompt=prompt)
    assert observation["rgb"].std() > 5
    env.close()
