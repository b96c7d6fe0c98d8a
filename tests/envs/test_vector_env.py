"""N worlds as one environment: seeds, outputs, forks, events, snapshots, and code that knows only `gym.make_vec`."""

import json
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.registration import IDS, MAX_EPISODE_STEPS
from wm_gym.envs.vector_env import WorldVectorEnv

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "finer": 1}
N = 3


@pytest.fixture
def make():
    made = []

    def _make(num_envs=N, env_id="wm_gym/PointGoal-v0", **settings):
        envs = gym.make_vec(env_id, num_envs, **SMALL | settings)
        made.append(envs)
        return envs

    yield _make
    for envs in made:
        envs.close()


def _row(observation, n):
    return {name: value[n] for name, value in observation.items()}


@pytest.mark.parametrize("env_id", IDS)
def test_every_id_makes_one_batch_by_default(make, env_id):
    envs = make(2, env_id, autoreset_mode="SameStep")
    assert isinstance(envs, WorldVectorEnv) and envs.num_envs == 2 and envs.spec.id == env_id
    json.dumps(envs.spec.kwargs)
    again = gym.make_vec(envs.spec)
    assert again.num_envs == 2 and again.autoreset_mode is envs.autoreset_mode
    observation, _ = envs.reset(seed=0)
    assert observation in envs.observation_space
    assert envs.metadata["frames_per_step"] == 4
    again.close()


@pytest.mark.parametrize("action_mode", ["discrete", "keys", "twist"])
def test_batches_lie_in_their_spaces(make, action_mode):
    envs = make(obs_mode="rgb+depth+points+pose", action_mode=action_mode)
    envs.action_space.seed(0)
    envs.reset(seed=1)
    for _ in range(2):
        observation, rewards, terminations, truncations, _ = envs.step(envs.action_space.sample())
        assert observation in envs.observation_space
        assert rewards.dtype == np.float64 and terminations.dtype == truncations.dtype == np.bool_


@pytest.mark.parametrize("backend", ["memory_only", "video"])
@pytest.mark.parametrize("seed", [11, [11, 12, 13]])
def test_a_world_of_many_is_the_world_alone_of_its_seed(backend, seed):
    settings = {"backend": backend, "world": "city/9", "finer": 1, "obs_mode": "rgb+depth+pose"}
    envs = gym.make_vec("wm_gym/PointGoal-v0", N, **settings)
    alone = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **settings)
    observation, _ = envs.reset(seed=seed)
    assert data_equivalence(_row(observation, 1), alone.reset(seed=12)[0], exact=True)
    for action in (1, 6, 1, 8):
        observation, rewards, terminations, *_ = envs.step([3, action, 5])
        expected = alone.step(action)
        assert data_equivalence(_row(observation, 1), expected[0], exact=True)
        assert rewards[1] == expected[1] and terminations[1] == expected[2]
    envs.close()
    alone.close()


def test_seeds_may_be_left_out_world_by_world(make):
    envs = make()
    envs.reset(seed=[4, None, 4])
    assert envs.np_random_seed[0] == envs.np_random_seed[2] == 4
    one, _, other = envs.get_state()
    assert one.world.seeds == other.world.seeds and one.rng_state == other.rng_state


def test_episodes_are_as_long_as_their_id_says(make):
    assert make()._max_episode_steps == MAX_EPISODE_STEPS
    assert make(max_episode_steps=-1)._max_episode_steps is None
    envs = make(max_episode_steps=2)
    envs.reset(seed=0)
    assert [envs.step([0] * N)[3].tolist() for _ in range(2)] == [[False] * N, [True] * N]


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_actions_come_as_they_like(make, kind):
    envs, other = make(), make()
    for each in (envs, other):
        each.reset(seed=2)
    assert data_equivalence(envs.step(kind([1, 6, 0])), other.step(np.array([1, 6, 0])), exact=True)


def test_tensors_are_what_arrays_are(make):
    settings = {"obs_mode": "rgb+depth+points+pose", "num_points": 64, "return_frames": True}
    arrays, tensors = make(**settings), make(output="torch", **settings)
    one, other = arrays.reset(seed=2)[0], tensors.reset(seed=2)[0]
    for step in range(3):
        for name in one:
            assert isinstance(other[name], torch.Tensor) and not other[name].is_inference()
            assert np.array_equal(one[name], other[name].numpy()), name
        expected, shown = arrays.step([1, 6, step]), tensors.step(torch.tensor([1, 6, step]))
        one, other = expected[0], shown[0]
        assert shown[1].dtype == torch.float32 and shown[2].dtype == shown[3].dtype == torch.bool
        np.testing.assert_array_equal(expected[1].astype(np.float32), shown[1].numpy())
        for n in range(N):
            assert np.array_equal(expected[4]["frames"][n], shown[4]["frames"][n].numpy())


def test_tensors_of_frames_never_pass_through_the_host(make, monkeypatch):
    envs = make(
        output="torch", obs_mode="rgb+depth", return_frames=True, max_episode_steps=2, autoreset_mode="SameStep"
    )
    to_host, copied = torch.Tensor.cpu, []

    def watched(tensor, *args):
        if sys._getframe(1).f_globals["__name__"].startswith("wm_gym.envs") and tensor.numel() > 24 * 32:
            copied.append(tuple(tensor.shape))
        return to_host(tensor, *args)

    monkeypatch.setattr(torch.Tensor, "cpu", watched)
    envs.reset(seed=0)
    for _ in range(3):
        envs.step(torch.zeros(N, dtype=torch.long))
    assert copied == []
    envs.sub_envs[0].render_mode = "rgb_array"
    envs.render()
    assert copied == [(24, 32, 3)]


def test_what_was_given_is_the_callers_to_keep(make):
    for output in ("numpy", "torch"):
        envs = make(output=output, return_frames=True, autoreset_mode="Disabled")
        first, infos = envs.reset(seed=0)
        kept = {name: np.asarray(value).copy() for name, value in first.items()}
        for value in (*first.values(), *infos["frames"]):
            value[...] = 0
        again, _ = envs.reset(seed=0)
        assert all(np.array_equal(kept[name], np.asarray(again[name])) for name in kept)


def test_frames_of_openings_and_of_steps_stand_side_by_side(make):
    envs = make(return_frames=True, max_episode_steps=2)
    _, infos = envs.reset(seed=0)
    assert [frames.shape for frames in infos["frames"]] == [(1, 24, 32, 3)] * N
    envs.step([0] * N)
    envs.reset(options={"reset_mask": np.array([True, False, False])})
    envs.step([0] * N)
    infos = envs.step([0] * N)[-1]
    assert [len(frames) for frames in infos["frames"]] == [4, 1, 1] and infos["_frames"].all()


def test_infos_are_batched_as_gymnasium_batches_them(make):
    envs = make()
    _, infos = envs.reset(seed=0)
    assert infos["world_from_camera"].shape == (N, 4, 4) and infos["action_mask"].shape == (N, 9)
    assert infos["is_success"].dtype == np.bool_ and infos["trust"].dtype == np.float64
    assert infos["event_kind"].shape == infos["event_strength"].shape == infos["event_realised"].shape == (N, 8)


def test_forks_are_one_world_until_they_differ(make):
    envs = make(5)
    envs.reset(seed=0)
    envs.step([1, 2, 3, 4, 5])
    others = envs.get_state([0, 4])
    envs.fork(2, [1, 3])
    observation, rewards, *_ = envs.step([1, 6, 6, 6, 2])
    for n in (1, 3):
        assert data_equivalence(_row(observation, n), _row(observation, 2), exact=True) and rewards[n] == rewards[2]
    observation, *_ = envs.step([0, 6, 8, 1, 0])
    assert not np.array_equal(observation["rgb"][1], observation["rgb"][2])
    envs.reset(options={"reset_mask": np.array([False, True, True, True, False])})
    goals = {sub_env.now.task.goal for sub_env in envs.sub_envs[1:4]}
    assert len(goals) == 1, "random numbers are forked with the world"
    envs.set_state(others, [0, 4])
    again, *_ = envs.step([1, 0, 0, 0, 2])
    assert again["rgb"].shape[0] == 5


def test_forks_share_what_they_remember(make):
    envs = make()
    envs.reset(seed=0)
    envs.fork(0, [1, 2])
    assert all(sub_env.now.world is envs.sub_envs[0].now.world for sub_env in envs.sub_envs)
    envs.step([1, 6, 8])
    blocks = [{id(row.block) for row in sub_env.now.world.memories[0].static} for sub_env in envs.sub_envs]
    assert set.intersection(*blocks)


def test_forks_take_the_count_of_steps_along(make):
    envs = make(2, max_episode_steps=3)
    envs.reset(seed=0)
    envs.step([0, 0])
    envs.step([0, 0])
    envs.reset(options={"reset_mask": np.array([False, True])})
    envs.fork(0, 1)
    assert envs.step([0, 0])[3].tolist() == [True, True]
    envs.fork(0, 1)
    assert envs.step([0, 0])[1].tolist() == [0, 0], "both wait for their reset"


@pytest.mark.parametrize("backend", ["memory_only", pytest.param("video", marks=pytest.mark.slow)])
def test_restless_neighbours_do_not_disturb(backend):
    settings = {"backend": backend, "world": "city/9", "finer": 1, "obs_mode": "rgb+depth+pose", "return_text": True}
    envs = gym.make_vec("wm_gym/Explore-v0", 4, autoreset_mode="Disabled", **settings)
    alone = gym.make("wm_gym/Explore-v0", disable_env_checker=True, **settings).unwrapped
    rng = np.random.default_rng(0)
    envs.reset(seed=20)
    alone.reset(seed=22)
    for step in range(6):
        if step % 2:
            mask = np.array([*(rng.random(2) < 0.7), False, True])
            envs.reset(seed=int(rng.integers(99)), options={"reset_mask": mask})
        else:
            envs.fork(int(rng.integers(4)), [0, 3])
            envs.trigger_event("night falls", np.array([False, True, False, False]))
        actions = rng.integers(9, size=4)
        observation, rewards, *_, infos = envs.step(actions)
        expected = alone.step(actions[2])
        assert data_equivalence(_row(observation, 2), expected[0], exact=True) and rewards[2] == expected[1]
        assert infos["prompt"][2] == expected[4]["prompt"] and infos["trust"][2] == expected[4]["trust"]
    envs.close()
    alone.close()


def test_events_begin_where_the_mask_says(make):
    envs = make()
    envs.reset(seed=0)
    envs.trigger_event("it starts to snow", np.array([True, False, True]))
    infos = envs.step([0] * N)[-1]
    assert [[event["kind"] for event in each] for each in envs.events()] == [["snowfall"], [], ["snowfall"]]
    assert infos["event_kind"][:, 0].tolist() == [2, -1, 2]
    with pytest.raises(ValueError, match="only an event that is going on can stop"):
        envs.stop_event("snowfall")
    envs.stop_event("snowfall", torch.tensor([True, False, False]))
    scripts = [sub_env.now.world.scripts[0].events for sub_env in envs.sub_envs]
    assert scripts[0] != scripts[2] and scripts[1] == ()


def test_options_are_for_all_or_for_each(make):
    envs = make(return_text=True)
    _, infos = envs.reset(seed=0, options={"prompt": "A street.", "events": [{"at": 0, "text": "night falls"}]})
    assert infos["prompt"].tolist() == ["A street."] * N
    saved = envs.get_state([1])[0]
    each = [{"prompt": "One."}, {"state": saved}, {}]
    _, infos = envs.reset(seed=[0, None, 2], options=each)
    assert infos["prompt"][0] == "One." and envs.sub_envs[1].now.world is saved.world


def test_snapshots_go_between_one_world_and_many(make):
    envs = make()
    alone = gym.make("wm_gym/PointGoal-v0", disable_env_checker=True, **SMALL).unwrapped
    alone.reset(seed=3)
    alone.step(1)
    envs.reset(seed=0)
    envs.set_state([alone.get_state()], [2])
    expected = alone.step(6)[0]
    assert data_equivalence(_row(envs.step([0, 0, 6])[0], 2), expected, exact=True)
    alone.set_state(envs.sub_envs[2].state_to_bytes(envs.get_state([2])[0]))
    assert data_equivalence(_row(envs.step([0, 0, 1])[0], 2), alone.step(1)[0], exact=True)
    alone.close()


def test_a_restored_batch_goes_on_as_it_would_have(make):
    envs = make(max_episode_steps=3)
    envs.reset(seed=0)
    envs.step([1, 2, 3])
    saved = envs.get_state()
    first = [envs.step([1, 1, 6]) for _ in range(4)]
    envs.set_state(saved)
    for one in first:
        assert data_equivalence(one, envs.step([1, 1, 6]), exact=True)


def test_a_snapshot_holds_no_memory_of_its_neighbours(make):
    envs = make()
    envs.reset(seed=0)
    envs.step([0] * N)
    frames = envs.get_state([1])[0].outcome.chunk.frames
    assert frames.untyped_storage().nbytes() == frames.nbytes


def test_each_world_can_be_called(make):
    envs = make(render_mode="rgb_array")
    envs.reset(seed=0)
    assert (
        envs.call("task_description") == envs.get_attr("task_description") == (envs.sub_envs[0].task_description,) * N
    )
    envs.call("trigger_event", "night falls")
    assert all(sub_env.now.world.scripts[0].events for sub_env in envs.sub_envs)
    frames = envs.render()
    assert len(frames) == N and frames[0].shape == (24, 32, 3)
    assert make().call("render_mode") == (None,) * N
    envs.set_attr("render_mode", ["rgb_array", None, "rgb_array"])
    assert envs.render()[1] is None


def test_rejected_actions_move_nobody(make):
    envs = make()
    envs.reset(seed=0)
    before = [sub_env.now for sub_env in envs.sub_envs]
    with pytest.raises(ValueError, match=r"action must be an integer in 0\.\.8"):
        envs.step([1, 2, 9])
    assert all(sub_env.now is state for sub_env, state in zip(envs.sub_envs, before, strict=True))


def test_a_learner_that_knows_only_gymnasium(make):
    """The loop of a CleanRL-style script, with the last observation of each episode as its bootstrap."""
    envs = make(4, max_episode_steps=6, autoreset_mode="SameStep", obs_mode="rgb")
    envs = gym.wrappers.vector.RecordEpisodeStatistics(envs)
    next_obs, _ = envs.reset(seed=1)
    returns, bootstraps = [], 0
    for _ in range(50):
        actions = np.array([envs.single_action_space.sample() for _ in range(envs.num_envs)])
        next_obs, rewards, terminations, truncations, infos = envs.step(actions)
        real_next_obs = {name: value.copy() for name, value in next_obs.items()}
        for n in np.flatnonzero(truncations & ~terminations):
            for name, value in infos["final_obs"][n].items():
                real_next_obs[name][n] = value
            bootstraps += 1
        if "episode" in infos:
            returns += infos["episode"]["r"][infos["_episode"]].tolist()
        assert rewards.shape == (4,) and np.isfinite(rewards).all()
    assert bootstraps >= 4 * 7 and len(returns) >= 4 * 7
