"""The policies that ship act in worlds that need no setting, and better than chance."""

import pytest

from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.registry import make_agent
from wm_gym.agents.rl.policy_file import SHIPPED, read_card, shipped_policies
from wm_gym.agents.summary import summary


def played(agent, count, steps):
    env = make_worlds(agent, None, 2, task="point_goal", backend="memory_only", max_episode_steps=steps)
    try:
        return play(make_agent(agent, env), [Start(seed, "city/9") for seed in range(count)])
    finally:
        env.close()


@pytest.mark.parametrize("name", shipped_policies())
def test_a_card_says_what_it_is(name):
    card = read_card(SHIPPED / name)
    assert card.task == name and card.trained["backend"] == "video" and card.trained["steps"] > 0


def test_the_policy_of_point_goal_is_the_default_and_comes_nearer():
    assert summary(played("policy", 2, 12))["return"] > summary(played("random", 2, 12))["return"]


@pytest.mark.slow
def test_it_arrives_where_nothing_is_in_the_way():
    assert summary(played("policy", 6, 96))["success"] >= 0.5


def test_another_task_is_refused():
    env = make_worlds("policy", None, 1, task="explore", backend="memory_only", world="city/9")
    with pytest.raises(ValueError, match=r"^policy 'point_goal' must act in task 'point_goal', got 'explore'$"):
        make_agent("policy", env)
    env.close()
