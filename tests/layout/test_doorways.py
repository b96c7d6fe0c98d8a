"""Doorways between parts of a place that the network has left without one."""

import numpy as np
import pytest

from wm_gym.layout.cells import INDEX, WALKS
from wm_gym.layout.doorways import with_doorways
from wm_gym.layout.regions import connected, largest
from wm_gym.plans import FAMILIES


def two_rooms(wall=2):
    cells = np.full((40, 40), INDEX["room_0"], np.uint8)
    cells[20 : 20 + wall] = INDEX["solid"]
    return cells


@pytest.mark.parametrize("wall", [1, 2, 5])
@pytest.mark.parametrize("turned", [False, True])
def test_two_rooms_get_a_doorway(wall, turned):
    cells = two_rooms(wall).T if turned else two_rooms(wall)
    made = with_doorways(np.ascontiguousarray(cells), np.ones((40, 40), bool), FAMILIES.index("rooms"))
    assert connected(WALKS[made])[1] == 1
    assert set(np.unique(made[made != cells])) == {INDEX["door"]} and (made != cells).sum() == 4 * wall


def test_what_was_decided_before_and_thick_walls_stay():
    for cells, drawn in ((two_rooms(), np.zeros((40, 40), bool)), (two_rooms(12), np.ones((40, 40), bool))):
        assert np.array_equal(with_doorways(cells, drawn, 0), cells)


def test_small_closets_stay_closed():
    cells = np.full((40, 40), INDEX["hall_0"], np.uint8)
    cells[10:16, 10:16] = INDEX["solid"]
    cells[12:14, 12:14] = INDEX["hall_0"]
    assert np.array_equal(with_doorways(cells, np.ones((40, 40), bool), 4), cells)


def test_a_closed_court_gets_a_way_out():
    cells = np.full((40, 40), INDEX["solid"], np.uint8)
    cells[12:30, 6:30] = INDEX["court_0"]
    made = with_doorways(cells, np.ones((40, 40), bool), FAMILIES.index("courtyard"))
    main = largest(WALKS[made])
    assert main[:, 0].sum() == 4 and (made[made != cells] == INDEX["arch"]).all()


def test_the_largest_part_of_nothing_is_nothing():
    assert not largest(np.zeros((4, 4), bool)).any()
