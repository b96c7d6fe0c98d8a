import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pieces import INTRINSICS, pieces, seen, spheres, turned

from wm_gym.evaluation.generation.paired import rotation_errors, rotation_figures
from wm_gym.evaluation.generation.rotation import (
    RotationSearch,
    angle_degrees,
    commanded_rotations,
    estimated_rotations,
    search_for,
)

SPHERES = spheres(6)


@given(st.floats(-25, 25), st.floats(-8, 8), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_a_turn_inside_a_sphere_is_told_from_two_frames(yaw, pitch, sphere):
    poses = np.concatenate([turned([0.0]), turned([yaw], pitch)])
    before, after = (seen(SPHERES[sphere], pose)[None] for pose in poses)
    found = estimated_rotations(before, after, INTRINSICS)
    assert angle_degrees(found, commanded_rotations(poses[None])[:, 0])[0] < 2.5


def test_larger_frames_tell_the_same_turn():
    poses, lens = turned([0.0, 13.0]), INTRINSICS * 3
    before, after = (seen(SPHERES[0], pose, 72, 96, lens)[None] for pose in poses)
    found = estimated_rotations(before, after, np.tile(lens, (1, 1)))
    assert angle_degrees(found, commanded_rotations(poses[None])[:, 0])[0] < 1.5


def test_equal_frames_have_not_turned():
    frames = pieces(count=3).last
    assert angle_degrees(estimated_rotations(frames, frames, INTRINSICS), np.eye(3)).max() < 0.2


def test_one_colour_tells_no_turn_and_is_taken_for_none():
    grey = np.full((1, 24, 32, 3), 90, np.uint8)
    assert angle_degrees(estimated_rotations(grey, grey, INTRINSICS), np.eye(3))[0] < 1e-3


def test_a_search_holds_what_is_commanded_and_more():
    search = search_for(commanded_rotations(turned([0.0, -20.0, 4.0])[None]))
    assert (search.across_degrees, search.upward_degrees) == (pytest.approx(40), pytest.approx(4, abs=1e-6))


def test_angles_are_those_between_rotations():
    rotations = commanded_rotations(turned([0.0, 30.0, 10.0])[None])[0]
    assert angle_degrees(rotations, np.eye(3)).tolist() == pytest.approx([30, 20])


def test_the_truth_obeys_and_a_held_frame_does_not():
    true = pieces(count=6, degrees=12.0)
    held = np.repeat(true.last[:, None], true.chunks, 1)
    for chunk in range(true.chunks):
        assert rotation_figures(true.truth, true, chunk)["rotation_degrees"] < 1.5
        assert rotation_figures(held, true, chunk)["rotation_degrees"] == pytest.approx(12, abs=0.3)


def test_nothing_turns_from_a_frame_that_was_not_shown():
    cold = pieces(count=4, is_cold=True)
    assert np.isnan(rotation_errors(cold.truth, cold, 0)).all()
    assert np.isfinite(rotation_errors(cold.truth, cold, 1)).all()


def test_an_overlap_that_is_asked_for_bounds_the_turn():
    search = RotationSearch(least_overlap=0.99)
    before, after = (seen(SPHERES[0], pose)[None] for pose in turned([0.0, 20.0]))
    assert angle_degrees(estimated_rotations(before, after, INTRINSICS, search), np.eye(3))[0] < 3
