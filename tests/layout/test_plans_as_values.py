"""Plans as values: blocks are shared and never changed, what is decided stays, and they survive a file."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_layout import deep_sampler, tiny_imagination, tiny_sampler

from wm_gym.layout.cells import INDEX, PATCH, SHOWN_ELSEWHERE, UNKNOWN, UNSURE
from wm_gym.layout.growing import (
    GrowthConfig,
    Watcher,
    advanced,
    empty_plan,
    finished,
    next_window,
    parts_due,
    with_window,
)
from wm_gym.layout.imagination import blocked, board_round
from wm_gym.layout.packing import pack_plan, unpack_plan
from wm_gym.layout.plan import Plan, object_places
from wm_gym.layout.windows import WINDOW
from wm_gym.world_model import Imagined

PLACE = Imagined(3, "city")
EMPTY = Plan(PLACE, 1)


def of_one_class(name, columns=WINDOW, rows=WINDOW):
    cells = np.full((columns, rows), INDEX[name], np.uint8)
    return cells, np.zeros((columns // PATCH, rows // PATCH), np.uint8)


@given(st.integers(-30, 30), st.integers(-30, 30))
@settings(deadline=None, max_examples=25)
def test_a_region_reads_back_what_was_decided_in_it(i, j):
    rng = np.random.default_rng(5)
    corner = i * PATCH, j * PATCH
    cells = rng.integers(0, UNKNOWN, (WINDOW, WINDOW)).astype(np.uint8)
    objects = rng.integers(0, UNSURE, (WINDOW // PATCH, WINDOW // PATCH)).astype(np.uint8)
    plan = EMPTY.with_region(corner, cells, objects)
    read_cells, read_objects = plan.region(corner, WINDOW, WINDOW)
    assert np.array_equal(read_cells, cells) and np.array_equal(read_objects, objects)
    assert not EMPTY.blocks


def test_what_is_decided_stays():
    plan = EMPTY.with_region((0, 0), *of_one_class("lawn")).with_region((PATCH, 0), *of_one_class("asphalt"))
    cells, _ = plan.region((0, 0), WINDOW + PATCH, WINDOW)
    assert (cells[:WINDOW] == INDEX["lawn"]).all() and (cells[WINDOW:] == INDEX["asphalt"]).all()


def test_the_next_window_holds_the_nearest_undecided_ground():
    plan = EMPTY.with_region((-40, -40), *of_one_class("lawn"))
    corner = next_window(plan, Watcher(), GrowthConfig())
    assert corner is not None
    cells, _ = plan.region(corner, WINDOW, WINDOW)
    assert (cells == UNKNOWN).any() and (cells != UNKNOWN).any()


def test_nothing_is_drawn_where_all_is_decided():
    plan = EMPTY.with_region((-160, -160), *of_one_class("lawn", 320, 320))
    assert next_window(plan, Watcher(), GrowthConfig()) is None
    assert tiny_imagination().continued(plan, Watcher()) is plan


def test_a_plan_in_the_middle_of_a_window_survives_a_file():
    plan = with_window(EMPTY.with_region((0, 0), *of_one_class("lawn")), (40, 0), tiny_sampler())
    back = unpack_plan(pack_plan(plan))
    assert back.place == plan.place and back.corner == plan.corner and set(back.blocks) == set(plan.blocks)
    imagination = tiny_imagination()
    for _ in range(3):
        plan, back = (imagination.continued(one, Watcher()) for one in (plan, back))
    for ours, theirs in zip(plan.region((0, 0), 160, 80), back.region((0, 0), 160, 80), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_plan_in_the_middle_of_a_round_survives_a_file():
    sampler = deep_sampler()
    plan = advanced(with_window(EMPTY.with_region((0, 0), *of_one_class("lawn")), (40, 0), sampler), sampler, 3)
    assert plan.drawing is not None and (plan.drawing.round, plan.drawing.part) == (1, 1)
    back = finished(unpack_plan(pack_plan(plan)), deep_sampler())
    assert np.array_equal(
        back.region((40, 0), WINDOW, WINDOW)[0], finished(plan, sampler).region((40, 0), WINDOW, WINDOW)[0]
    )


def test_nearer_ground_is_drawn_faster_but_never_a_whole_round_and_more():
    sampler, known = deep_sampler(), EMPTY.with_region((-160, -40), *of_one_class("lawn", 200, 80))
    plan = with_window(known, (40, 0), sampler)
    due = [parts_due(plan, Watcher(x), GrowthConfig(), sampler) for x in (-70.0, -10.0, 0.0, 15.0, 19.0)]
    assert due == sorted(due) and due[0] == 1 and due[-1] == sampler.parts(plan.drawing)


def test_a_family_that_there_is_not_is_refused():
    try:
        empty_plan(Imagined(0, "moon"))
    except ValueError as error:
        assert str(error).startswith("family of an imagined place must be one of ['rooms', ")
    else:
        raise AssertionError


def test_a_body_is_stopped_by_what_stands_and_by_what_is_undecided():
    cells, objects = of_one_class("lawn", 16, 16)
    cells[8] = INDEX["hedge"]
    objects[0, 0] = 1 + 0 * 16 + 5
    plan = EMPTY.with_region((0, 0), cells, objects)
    positions = np.array([[2.5, 5.0], [3.8, 5.0], [4.2, 5.0], [7.9, 5.0], [0.75, 0.75]])
    assert blocked(plan, positions, 0.3).tolist() == [False, True, True, True, True]


def test_objects_that_memory_shows_are_not_drawn_again():
    cells, objects = of_one_class("lawn", 16, 16)
    objects[:] = SHOWN_ELSEWHERE
    assert len(object_places(EMPTY, (0, 0), objects)) == 0
    assert len(board_round(EMPTY.with_region((0, 0), cells, objects), 1.0, 1.0).objects) == 0


def test_a_start_lies_on_free_ground_and_looks_along_it():
    for seed in range(3):
        plan = tiny_imagination().opened(Imagined(seed, "city"))
        assert not blocked(plan, np.zeros((1, 2)), 0.2).any() or plan.windows >= 1
