"""Objects that are laid into frames."""

import numpy as np

from wm_gym.agents.vlm.laid_objects import lay_objects
from wm_gym.agents.vlm.sights import sight_of


def test_objects_stand_in_view_on_free_floor_and_are_seen(make_env):
    env = make_env(1)
    env.reset(seed=0)
    outcome, sight = env.sub_envs[0].now.outcome, sight_of(env, 0)
    before = outcome.chunk.frames[0, -1].numpy().copy()
    frame, things = lay_objects(outcome, sight, 4, np.random.default_rng(0))
    again, same = lay_objects(outcome, sight, 4, np.random.default_rng(0))
    assert 1 <= len(things) <= 4 and same == things and np.array_equal(frame, again)
    assert frame.shape == before.shape and (frame != before).any()
    assert np.array_equal(outcome.chunk.frames[0, -1].numpy(), before)
    for spot in things.values():
        assert sight.is_in_view(spot) and not sight.solid(np.array([spot]), 0.5)[0]


def test_where_there_is_no_room_nothing_is_laid(make_env):
    env = make_env(1)
    env.reset(seed=0)
    outcome = env.sub_envs[0].now.outcome
    walled = type(sight_of(env, 0))(**{**vars(sight_of(env, 0)), "solid": lambda p, r: np.ones(len(p), bool)})
    frame, things = lay_objects(outcome, walled, 4, np.random.default_rng(0))
    assert not things and np.array_equal(frame, outcome.chunk.frames[0, -1].numpy())
