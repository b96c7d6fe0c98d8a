"""Any backend can have its hints completed, or none: it is a setting of the environment."""

import re

import gymnasium as gym
import numpy as np
import pytest

import wm_gym  # noqa: F401  (registers the ids)
from wm_gym.scenes.sources import SHIPPED

PICTURE = np.full((48, 64, 3), 120, np.uint8)


def turned(steps: int = 3, **settings):
    """What a world that opened with a picture shows after a turn: depth and the state."""
    env = gym.make("wm_gym/Explore-v0", resolution=(48, 64), finer=1, disable_env_checker=True, **settings)
    env.reset(seed=0, options={"image": PICTURE})
    for _ in range(steps):
        observation, *_ = env.step(7)
    state = env.unwrapped.get_state()
    env.close()
    return observation["depth"], state


def test_a_backend_that_shows_memory_alone_shows_what_completion_decides():
    alone, _ = turned(backend="memory_only")
    completed, state = turned(backend="memory_only", completion=True)
    assert (alone > 0).mean() < 0.8 < 0.95 < (completed > 0).mean()
    assert state.world.completions[0].plan.windows


def test_a_world_goes_on_by_a_plan_or_as_scenes_or_not_at_all():
    _, planned = turned(1)
    _, bare = turned(1, completion=False)
    _, placed = turned(1, completion_settings={"scene_bank": str(SHIPPED)})
    assert planned.world.completions[0].plan is not None and not planned.world.completions[0].placed
    assert bare.world.completions[0].plan is None and not bare.world.completions[0].placed
    assert placed.world.completions[0].plan is None and placed.world.completions[0].placed
    assert len({state.maker.weights for state in (planned, bare, placed)}) == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"completion": 1}, "completion must be"),
        ({"draw_events": 1}, "draw_events must be"),
        (
            {"backend": "twin", "completion": True},
            "completion must be None or False for backend 'twin', which takes no guidance, got True",
        ),
        (
            {"completion_settings": {"painter": "none"}},
            "completion_settings must be among ['inpainter', 'scene_bank', 'layout', 'kept_scenes']",
        ),
        ({"completion_settings": ["none"]}, "completion_settings must be a dict of the completion's own, got ['none']"),
        (
            {"completion": False, "completion_settings": {"scene_bank": "none"}},
            "completion_settings must be empty where nothing is completed, got ['scene_bank']",
        ),
        (
            {"backend": "memory_only", "completion_settings": {"scene_bank": "none"}},
            "completion_settings must be empty where nothing is completed, got ['scene_bank']",
        ),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        gym.make("wm_gym/Explore-v0", **settings)
