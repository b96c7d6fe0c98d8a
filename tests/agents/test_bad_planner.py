import pytest

from wm_gym.agents.episodes import make_worlds
from wm_gym.agents.planner import PlannerConfig
from wm_gym.agents.registry import make_agent

WORLD = {"backend": "memory_only", "world": "city/9", "finer": 1, "resolution": (36, 48)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 0}, "samples must be at least 1, got 0"),
        ({"samples": 4, "elites": 5}, "elites must be at most samples, 4, got 5"),
        ({"hold": 1.5}, "hold must be an integer, got 1.5"),
        ({"failure_cost": "much"}, "failure_cost must be a finite number, got 'much'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError) as error:
        PlannerConfig(**settings)
    assert str(error.value) == message


def test_a_misspelt_setting_is_refused_before_a_world_is_made():
    with pytest.raises(ValueError, match=r"settings of agent 'planner' must be among .*, got 'sampels'; did you mean"):
        make_worlds("planner", {"sampels": 3}, 1, **WORLD)


def test_a_planner_wants_discrete_actions():
    with pytest.raises(ValueError, match=r"agent 'planner' must have action_mode 'discrete', got Box"):
        make_agent("planner", make_worlds("planner", None, 1, **WORLD, action_mode="twist"))
