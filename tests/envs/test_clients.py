"""Names, classes and methods that other libraries look for on one world or on a batch."""

import os

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from toy_worlds import MODES

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers
from wm_gym.geometry.motion import KEYS

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "pose", "finer": 1}


@pytest.fixture(scope="module")
def envs():
    envs = gym.make_vec("wm_gym/PointGoal-v0", 2, max_episode_steps=7, autoreset_mode="SameStep", **SMALL)
    envs.reset(seed=0)
    yield envs
    envs.close()


def test_a_batch_has_the_attributes_of_its_worlds(envs):
    assert envs._max_episode_steps == 7 and envs.call("_max_episode_steps") == (7, 7)
    description = "PointGoal: walk to the goal, given as metres ahead and to the left."
    assert envs.get_attr("task_description") == envs.call("task_description") == (description,) * 2
    for metadata in envs.get_attr("metadata"):
        assert metadata == {
            "render_modes": ["rgb_array"],
            "render_fps": 4.375,
            "video_fps": 17.5,
            "frames_per_step": 4,
            "licence": "Apache-2.0",
        }
    assert envs.call("action_masks")[0].tolist() == [True] * 9


def test_the_spec_of_a_world_makes_that_world_alone(envs):
    one, other = envs.get_attr("spec")
    assert one == other and one.id == "wm_gym/PointGoal-v0" and one.max_episode_steps == 7
    alone = gym.make(one)
    assert alone.spec.kwargs == {"task": "point_goal", **SMALL}
    envs.reset(seed=4)
    assert np.array_equal(envs.reset(seed=4)[0]["pose"][0], alone.reset(seed=4)[0]["pose"])
    assert envs.spec.kwargs["num_envs"] == 2 and gym.make_vec(envs.spec).num_envs == 2
    alone.close()


def test_a_batch_without_a_limit_says_so():
    envs = gym.make_vec("wm_gym/PointGoal-v0", 2, max_episode_steps=-1, **SMALL)
    assert envs._max_episode_steps is None and envs.get_attr("spec")[0].max_episode_steps is None
    envs.close()


def test_a_batch_names_gymnasiums_class_among_its_bases(envs):
    assert VectorEnv in type(envs).__bases__, "skrl decides by the names of the bases"


@pytest.mark.parametrize(
    ("action_mode", "mask"),
    [("discrete", [True] * 9), ("keys", [True] * 16), ("twist", [True] * 4)],
)
def test_masks_are_what_maskable_ppo_asks_for(action_mode, mask):
    maskable = pytest.importorskip("sb3_contrib.common.maskable.utils")
    env = gym.make("wm_gym/PointGoal-v0", action_mode=action_mode, disable_env_checker=True, **SMALL)
    env.reset(seed=0)
    masks = maskable.get_action_masks(env)
    assert maskable.is_masking_supported(env) and masks.tolist() == mask and masks.dtype == np.bool_
    env.close()


def test_looking_up_further_than_the_body_can_is_masked():
    env = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **SMALL)
    env.reset(seed=0)
    for _ in range(3):
        env.step(5)
    masks = env.unwrapped.action_masks()
    assert masks.tolist() == [True] * 5 + [False] + [True] * 3
    assert np.array_equal(env.unwrapped.core.action_mask(env.unwrapped.now), masks)
    env.close()


@pytest.mark.parametrize("action_mode", ["discrete", "keys"])
def test_maskable_ppo_learns_in_a_batch(action_mode):
    contrib = pytest.importorskip("sb3_contrib")
    from wm_gym.agents.sb3 import make_sb3_env

    settings = {name: value for name, value in SMALL.items() if name != "obs_mode"}
    env = make_sb3_env("wm_gym/PointGoal-v0", 2, obs_mode="pose", action_mode=action_mode, **settings)
    contrib.MaskablePPO("MultiInputPolicy", env, n_steps=4, batch_size=8, n_epochs=1, device="cpu").learn(8)
    env.close()


def test_keys_mean_actions():
    env = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **SMALL).unwrapped
    assert env.get_keys_to_action() == {(ord(key),): action for action, key in enumerate("wasdijkl", 1)}
    env.close()


@pytest.mark.parametrize("action_mode", ["keys", "twist"])
def test_chords_mean_actions(action_mode):
    env = gym.make("wm_gym/PointGoal-v0", action_mode=action_mode, disable_env_checker=True, **SMALL).unwrapped
    meanings = env.get_keys_to_action()
    assert len(meanings) == 2 ** len(KEYS) - 1 and all(action in env.action_space for action in meanings.values())
    forward_left = meanings[(ord("w"), ord("a"))]
    expected = [1, 1, 0, 0, 0, 0, 0, 0] if action_mode == "keys" else [0.5**0.5, 0.5**0.5, 0, 0]
    np.testing.assert_allclose(forward_left, expected, rtol=1e-6)
    env.close()


def test_gymnasium_plays_it(monkeypatch):
    pygame = pytest.importorskip("pygame")
    from gymnasium.utils.play import play

    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    taken = []

    def watch(before, after, action, *rest):
        taken.append(action)
        kind = pygame.KEYDOWN if len(taken) == 1 else pygame.QUIT
        pygame.event.post(pygame.event.Event(kind, {"key": pygame.K_j} if kind == pygame.KEYDOWN else {}))

    env = gym.make("wm_gym/PointGoal-v0", render_mode="rgb_array", disable_env_checker=True, **SMALL)
    play(env, fps=4, callback=watch)
    assert taken == [0, 6]
    env.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("output", ["numpy", "torch"])
def test_scaled_rewards_are_gymnasiums_with_numpy_and_torch(mode, output):
    settings = {"max_episode_steps": 3, "autoreset_mode": mode.value, **SMALL}
    ours = wrappers.VectorNormalizeReward(gym.make_vec("wm_gym/Explore-v0", 2, output=output, **settings))
    theirs = gym.wrappers.vector.NormalizeReward(gym.make_vec("wm_gym/Explore-v0", 2, **settings))
    for env in (ours, theirs):
        env.reset(seed=0)
    paid = 0.0
    for step in range(8):
        actions = np.array([6, step % 9])
        one, other = ours.step(torch.from_numpy(actions) if output == "torch" else actions), theirs.step(actions)
        assert isinstance(one[1], torch.Tensor if output == "torch" else np.ndarray)
        np.testing.assert_allclose(np.asarray(one[1]), other[1], rtol=1e-5)
        if mode is AutoresetMode.DISABLED and other[3].any():
            for env in (ours, theirs):
                env.reset(options={"reset_mask": other[3].copy()})
        paid += float(one[1].sum())
    assert paid > 0
    for env in (ours, theirs):
        env.close()


def test_gymnasiums_own_statistics_refuse_tensors_and_ours_take_them():
    for wrap in (gym.wrappers.vector.RecordEpisodeStatistics, gym.wrappers.vector.NormalizeReward):
        envs = wrap(gym.make_vec("wm_gym/Explore-v0", 2, output="torch", **SMALL))
        envs.reset(seed=0)
        with pytest.raises((TypeError, RuntimeError)):
            for _ in range(2):
                envs.step(torch.tensor([0, 1]))
        envs.close()
    envs = gym.make_vec("wm_gym/Explore-v0", 2, output="torch", max_episode_steps=2, **SMALL)
    envs = wrappers.VectorNormalizeReward(wrappers.VectorRecordEpisodeStatistics(envs))
    envs.reset(seed=0)
    told = [envs.step(torch.tensor([0, 1]))[-1] for _ in range(2)][1]
    assert told["episode"]["l"].tolist() == [2, 2]
    envs.close()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"gamma": 1.5}, "gamma must be within 0..1, got 1.5"),
        ({"gamma": "1"}, "gamma must be a finite number, got '1'"),
        ({"epsilon": 0.0}, "epsilon must be positive, got 0.0"),
    ],
)
def test_settings_of_scaled_rewards(envs, settings, message):
    with pytest.raises(ValueError) as raised:
        wrappers.VectorNormalizeReward(envs, **settings)
    assert str(raised.value) == message
