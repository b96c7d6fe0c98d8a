import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_server import small_sessions

from wm_gym.serving import cloud
from wm_gym.serving.cloud import MOST_POINTS, POINT, REACH_METRES, STEP_METRES, cloud_of


@pytest.fixture(scope="module")
def memory():
    sessions = small_sessions()
    session = sessions.create()
    session.reset(3, None)
    yield session.shown.state.world.memories[0]
    sessions.close_all()


def shown(memory, position):
    made = cloud_of(memory, np.array(position, float))
    points = np.frombuffer(made["points"], POINT)
    return np.array(made["origin"]) + points["position"] * STEP_METRES, points


def places(memory):
    return np.concatenate([row.points().geometry[:, :3] for row in memory.static])


def rounded(points):
    return {tuple(one) for one in np.round(points.astype(float), 2).tolist()}


@settings(max_examples=25)
@given(st.tuples(*[st.floats(-20, 20)] * 3))
def test_a_cloud_is_bounded_and_of_points_in_reach(memory, position):
    seen, points = shown(memory, position)
    assert len(points) <= MOST_POINTS and len(points[0:1].tobytes()) == 10
    assert (np.linalg.norm(seen - position, axis=1) < REACH_METRES + 0.01).all() and (points["size"] > 0).all()


def test_points_are_where_memory_has_them_in_their_colours(memory):
    seen, points = shown(memory, (0, 0, 0))
    there, left = places(memory), np.concatenate([row.points().record[:, 0] for row in memory.static])
    for n in range(0, len(seen), max(1, len(seen) // 50)):
        away = np.abs(there - seen[n]).max(axis=1)
        colours = [[(left[k] >> shift) & 255 for shift in (0, 8, 16)] for k in np.flatnonzero(away < 0.0011)]
        assert points["colour"][n].tolist() in colours


def test_what_is_shown_of_many_points_is_a_share_of_them(memory, monkeypatch):
    every, _ = shown(memory, (0, 0, 0))
    seen = every
    for most in (len(every) // 2 + 1, len(every) // 5):
        monkeypatch.setattr(cloud, "MOST_POINTS", most)
        fewer, _ = shown(memory, (0, 0, 0))
        assert most / 5 < len(fewer) <= most and rounded(fewer) <= rounded(seen)
        seen = fewer


def test_a_memory_without_points_is_an_empty_cloud(memory):
    assert cloud_of(type(memory).empty(), np.zeros(3))["points"] == b""
