"""What happens to worlds of a batch whose episodes end, in each of Gymnasium's autoreset modes.

The scenarios are those of Gymnasium's own tests of its vector environments.
"""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import wm_gym  # noqa: F401  (registers the ids)

SETTINGS = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1, "obs_mode": "rgb+pose"}
MODES = [mode.value for mode in AutoresetMode]
N = 3


@pytest.fixture
def make():
    made = []

    def _make(mode, num_envs=N, **settings):
        settings = SETTINGS | {"task": "counting:Count"} | settings
        envs = gym.make_vec("wm_gym/Explore-v0", num_envs, autoreset_mode=mode, **settings)
        made.append(envs)
        return envs

    yield _make
    for envs in made:
        envs.close()


def _counts(observation):
    return np.asarray(observation["goal"])[:, 0].tolist()


def _lengths(envs):
    return [sub_env.now.task.length for sub_env in envs.sub_envs]


def _seed_of_lengths(envs, wanted):
    """A seed whose first episodes have these lengths."""
    for seed in range(500):
        envs.reset(seed=seed)
        if _lengths(envs) == list(wanted):
            return seed
    raise AssertionError(f"no seed gives {wanted}")


def _stand(envs):
    return envs.step(np.zeros(envs.num_envs, int))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("given", [AutoresetMode, str])
def test_the_mode_is_told_as_gymnasium_tells_it(make, mode, given):
    envs = make(AutoresetMode(mode) if given is AutoresetMode else mode)
    assert envs.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert envs.autoreset_mode is AutoresetMode(mode)


def test_next_step_is_the_default():
    envs = gym.make_vec("wm_gym/Explore-v0", num_envs=2, **SETTINGS)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    envs.close()


def test_next_step_opens_the_next_episode_instead_of_a_step(make):
    envs = make("NextStep")
    observation, infos = envs.reset(seed=_seed_of_lengths(envs, (1, 2, 2)))
    assert _counts(observation) == [0, 0, 0] and not any(key.startswith("final") for key in infos)
    observation, rewards, terminations, truncations, infos = _stand(envs)
    assert _counts(observation) == [1, 1, 1] and rewards.tolist() == [1, 1, 1]
    assert terminations.tolist() == [True, False, False] and not truncations.any()
    assert infos["is_success"].tolist() == [True, False, False] and "final_obs" not in infos
    observation, rewards, terminations, truncations, infos = _stand(envs)
    assert _counts(observation) == [0, 2, 2] and rewards.tolist() == [0, 2, 2]
    assert terminations.tolist() == [False, True, True] and "final_obs" not in infos
    assert infos["frame_index"].tolist() == [0, 8, 8]
    observation, rewards, terminations, truncations, infos = _stand(envs)
    assert _counts(observation) == [1, 0, 0] and rewards.tolist() == [1, 0, 0]
    assert not terminations[1:].any() and infos["frame_index"].tolist() == [4, 0, 0]


def test_same_step_shows_the_next_opening_and_keeps_the_last_observation(make):
    envs = make("SameStep")
    envs.reset(seed=_seed_of_lengths(envs, (1, 2, 2)))
    observation, rewards, terminations, _, infos = _stand(envs)
    assert _counts(observation) == [0, 1, 1] and rewards.tolist() == [1, 1, 1]
    assert terminations.tolist() == [True, False, False]
    assert infos["_final_obs"].tolist() == infos["_final_info"].tolist() == [True, False, False]
    assert infos["final_obs"][0]["goal"] == 1 and infos["final_obs"][1] is None
    assert infos["final_info"]["is_success"].tolist() == [True, False, False]
    assert infos["final_info"]["frame_index"][0] == 4 and infos["frame_index"].tolist() == [0, 4, 4]
    first = envs.sub_envs[0].now.task.length
    observation, rewards, terminations, _, infos = _stand(envs)
    assert _counts(observation) == [0 if first == 1 else 1, 0, 0] and rewards.tolist() == [1, 2, 2]
    assert terminations.tolist() == infos["_final_obs"].tolist() == [first == 1, True, True]
    assert [infos["final_obs"][n]["goal"] for n in (1, 2)] == [2, 2]


def test_disabled_resets_those_of_the_mask_alone(make):
    envs = make("Disabled")
    envs.reset(seed=_seed_of_lengths(envs, (1, 2, 2)))
    before, _, terminations, _, infos = _stand(envs)
    assert _counts(before) == [1, 1, 1] and "final_obs" not in infos
    observation, infos = envs.reset(options={"reset_mask": terminations})
    assert _counts(observation) == [0, 1, 1]
    assert infos["_is_success"].tolist() == [True, False, False]
    assert np.array_equal(observation["rgb"][1:], before["rgb"][1:])
    observation, rewards, terminations, _, _ = _stand(envs)
    assert _counts(observation) == [1, 2, 2] and rewards.tolist() == [1, 2, 2]
    observation, _ = envs.reset(options={"reset_mask": terminations})
    assert _counts(observation)[1:] == [0, 0]


def test_disabled_never_steps_what_has_ended(make):
    envs = make("Disabled")
    envs.reset(seed=_seed_of_lengths(envs, (1, 2, 1)))
    _stand(envs)
    with pytest.raises(RuntimeError) as raised:
        _stand(envs)
    assert str(raised.value) == "worlds [0, 2] have ended and must be reset by options['reset_mask'] before a step"
    assert [sub_env.now.task.count for sub_env in envs.sub_envs] == [1, 1, 1]


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_a_mask_resets_worlds_in_the_other_modes_too(make, mode):
    envs = make(mode)
    envs.reset(seed=_seed_of_lengths(envs, (4, 4, 4)))
    _stand(envs)
    options = {"reset_mask": np.array([False, True, False])}
    observation, _ = envs.reset(options=options)
    assert _counts(observation) == [1, 0, 1] and set(options) == {"reset_mask"}


def test_what_waits_for_its_reset_need_not_when_it_was_reset_by_hand(make):
    envs = make("NextStep")
    envs.reset(seed=_seed_of_lengths(envs, (1, 2, 4)))
    _stand(envs)
    envs.reset(options={"reset_mask": np.array([True, False, False])})
    assert _counts(_stand(envs)[0]) == [1, 2, 2]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("limit", [3, -1])
def test_many_steps_go_as_a_plain_count_says(make, mode, limit):
    envs = make(mode, max_episode_steps=limit)
    envs.reset(seed=1)
    counts, over, seen = [0] * N, [False] * N, []
    for _ in range(12):
        lengths = _lengths(envs)
        observation, rewards, terminations, truncations, infos = _stand(envs)
        for n in range(N):
            waited = over[n] and mode == "NextStep"
            counts[n] = 0 if waited else counts[n] + 1
            assert rewards[n] == counts[n]
            assert terminations[n] == (not waited and counts[n] >= lengths[n])
            assert truncations[n] == (limit == 3 and not waited and counts[n] >= 3)
            over[n] = bool(terminations[n] or truncations[n])
            if over[n] and mode == "SameStep":
                assert infos["final_obs"][n]["goal"] == counts[n]
                counts[n] = 0
        assert _counts(observation) == counts
        seen += lengths
        if mode == "Disabled" and any(over):
            envs.reset(options={"reset_mask": np.array(over)})
            counts, over = [0 if o else c for o, c in zip(over, counts, strict=True)], [False] * N
    assert len(set(seen)) == 3


def test_last_observations_lie_in_the_space_of_one_world(make):
    for output in ("numpy", "torch"):
        envs = make("SameStep", output=output, obs_mode="rgb+depth+points+pose", num_points=64)
        envs.reset(seed=_seed_of_lengths(envs, (1, 2, 1)))
        infos = _stand(envs)[-1]
        for n in (0, 2):
            last = {name: np.asarray(value) for name, value in infos["final_obs"][n].items()}
            assert last in envs.single_observation_space
        assert isinstance(infos["final_obs"][0]["rgb"], torch.Tensor if output == "torch" else np.ndarray)


@pytest.mark.parametrize(
    ("backend", "mode"),
    [
        *(("memory_only", mode) for mode in MODES),
        *(pytest.param("video", mode, marks=[pytest.mark.slow] * (mode != "NextStep")) for mode in MODES),
    ],
)
def test_a_batch_is_what_gymnasium_makes_of_single_worlds(mode, backend):
    """Observations, rewards, ends and infos, to the byte."""
    settings = {"backend": backend, "world": "city/9", "obs_mode": "rgb+depth+points+pose", "task": "counting:Count"}
    settings |= {"max_episode_steps": 3, "num_envs": N, "finer": 1}
    ours = gym.make_vec("wm_gym/PointGoal-v0", autoreset_mode=mode, **settings)
    theirs = gym.make_vec(
        "wm_gym/PointGoal-v0", vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, **settings
    )
    assert ours.observation_space == theirs.observation_space and ours.action_space == theirs.action_space
    ours.action_space.seed(3)
    assert data_equivalence(ours.reset(seed=5), theirs.reset(seed=5), exact=True)
    for _ in range(6):
        actions = ours.action_space.sample()
        one, other = ours.step(actions), theirs.step(actions)
        for part, same in zip(one, other, strict=True):
            assert data_equivalence(part, same, exact=True)
        ended = one[2] | one[3]
        if mode == "Disabled" and ended.any():
            rows = [envs.reset(options={"reset_mask": ended.copy()}) for envs in (ours, theirs)]
            assert data_equivalence(*rows, exact=True)
    ours.close()
    theirs.close()
