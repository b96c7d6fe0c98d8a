"""Every door by which a snapshot comes in has the same rules: as a value, bytes or a file, for one world or many."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs.replay.recorder import RecordReplay
from wm_gym.envs.replay.verification import verify
from wm_gym.envs.tasks.registry import TASKS

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (24, 32), "obs_mode": "rgb+pose", "finer": 1}


def make(env_id="wm_gym/PointGoal-v0", **settings):
    env = gym.make(env_id, disable_env_checker=True, **SMALL | settings)
    env.reset(seed=1)
    return env


@pytest.fixture(scope="module")
def env():
    env = make()
    yield env
    env.close()


@pytest.fixture(scope="module")
def envs():
    envs = gym.make_vec("wm_gym/PointGoal-v0", 2, **SMALL)
    envs.reset(seed=1)
    yield envs
    envs.close()


def identity(name, height, width):
    return f"{{'name': {name!r}, 'height': {height}, 'width': {width}, 'frames_per_step': 4}}"


WANTED = f"a saved state must be of backend {identity('memory_only', 24, 32)}, got "
OTHERS = {
    "task": (
        lambda: make("wm_gym/Explore-v0"),
        f"a saved state must be of task {TASKS['point_goal']}, got {TASKS['explore']}",
    ),
    "task settings": (
        lambda: make(task_settings={"success_metres": 1.5}),
        "a saved state must be of task settings {'success_metres': 0.8}, got {'success_metres': 1.5}",
    ),
    "body": (
        lambda: make(body={"walk_metres_per_second": 1.0}),
        "a saved state must be of a body of {'walk_metres_per_second': 2.1875}, got {'walk_metres_per_second': 1.0}",
    ),
    "size": (lambda: make(resolution=(48, 64)), WANTED + identity("memory_only", 48, 64)),
    "backend": (lambda: make(backend="twin"), WANTED + identity("twin", 24, 32)),
    "weights": (
        lambda: make(backend="weighted_world:Weighted"),
        "a saved state must be of the weights none, got one of ffffffffffffffff...",
    ),
}


@pytest.fixture(scope="module", params=list(OTHERS))
def foreign(request, tmp_path_factory):
    """A snapshot of another environment as a value, bytes and a file, and what is said of it."""
    other = OTHERS[request.param][0]()
    world = other.unwrapped
    path = tmp_path_factory.mktemp("states") / "state"
    world.save_state(path)
    yield (world.get_state(), world.state_to_bytes(world.get_state()), path), OTHERS[request.param][1]
    other.close()


DOORS = {
    "set_state": lambda env, envs, state: env.unwrapped.set_state(state),
    "reset": lambda env, envs, state: env.reset(options={"state": state}),
    "set_state of a batch": lambda env, envs, state: envs.set_state([state], [1]),
    "reset of a batch": lambda env, envs, state: envs.reset(options=[{}, {"state": state}]),
}


@pytest.mark.parametrize("door", DOORS)
def test_what_another_environment_made_is_refused_by_one_rule(env, envs, foreign, door):
    before = _standing(env, envs)
    value, data, path = foreign[0]
    for state in (value, data, path):
        with pytest.raises(ValueError) as raised:
            DOORS[door](env, envs, state)
        called = f"saved state {path}" if state is path else "a saved state"
        assert str(raised.value) == foreign[1].replace("a saved state", called)
    assert all(now is kept for now, kept in zip(_standing(env, envs), before, strict=True))


def _standing(env, envs):
    return [env.unwrapped.now, *(sub_env.now for sub_env in envs.sub_envs)]


def test_bytes_are_not_made_of_what_another_environment_made(env, foreign):
    with pytest.raises(ValueError) as raised:
        env.unwrapped.state_to_bytes(foreign[0][0])
    assert str(raised.value) == foreign[1]


@pytest.mark.parametrize("option", ["prompt", "world", "image", "video"])
def test_a_state_has_a_place_and_a_prompt_of_its_own(env, envs, option):
    beside = {"image": np.zeros((24, 32, 3), np.uint8), "video": np.zeros((2, 24, 32, 3), np.uint8)}
    options = {"state": env.unwrapped.get_state(), option: beside.get(option, "city")}
    for reset in (env.reset, envs.reset):
        with pytest.raises(ValueError) as raised:
            reset(options=options)
        assert str(raised.value) == f"option {option!r} must come without option 'state'"


def test_events_beside_a_state_are_counted_from_there(env, envs):
    env.reset(seed=1)
    for _ in range(3):
        env.step(0)
    options = {"state": env.unwrapped.get_state(), "events": [{"at": 2, "text": "night falls", "for": 1}]}
    _, info = env.reset(options=options)
    kinds = [info["event_kind"][0]] + [env.step(0)[-1]["event_kind"][0] for _ in range(3)]
    assert info["frame_index"] == 12 and kinds == [-1, -1, -1, 0]
    _, infos = envs.reset(options=options)
    assert infos["frame_index"].tolist() == [12, 12]
    kinds = [envs.step([0, 0])[-1]["event_kind"][:, 0].tolist() for _ in range(3)]
    assert kinds == [[-1, -1], [-1, -1], [0, 0]]


def test_without_a_seed_a_state_goes_on_with_its_own_numbers(env):
    env.reset(seed=1)
    env.step(1)
    state = env.unwrapped.get_state()
    for _ in range(2):
        env.reset(options={"state": state})
        assert env.unwrapped.now.world is state.world
        assert env.unwrapped.np_random.bit_generator.state == state.rng_state


def test_a_seed_beside_a_state_makes_another_future_of_it(env, envs):
    env.reset(seed=1)
    env.step(1)
    state = env.unwrapped.get_state()
    futures = []
    for seed in (5, 6, 5):
        shown, _ = env.reset(seed=seed, options={"state": state})
        assert np.array_equal(shown["rgb"], state.outcome.chunk.frames[0, -1])
        env.unwrapped.trigger_event("a walker appears")
        world = env.unwrapped.now.world
        futures.append((world.seeds, world.scripts[0].events[-1].seed, env.unwrapped.np_random.random()))
    assert futures[0] == futures[2] and not set(futures[0]) & set(futures[1])
    envs.reset(seed=5, options={"state": state})
    assert [sub_env.now.world.seeds for sub_env in envs.sub_envs] == [futures[0][0], futures[1][0]]


def test_forks_of_the_video_model_differ_by_their_seeds():
    video = make(backend="video", resolution=(48, 64))
    state = video.unwrapped.get_state()

    def future(seed):
        video.reset(seed=seed, options={"state": state})
        return [video.step(6)[0]["rgb"] for _ in range(3)]

    one, same, other = future(7), future(7), future(8)
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    video.close()


@pytest.mark.parametrize("seed", [None, 9])
def test_a_walk_from_a_state_replays(env, seed):
    env.reset(seed=1)
    env.step(1)
    recorder = RecordReplay(env)
    options = {"state": env.unwrapped.get_state(), "events": [{"at": np.int64(1), "text": "night falls"}]}
    recorder.reset(seed=seed, options=options)
    for action in (1, 6):
        recorder.step(action)
    replay = type(recorder.replay()).from_bytes(recorder.replay().to_bytes())
    assert replay.seed == seed and verify(replay).agrees and not verify(replay).different


def test_values_and_bytes_lead_to_the_same_world(env, envs):
    env.reset(seed=1)
    env.step(1)
    value = env.unwrapped.get_state()
    data = env.unwrapped.state_to_bytes(value)
    shown = []
    for state in (value, data):
        env.unwrapped.set_state(state)
        envs.set_state([state, state])
        shown += [env.step(6)[0], {name: part[1] for name, part in envs.step([6, 6])[0].items()}]
    assert all(data_equivalence(shown[0], one, exact=True) for one in shown[1:])
