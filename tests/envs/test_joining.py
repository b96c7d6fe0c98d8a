"""Agents come and go in mid-episode, and what happens does not depend on the order in which they are named."""

import numpy as np
import pytest

import wm_gym

SMALL = {"backend": "memory_only", "world": "city/9", "resolution": (36, 48), "finer": 1, "obs_mode": "rgb+depth+pose"}
FORWARD = 1


def make(num_agents=3, **settings):
    return wm_gym.parallel_env(num_agents, **SMALL | settings)


def all_bytes(result):
    """Everything that each agent was told, by name."""
    parts = {}
    for part in result:
        for agent, value in part.items():
            values = value.values() if isinstance(value, dict) else [value]
            parts.setdefault(agent, []).append([np.asarray(one).tobytes() for one in values])
    return parts


@pytest.mark.parametrize("task", ["explore", "tag", "meet", "explore_together", "follow"])
@pytest.mark.parametrize(
    "settings", [{}, pytest.param({"backend": "video"}, marks=pytest.mark.slow), {"draw_events": True}]
)
def test_an_agent_is_told_the_same_in_any_order_of_agents(task, settings):
    told = []
    for order in ((0, 1, 2), (2, 0, 1)):
        env = make(task=task, **settings)
        names = [f"agent_{n}" for n in order]
        told.append([all_bytes(env.reset(seed=5, options={"agents": names}))])
        for action in (FORWARD, 6, FORWARD, FORWARD):
            told[-1].append(all_bytes(env.step(dict.fromkeys(names, action))))
        env.close()
    assert told[0] == told[1]


def test_agents_come_and_go():
    env = make(4, task="tag", max_episode_steps=8, draw_events=True)
    observations, _ = env.reset(seed=5, options={"agents": ["agent_3", "agent_0"]})
    assert env.agents == ["agent_0", "agent_3"] == list(observations)
    env.add_agent("agent_1")
    assert env.agents == ["agent_0", "agent_3"], "who comes is there after the step"
    observations, rewards, _, truncations, infos = env.step({"agent_0": FORWARD, "agent_3": 0})
    assert env.agents == ["agent_0", "agent_1", "agent_3"] == list(observations)
    assert rewards["agent_1"] == 0.0 and not any(truncations.values())
    gaps = np.linalg.norm(infos["agent_1"]["other_bodies"], axis=1)
    assert np.isnan(gaps[1]) and (gaps[[0, 2]] >= 0.6).all() and len(env.shared.world.memories) == 1
    env.remove_agent("agent_0")
    observations, _, terminations, truncations, infos = env.step(dict.fromkeys(["agent_1", "agent_3"], 0))
    assert truncations == {"agent_0": True, "agent_1": False, "agent_3": False} and not any(terminations.values())
    assert env.agents == ["agent_1", "agent_3"] and sum(info["is_seeker"] for info in infos.values()) <= 1
    *_, infos = env.step(dict.fromkeys(env.agents, 0))
    assert sum(info["is_seeker"] for info in infos.values()) == 1, "a seeker who leaves is followed by another"
    while env.agents:
        *_, truncations, _ = env.step(dict.fromkeys(env.agents, 0))
    assert truncations == {"agent_1": True, "agent_3": True}, "the limit is the world's"
    env.close()


@pytest.mark.parametrize("backend", ["memory_only", pytest.param("twin", marks=pytest.mark.slow)])
@pytest.mark.parametrize("task", ["explore", "meet", "explore_together", "follow"])
def test_who_comes_and_goes_comes_to_the_same_again(task, backend):
    def told():
        env = make(3, task=task, backend=backend, draw_events=None if backend == "twin" else True)
        results = [all_bytes(env.reset(seed=5, options={"agents": ["agent_1", "agent_2"]}))]
        results.append(all_bytes(env.step({"agent_1": 1, "agent_2": 1})))
        env.add_agent("agent_0")
        results.append(all_bytes(env.step({"agent_1": 1, "agent_2": 1})))
        results.append(all_bytes(env.step({"agent_0": 1, "agent_1": 1, "agent_2": 1})))
        env.remove_agent("agent_1")
        results.append(all_bytes(env.step({"agent_0": 1, "agent_2": 1})))
        results.append(all_bytes(env.step({"agent_0": 1, "agent_2": 1})))
        env.close()
        return results

    assert told() == told()


def test_more_bodies_than_two_or_three_live_in_one_world():
    env = make(7, task="meet", world="park/9", resolution=(24, 32))
    env.reset(seed=1)
    *_, infos = env.step(dict.fromkeys(env.agents, FORWARD))
    assert len(infos) == 7 and all(info["other_bodies"].shape == (6, 2) for info in infos.values())
    env.close()


def test_a_model_shows_who_joins_what_memory_knows_of_the_place():
    env = make(3, task="explore", backend="video")
    env.reset(seed=5, options={"agents": ["agent_0", "agent_1"]})
    env.step(dict.fromkeys(env.agents, FORWARD))
    env.add_agent("agent_2")
    for _ in range(2):
        *_, infos = env.step(dict.fromkeys(env.agents, 0))
        assert min(info["trust"] for info in infos.values()) > 0.9
    env.close()
