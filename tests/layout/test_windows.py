"""Windows of plans: patches and back, turning, renumbering, what is known of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.layout.cells import CELLS, INDEX, KINDS, NAMES, OBJECTS, PATCH, SOLID, UNKNOWN, UNSURE, WALKS
from wm_gym.layout.dictionary import Encoder, commonest_patches
from wm_gym.layout.rasterising import rasterised
from wm_gym.layout.windows import known_objects, known_part, patches_of, renumbered, turned, windows_of
from wm_gym.plans import draft_of
from wm_gym.train_world.layout.samples import batch_of, draw_window

SEEDS = st.integers(0, 10_000)
FAMILIES = ("rooms", "city", "courtyard", "park", "warehouse", "joined")


def test_classes_fit_a_byte_and_have_names_of_their_own():
    assert UNKNOWN < 255 and len(set(NAMES)) == len(CELLS)


def test_a_body_stands_on_no_solid_matter():
    assert not (WALKS & SOLID).any()


@given(SEEDS)
@settings(deadline=None, max_examples=20)
def test_patches_make_the_windows_that_they_were_cut_from(seed):
    cells = np.random.default_rng(seed).integers(0, UNKNOWN + 1, (3, 20, 20)).astype(np.uint8)
    assert np.array_equal(windows_of(patches_of(cells)), cells)


@given(SEEDS, st.integers(0, 7))
@settings(deadline=None, max_examples=20)
def test_objects_turn_with_the_cells_they_stand_on(seed, way):
    rng = np.random.default_rng(seed)
    cells, objects = np.zeros((20, 20), np.uint8), np.zeros((5, 5), np.uint8)
    i, j, kind = int(rng.integers(20)), int(rng.integers(20)), int(rng.integers(len(OBJECTS)))
    cells[i, j] = INDEX["lawn"]
    objects[i // 4, j // 4] = 1 + kind * 16 + (i % 4) * 4 + j % 4
    cells, objects = turned(cells, objects, way)
    [(row, column)] = np.argwhere(objects)
    found, inside = divmod(int(objects[row, column]) - 1, 16)
    assert found == kind
    assert cells[row * 4 + inside // 4, column * 4 + inside % 4] == INDEX["lawn"]


def test_a_quarter_turn_turns_crossings():
    cells = np.full((4, 4), INDEX["zebra_x"], np.uint8)
    assert (turned(cells, np.zeros((1, 1), np.uint8), 1)[0] == INDEX["zebra_y"]).all()


@given(SEEDS)
@settings(deadline=None, max_examples=10)
def test_renumbering_keeps_how_many_cells_are_of_a_sort(seed):
    rng = np.random.default_rng(seed)
    window = draw_window(rng).cells
    other = renumbered(window, rng)
    for group in KINDS:
        numbers = [number for kind in group for number in kind]
        assert np.isin(window, numbers).sum() == np.isin(other, numbers).sum()


@pytest.mark.parametrize("family", FAMILIES)
def test_places_start_on_ground_that_is_walked_on(family):
    for seed in range(6):
        draft = draft_of(family, seed)
        raster = rasterised(draft, FAMILIES.index(family))
        x, y = draft.start[0] - draft.extent.x0, draft.start[1] - draft.extent.y0
        assert WALKS[raster.grid[int(2 * x), int(2 * y)]]
        assert raster.grid.shape[0] % PATCH == 0 and raster.grid.shape[1] % PATCH == 0


def test_walls_of_rooms_are_two_cells_thick():
    grid = rasterised(draft_of("rooms", 3), 0).grid
    solid = np.pad(grid == INDEX["solid"], 1)
    alone = solid[1:-1, 1:-1] & ~(solid[:-2, 1:-1] | solid[2:, 1:-1]) & ~(solid[1:-1, :-2] | solid[1:-1, 2:])
    assert alone.mean() < 1e-3


@pytest.mark.parametrize("kind", ["none", "half", "view", "disc"])
def test_known_parts_lie_in_the_window(kind):
    rng = np.random.default_rng(0)
    window = draw_window(rng, family=1)
    known = known_part(window.cells, rng, kind)
    assert known.shape == window.cells.shape and known.any() == (kind != "none")
    objects = known_objects(window.objects, known)
    assert ((objects == window.objects) | (objects == UNSURE)).all()


def test_the_dictionary_holds_the_commonest_patches():
    windows = [draw_window(np.random.default_rng(n), family=3).cells for n in range(4)]
    dictionary = commonest_patches(windows, 30)
    encoder = Encoder(dictionary)
    assert np.array_equal(encoder(dictionary), np.arange(30))
    with pytest.raises(ValueError, match=r"^size must be at most the number of different patches, \d+, got 100000$"):
        commonest_patches(windows, 100_000)


def test_samples_show_nothing_of_what_they_ask_for():
    rng = np.random.default_rng(0)
    windows = [draw_window(rng) for _ in range(6)]
    encoder = Encoder(commonest_patches([one.cells for one in windows], 64))
    batch = batch_of(windows, encoder, rng, mended=0.0)
    whole = (patches_of(batch.cells.numpy()) != UNKNOWN).all(-1)
    assert not (whole & batch.asked.numpy()).any()
    assert (batch.objects.numpy()[batch.asked_objects.numpy()] == UNSURE).all()


def test_held_out_windows_are_of_other_places_than_those_to_train_on():
    held_out, trained = (draw_window(np.random.default_rng(0), held_out=flag, family=1) for flag in (True, False))
    assert not np.array_equal(held_out.cells, trained.cells)
