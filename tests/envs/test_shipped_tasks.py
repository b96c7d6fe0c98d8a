"""Every shipped task in worlds of both kinds: spaces, forks, snapshots, batches, several bodies and replays."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

import wm_gym
from wm_gym.envs.options import ResetOptions
from wm_gym.envs.registration import IDS
from wm_gym.envs.replay.format import Replay
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.verification import verify

SMALL = {"world": "city/9", "resolution": (36, 48), "finer": 1, "obs_mode": "rgb+depth+pose"}
NEW = ["ImageGoal", "FollowPath", "FindObject", "Collect", "Avoid", "EventResponse"]
BACKENDS = ["memory_only", pytest.param("twin", marks=pytest.mark.slow)]
ACTIONS = [1, 6, 1, 8, 1, 1]


def make(name, backend="memory_only", maker=gym.make, **settings):
    checks = {"disable_env_checker": True} if maker is gym.make else {}
    return maker(f"wm_gym/{name}-v0", backend=backend, **SMALL, **checks, **settings)


@pytest.fixture(params=NEW)
def name(request):
    return request.param


@pytest.fixture(params=BACKENDS)
def env(request, name):
    env = make(name, request.param)
    yield env
    env.close()


def test_all_ids_have_a_task_of_their_name():
    assert {f"wm_gym/{name}-v0" for name in NEW} < set(IDS)
    assert {env_id.split("/")[1].removesuffix("-v0").lower() for env_id in IDS} == {
        task.replace("_", "") for task in IDS.values()
    }


def test_gymnasium_finds_nothing_to_warn_of(env, recwarn, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    check_env(env.unwrapped)
    assert not [str(one.message) for one in recwarn]


def test_an_episode_goes_on_from_its_bytes_as_it_would_have(env):
    world = env.unwrapped
    env.reset(seed=3)
    env.step(1)
    saved = world.state_to_bytes(world.get_state())
    before, first = world.now, [env.step(action) for action in ACTIONS]
    world.set_state(saved)
    assert world.now.task == before.task and world.now.measures == before.measures
    assert world.now.outcome.things == before.outcome.things and world.now.outcome.events == before.outcome.events
    for one, other in zip(first, [env.step(action) for action in ACTIONS], strict=True):
        assert data_equivalence(one, other, exact=True)


def test_a_replay_is_generated_again_to_the_byte(env):
    recorder = RecordReplay(env, snapshot_every=3)
    recorder.reset(seed=3)
    for action in ACTIONS:
        recorder.step(action)
    comparison = verify(Replay.from_bytes(recorder.replay().to_bytes()))
    assert comparison.describe().endswith("every byte is equal")


def test_a_world_of_a_batch_is_the_world_alone_and_its_forks_are_equal(name):
    alone, envs = make(name), make(name, maker=gym.make_vec, num_envs=3)
    observations, _ = envs.reset(seed=5)
    one, _ = alone.reset(seed=6)
    envs.fork(1, [2])
    for action in ACTIONS:
        observations, *_ = envs.step([action] * 3)
        one, *_ = alone.step(action)
    for part, rows in observations.items():
        assert np.array_equal(rows[1], rows[2]) and np.array_equal(rows[1], one[part])
    alone.close()
    envs.close()


def test_several_bodies_have_it_in_one_world(name):
    pytest.importorskip("pettingzoo")
    env = wm_gym.parallel_env(2, task=IDS[f"wm_gym/{name}-v0"], backend="memory_only", **SMALL)
    observations, _ = env.reset(seed=3)
    assert all(env.observation_space(agent).contains(observations[agent]) for agent in env.agents)
    scripts = {agent: state.world.scripts[0] for agent, state in env.shared.states.items()}
    assert scripts["agent_0"] == scripts["agent_1"]
    env.step(dict.fromkeys(env.agents, 1))
    env.close()


def test_the_picture_is_what_the_world_shows_there():
    env = make("ImageGoal")
    observation, _ = env.reset(seed=3)
    world = env.unwrapped
    state, core = world.now.task, world.core
    opening = world.now.world.openings[0]
    assert observation["goal"].shape == (36, 48, 3) and opening.name == "city/9"
    found = core.open_views(core.find_opening(ResetOptions(), 0), 0, np.array([[*state.goal, state.yaw_radians]]))[1]
    assert np.array_equal(found.chunk.frames[0, -1].numpy(), observation["goal"])
    env.close()


def test_objects_are_shown_and_never_remembered():
    bare, full = make("Collect", task_settings={"num_coins": 1}), make("Collect", task_settings={"num_coins": 12})
    shown = [env.reset(seed=3)[0] for env in (bare, full)]
    assert not np.array_equal(shown[0]["rgb"], shown[1]["rgb"])
    for env in (bare, full):
        for action in ACTIONS:
            env.step(action)
    clouds = [env.unwrapped.now.world.memories[0].num_static for env in (bare, full)]
    assert clouds[0] == clouds[1]
    for env in (bare, full):
        env.close()


def test_the_episode_is_told_in_words():
    env = make("FindObject", return_text=True)
    first = env.unwrapped.task_description
    _, info = env.reset(seed=3)
    assert first.startswith("FindObject") and info["task_description"].startswith("find the ")
    assert env.unwrapped.task_description == info["task_description"]
    env.close()


def test_an_event_of_a_task_begins_when_it_was_drawn():
    env = make("EventResponse", task_settings={"first_onset": 2, "last_onset": 2})
    env.reset(seed=3)
    since = [env.step(1)[-1]["steps_since_event"] for _ in range(4)]
    assert since == [-1, -1, 1, 2]
    env.close()


def test_walkers_of_generated_worlds_are_known_to_tasks():
    env = make("Avoid", draw_events=True, task_settings={"last_onset": 0, "num_walkers": 2})
    env.reset(seed=3)
    before = len(env.unwrapped.now.outcome.things[0])
    info = env.step(0)[-1]
    assert len(env.unwrapped.now.outcome.things[0]) == before + 2 and info["walker_metres"] > 0
    env.close()


@pytest.mark.slow
def test_walkers_of_the_twin_are_known_to_tasks():
    env = make("Avoid", "twin", task_settings={"last_onset": 0, "num_walkers": 2})
    env.reset(seed=3)
    info = env.step(0)[-1]
    assert 0 < info["walker_metres"] < 6.0
    env.close()
