"""Which undecided ground a plan is drawn for: what a body sees, not what walls hide."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wm_gym.layout.cells import INDEX, SOLID, UNKNOWN, WALKS
from wm_gym.layout.sight import undecided_in_sight

SIDE, MIDDLE = 48, (24.5, 24.5)
FREE, WALL = INDEX["lawn"], int(np.flatnonzero(SOLID)[0])


def room(half, wall=WALL):
    """Free ground walled in, with nothing decided beyond."""
    cells = np.full((SIDE, SIDE), UNKNOWN, np.uint8)
    cells[24 - half : 25 + half, 24 - half : 25 + half] = wall
    cells[25 - half : 24 + half, 25 - half : 24 + half] = FREE
    return cells


@given(st.integers(3, 15))
def test_walls_hide_what_lies_behind_them(half):
    assert not undecided_in_sight(room(half), MIDDLE, 40.0).any()


@given(st.integers(3, 15))
def test_open_ground_shows_where_it_ends(half):
    found = undecided_in_sight(room(half, FREE), MIDDLE, 40.0)
    assert found.sum() >= 4 * half and (room(half, FREE)[found] == UNKNOWN).all()


def test_a_door_shows_what_lies_behind_it_and_nothing_else():
    cells = room(8)
    cells[24 + 8, 24] = FREE
    found = undecided_in_sight(cells, MIDDLE, 40.0)
    assert found.any() and np.argwhere(found)[:, 0].min() > 24 + 8
    ahead, behind = np.zeros(1), np.full(1, np.pi)
    assert undecided_in_sight(cells, MIDDLE, 40.0, ahead).sum() == 1
    assert not undecided_in_sight(cells, MIDDLE, 40.0, behind).any()


def test_only_what_is_near_is_in_sight():
    assert not undecided_in_sight(room(15, FREE), MIDDLE, 2.0).any()


def test_what_is_seen_after_a_few_steps_counts():
    cells = room(3)
    cells[24 + 3 : 24 + 12, 24], cells[24 + 9, 25:] = FREE, UNKNOWN  # a passage, with a gap in its side
    assert WALKS[FREE] and undecided_in_sight(cells, MIDDLE, 40.0).any()


def test_a_body_on_undecided_ground_needs_all_of_it():
    cells = np.full((SIDE, SIDE), UNKNOWN, np.uint8)
    assert undecided_in_sight(cells, MIDDLE, 5.0).all()
