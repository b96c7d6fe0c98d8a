"""Wrappers of one world: what they change, and that checkers, specs and snapshots still work through them."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from toy_worlds import SIZE, ToyWorld

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.envs import wrappers

WRAPPERS = {
    "resize": lambda env: wrappers.Resize(env, (24, 32)),
    "grey": wrappers.Grey,
    "depth image": wrappers.DepthImage,
    "sample points": lambda env: wrappers.SamplePoints(env, 64),
    "action chunks": lambda env: wrappers.ActionChunks(env, 3),
    "real time": lambda env: wrappers.RealTime(env, clock=_frozen),
    "low trust": wrappers.TruncateOnLowTrust,
    "grey, small, stacked, in chunks": lambda env: wrappers.ActionChunks(
        gym.wrappers.FrameStackObservation(wrappers.Grey(wrappers.Resize(env, (24, 32))), 4), 2
    ),
}


def _frozen():
    return 0.0


def _make(**settings):
    settings = {"obs_mode": "rgb+depth+points+pose", "world": "rooms/9", "finer": 1, "num_points": 256, **settings}
    return gym.make("wm_gym/PointGoal-v0", backend="memory_only", disable_env_checker=True, **settings)


@pytest.fixture(params=WRAPPERS.values(), ids=WRAPPERS.keys())
def wrap(request):
    return request.param


@pytest.mark.filterwarnings("error", "ignore:.*is different from the unwrapped version")
def test_gymnasium_finds_nothing_to_warn_of(wrap, monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = wrap(_make())
    check_env(env)
    env.close()


def test_a_spec_makes_the_same_environment_again(wrap):
    env = wrap(_make())
    again = gym.make(env.spec, disable_env_checker=True)
    assert str(again) == str(env)
    assert again.observation_space == env.observation_space and again.action_space == env.action_space
    env.action_space.seed(3)
    actions = [env.action_space.sample() for _ in range(3)]
    for one, other in zip(_walk(env, actions), _walk(again, actions), strict=True):
        assert data_equivalence(one, other, exact=True)
    for made in (env, again):
        made.close()


def test_specs_are_json_unless_they_hold_a_clock():
    env = wrappers.RealTime(wrappers.SamplePoints(wrappers.Resize(_make(), (24, 32)), 64))
    again = gym.make(EnvSpec.from_json(env.spec.to_json()), disable_env_checker=True)
    assert str(again) == str(env) and again.observation_space == env.observation_space
    env.close()
    again.close()


def test_snapshots_and_events_are_reached_through_wrappers(wrap):
    env = wrap(_make(return_frames=True))
    env.reset(seed=1)
    env.unwrapped.trigger_event("it starts to snow")
    saved = env.unwrapped.get_state()
    action = env.action_space.sample()
    first = env.step(action)
    env.unwrapped.set_state(saved)
    second = env.step(action)
    assert np.array_equal(first[4]["frames"], second[4]["frames"]) and first[4]["event_kind"][0] == 2
    env.close()


def _walk(env, actions):
    return [env.reset(seed=5), *[env.step(action) for action in actions]]


def test_resizing_keeps_depth_on_surfaces_and_pixels_on_rays():
    class Edge(ToyWorld):
        def _shown(self):
            observation, info = super()._shown()
            observation["depth"][:, :7] = 5.0
            observation["depth"][3] = 0.0
            observation["rgb"][:, 12:] = 200
            return observation, info

    env = wrappers.Resize(Edge(first=1), (8, 12))
    observation, info = env.reset()
    assert env.observation_space.contains(observation)
    assert set(np.unique(observation["depth"])) <= {0.0, 1.0, 5.0}
    # (k + 0.5) * 2 is the second of each pair: row 1 is row 3, column 3 is column 7
    assert (observation["depth"][1] == 0.0).all() and (observation["depth"][0, :3] == 5.0).all()
    assert observation["rgb"][0, 0, 0] == 10 and observation["rgb"][0, -1, 0] == 200
    assert info["intrinsics"].tolist() == [10.0, 10.0, 6.0, 4.0]
    assert info["frames"].shape[1:3] == SIZE


def test_resizing_to_the_same_size_changes_nothing():
    env = _make()
    small = wrappers.Resize(env, (48, 64))
    observation, _ = env.reset(seed=3)
    assert data_equivalence(small.observation(observation), observation, exact=True)
    env.close()


def test_grey_is_the_luminance():
    env = wrappers.Grey(ToyWorld(first=7))
    observation, _ = env.reset()
    assert observation["rgb"].shape == (*SIZE, 1) and (observation["rgb"] == 70).all()
    colours = {"rgb": np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)}
    assert env.observation(colours)["rgb"].ravel().tolist() == [76, 150, 29, 255]


def test_a_depth_image_is_the_one_that_the_environment_gives():
    metres, image = wrappers.DepthImage(_make()), _make(depth_dtype="uint8")
    for one, other in zip(_walk(metres, [1, 6]), _walk(image, [1, 6]), strict=True):
        assert np.array_equal(one[0]["depth"], other[0]["depth"]) and one[0]["depth"].dtype == np.uint8
    metres.close()
    image.close()


@pytest.mark.parametrize(("held", "expected"), [(0, []), (2, [0, 1]), (3, [0, 1, 2]), (7, [0, 2, 4])])
def test_sampled_points_are_spread_over_those_that_are_there(held, expected):
    observation, _ = wrappers.SamplePoints(ToyWorld(first=held), 3).reset()
    assert observation["points"][:, 0].tolist()[: len(expected)] == expected
    assert observation["points_mask"].tolist() == [1] * len(expected) + [0] * (3 - len(expected))


def test_a_chunk_pays_for_each_of_its_actions():
    env = wrappers.ActionChunks(ToyWorld(length=5), 3)
    env.reset()
    assert env.action_space == gym.spaces.MultiDiscrete([9, 9, 9])
    observation, reward, terminated, _, info = env.step(np.array([4, 5, 6]))
    assert env.unwrapped.actions == [4, 5, 6] and reward == 6.0 and not terminated
    assert info["chunk_rewards"].tolist() == [1.0, 2.0, 3.0] and info["actions_taken"] == 3
    assert info["frames"][:, 0, 0, 0].tolist() == [10, 10, 20, 20, 30, 30] and observation["rgb"][0, 0, 0] == 30


def test_a_chunk_stops_when_the_episode_ends():
    env = wrappers.ActionChunks(gym.wrappers.TimeLimit(ToyWorld(length=9), 5), 3)
    env.reset()
    env.step(np.array([1, 1, 1]))
    _, reward, terminated, truncated, info = env.step(np.array([2, 2, 2]))
    assert (terminated, truncated, reward) == (False, True, 9.0)
    assert info["chunk_rewards"].tolist() == [4.0, 5.0, 0.0] and info["actions_taken"] == 2
    assert env.unwrapped.actions == [1, 1, 1, 2, 2]


class _Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def test_the_world_goes_on_while_the_agent_thinks():
    clock = _Clock()
    env = wrappers.RealTime(ToyWorld(length=9), clock=clock)  # 20 frames a second, 2 of them a step
    env.reset()
    assert env.step(7)[4]["missed_steps"] == 0
    clock.seconds += 0.25
    observation, reward, _, _, info = env.step(5)
    assert env.unwrapped.actions == [7, 0, 0, 5] and info["missed_steps"] == 2 and info["action_taken"]
    assert reward == 2.0 + 3.0 + 4.0 and observation["rgb"][0, 0, 0] == 40
    assert info["frames"][:, 0, 0, 0].tolist() == [20, 20, 30, 30, 40, 40]
    clock.seconds += 0.06  # and the half step from before
    assert env.step(5)[4]["missed_steps"] == 1


def test_an_episode_may_end_in_thought():
    clock = _Clock()
    env = wrappers.RealTime(ToyWorld(length=3), fps=2.0, clock=clock)
    env.reset()
    clock.seconds += 60.0
    _, _, terminated, _, info = env.step(5)
    assert terminated and env.unwrapped.actions == [0, 0, 0]
    assert info["missed_steps"] == 3 and info["action_taken"] is False
    env.reset()
    assert env.step(5)[4]["missed_steps"] == 0


@pytest.mark.parametrize(
    ("wrap", "message"),
    [
        (lambda env: wrappers.Resize(env, (0, 4)), "resolution must be (height, width) of at least 1 each, got (0, 4)"),
        (lambda env: wrappers.SamplePoints(env, 0), "num_points must be at least 1, got 0"),
        (lambda env: wrappers.SamplePoints(env, 9), "num_points must be at most the 8 there are, got 9"),
        (lambda env: wrappers.ActionChunks(env, 0), "num_actions must be at least 1, got 0"),
        (lambda env: wrappers.RealTime(env, fps=0.0), "fps must be positive, got 0.0"),
        (
            lambda env: wrappers.Grey(gym.wrappers.FilterObservation(env, ["depth"])),
            "observations must be a Dict with ['rgb'], got ['depth']",
        ),
        (lambda env: wrappers.DepthImage(wrappers.DepthImage(env)), "depth must be float32 metres, got uint8"),
    ],
)
def test_settings_that_cannot_be(wrap, message):
    with pytest.raises(ValueError) as raised:
        wrap(ToyWorld())
    assert str(raised.value) == message


@pytest.mark.parametrize("chunk", [3, np.array([1, 2]), np.array([1, 2, 3, 4])])
def test_chunks_of_another_length_are_refused(chunk):
    env = wrappers.ActionChunks(ToyWorld(), 3)
    env.reset()
    with pytest.raises(ValueError, match="a chunk must hold 3 actions, got "):
        env.step(chunk)


def test_no_wrapper_warns_when_it_is_imported():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(hasattr(wrappers, name) for name in wrappers.__all__)
