"""Agents behind one face, and their episodes in many worlds at once."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.agent import Agent
from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.registry import AGENTS, find_agent, make_agent
from wm_gym.agents.spaces import draw_action
from wm_gym.agents.summary import success_interval, summary
from wm_gym.agents.trails import paint_trail

SMALL = {"backend": "memory_only", "world": "city/9", "finer": 1, "resolution": (24, 32), "max_episode_steps": 8}
ROWS, BASE = f"{sorted(AGENTS)} or 'package.module:Class'", "wm_gym.agents.agent.Agent"
STARTS = [Start(seed) for seed in range(4)]


def played(name, num_envs, starts=STARTS, agent_settings=None, **settings):
    env = make_worlds(name, agent_settings, num_envs, task="point_goal", **SMALL | settings)
    try:
        return play(make_agent(name, env, agent_settings), starts)
    finally:
        env.close()


@pytest.mark.parametrize("name", ["random", "explorer", "noisy"])
def test_an_episode_depends_on_its_start_alone(name):
    together, backwards = played(name, 3), played(name, 1, STARTS[::-1])
    for one, other in zip(together, backwards[::-1], strict=True):
        assert one.row() == other.row()
        np.testing.assert_array_equal(one.body_poses, other.body_poses)
        np.testing.assert_array_equal(one.actions, other.actions)


def test_a_goal_walker_arrives_where_nothing_is_in_the_way():
    settings = {"task_settings": {"far_metres": 4.0}, "max_episode_steps": 32}
    episodes = played("goal_walker", 2, **settings)
    assert summary(episodes)["success"] >= 0.75
    for one in episodes:
        assert len(one.body_poses) == one.num_steps + 1 == len(one.actions) + 1
        assert one.total_reward == pytest.approx(one.rewards.sum())


def test_starts_name_their_own_worlds():
    starts = [replace(one, world=world) for one, world in zip(STARTS, ["city/9", "rooms/9"] * 2, strict=True)]
    rows = [one.row() for one in played("goal_walker", 2, starts)]
    assert [row["world"] for row in rows] == ["city/9", "rooms/9"] * 2


class Strange(Agent):
    """Presses a key that is not there."""

    def act(self, observation, info):
        return np.full(self.env.num_envs, 9)


def test_an_illegal_action_is_refused():
    with pytest.raises(ValueError, match=r"^action must be an integer in 0\.\.8, got "):
        played(f"{__name__}:Strange", 1)


@pytest.mark.parametrize("name", AGENTS)
def test_rows_name_agents(name):
    assert issubclass(find_agent(name), Agent)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("explorr", {}, f"agent must be one of {ROWS}, got 'explorr'; did you mean 'explorer'?"),
        (7, {}, "agent must be a string, got 7"),
        ("os:PathLike", {}, f"agent 'os:PathLike' must name a class derived from {BASE}, got <class 'os.PathLike'>"),
        ("wall_turner", {"near": 1}, "settings of agent 'wall_turner' must be among ['near_metres'], got 'near'"),
    ],
)  # fmt: skip
def test_agents_that_are_none_are_refused(name, settings, message):
    with pytest.raises(ValueError) as raised:
        find_agent(name, settings)
    assert str(raised.value) == message


def test_worlds_that_reset_themselves_and_too_few_starts_are_refused():
    env = make_worlds("random", None, 2, **SMALL)
    with pytest.raises(ValueError, match=r"^starts must be at least 2, one for each world, got 1$"):
        play(make_agent("random", env), STARTS[:1])
    env.close()
    env = gym.make_vec("wm_gym/Explore-v0", 1, **SMALL)
    with pytest.raises(ValueError, match=r"^worlds must have autoreset_mode 'Disabled' for episodes, got 'NextStep'$"):
        play(make_agent("random", env), STARTS)
    env.close()


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_the_share(counts):
    low, high = success_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] + 1e-12 and counts[0] / counts[1] - 1e-12 <= high <= 1


def test_actions_are_drawn_from_every_space():
    rng = np.random.default_rng(0)
    for space in (gym.spaces.Discrete(9), gym.spaces.MultiBinary(8), gym.spaces.Box(-1, 1, (4,), np.float32)):
        assert all(space.contains(draw_action(space, rng)) for _ in range(20))
    with pytest.raises(ValueError, match=r"^space must be Discrete, MultiBinary or Box, got Text"):
        draw_action(gym.spaces.Text(3), rng)


def test_a_way_begins_blue_and_ends_green():
    poses = np.array([[0.0, 0, 0, 0, 0], [4.0, 0, 0, 0, 0]])
    picture = paint_trail(np.zeros((0, 3)), np.zeros((0, 3), np.uint8), poses, True, size=64)
    assert picture.shape == (64, 64, 3)
    assert tuple(picture[32, 24]) == (90, 170, 255) and tuple(picture[32, 40]) == (90, 220, 110)
