import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.agents.cross_entropy import draw_plans, moved_on, refined, uniform
from wm_gym.agents.episodes import Start, make_worlds, play
from wm_gym.agents.registry import make_agent

SMALL = {"horizon": 3, "samples": 6, "iterations": 1, "hold": 3, "elites": 2}
WORLD = {"backend": "memory_only", "world": "city/9", "finer": 1, "resolution": (36, 48), "max_episode_steps": 9}
STARTS = [Start(0), Start(2)]

shapes = st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(0, 2**31))


def made(name, settings=None, num_envs=2, **changed):
    return make_agent(name, make_worlds(name, settings, num_envs, task="point_goal", **WORLD | changed), settings)


@pytest.fixture(scope="module")
def planner():
    agent = made("planner", SMALL)
    yield agent
    agent.env.close()


@pytest.fixture(scope="module")
def planned(planner):
    return play(planner, STARTS)


def test_a_planner_comes_nearer_to_the_goal_than_chance_does(planned):
    by_chance = made("random")
    drawn = play(by_chance, STARTS)
    by_chance.env.close()
    assert sum(one.total_reward for one in planned) > sum(one.total_reward for one in drawn) + 3.0


def test_to_plan_changes_nothing_in_the_worlds(planner):
    observation, info = planner.env.reset(seed=[0, 2])
    planner.reset([0, 1], [0, 2])
    before = [planner.env.core.write_state(one) for one in planner.env.get_state()]
    actions = planner.act(observation, info)
    assert [planner.env.core.write_state(one) for one in planner.env.get_state()] == before
    assert actions.shape == (2,) and planner.env.action_space.contains(actions)


def test_a_choice_is_held_before_the_next_plan(planner):
    observation, info = planner.env.reset(seed=[0, 2])
    planner.reset([0, 1], [0, 2])
    before = planner.num_decisions
    actions = [planner.act(observation, info) for _ in range(SMALL["hold"])]
    assert planner.num_decisions == before + 2 and planner.milliseconds_per_decision > 0
    assert all(np.array_equal(one, actions[0]) for one in actions)


def test_the_same_seed_plans_alike_alone_and_among_others(planned):
    alone = made("planner", SMALL, 1)
    [episode] = play(alone, STARTS[1:])
    alone.env.close()
    assert np.array_equal(episode.actions, planned[1].actions)


@given(shapes)
def test_the_likeliest_plan_is_among_those_that_are_drawn(shape):
    horizon, num_choices, seed = shape
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(num_choices), horizon)
    plans = draw_plans(shares, 6, rng)
    assert plans.shape == (6, horizon) and plans.min() >= 0 and plans.max() < num_choices
    assert np.array_equal(plans[0], shares.argmax(1))


@given(shapes)
def test_distributions_stay_distributions(shape):
    horizon, num_choices, seed = shape
    rng = np.random.default_rng(seed)
    plans = draw_plans(uniform(horizon, num_choices), 6, rng)
    shares = refined(uniform(horizon, num_choices), plans, rng.random(6), 2)
    for one in (shares, moved_on(shares)):
        assert one.shape == (horizon, num_choices)
        np.testing.assert_allclose(one.sum(1), 1.0)
        assert (one > 0).all()


@given(st.integers(0, 2**31))
def test_a_search_finds_the_best_plan_of_few(seed):
    rng, aim = np.random.default_rng(seed), np.array([3, 0, 4])
    shares = uniform(3, 5)
    for _ in range(12):
        plans = draw_plans(shares, 64, rng)
        shares = refined(shares, plans, -np.abs(plans - aim).sum(1).astype(float), 8)
    assert np.array_equal(shares.argmax(1), aim)
