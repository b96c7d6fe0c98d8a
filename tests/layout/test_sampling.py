"""Windows are drawn in rounds: what is known stays, equal seeds give equal windows, nothing stands in walls."""

import numpy as np
import pytest
import torch
from tiny_layout import NO_OBJECTS_KNOWN, NOTHING_KNOWN, deep_sampler, tiny_sampler

from wm_gym.layout.cells import PATCH, SOLID, UNKNOWN, UNSURE
from wm_gym.layout.network import LayoutConfig
from wm_gym.layout.sampling import begun
from wm_gym.layout.windows import WINDOW, known_objects, known_part, patches_of
from wm_gym.layout.words import WITH, WORD_NAMES
from wm_gym.networks.arithmetic import own_arithmetic
from wm_gym.train_world.layout.samples import draw_window

NO_WORDS = np.zeros(len(WORD_NAMES), np.int64)


def drawn(cells=NOTHING_KNOWN, objects=NO_OBJECTS_KNOWN, words=NO_WORDS, seed=0):
    sampler = tiny_sampler()
    return sampler.filled(begun(cells, objects, 1, words, (seed, 7), sampler.config))


def test_a_window_is_drawn_whole_and_of_patches_of_the_dictionary():
    done = drawn()
    assert done.is_done
    known = {row.tobytes() for row in tiny_sampler().dictionary}
    assert all(patch.tobytes() in known for patch in patches_of(done.cells).reshape(-1, PATCH * PATCH))


def test_equal_seeds_give_equal_windows_and_others_do_not():
    assert np.array_equal(drawn(seed=1).cells, drawn(seed=1).cells)
    assert not np.array_equal(drawn(seed=1).cells, drawn(seed=2).cells)


@pytest.mark.parametrize("kind", ["half", "view", "disc"])
def test_what_is_known_stays(kind):
    rng = np.random.default_rng(3)
    window = draw_window(rng, family=1)
    known = known_part(window.cells, rng, kind) & (window.cells != UNKNOWN)
    objects = known_objects(window.objects, known)
    done = drawn(np.where(known, window.cells, UNKNOWN).astype(np.uint8), objects)
    assert np.array_equal(done.cells[known], window.cells[known])
    assert np.array_equal(done.objects[objects != UNSURE], objects[objects != UNSURE])


def test_objects_stand_in_no_wall():
    done = drawn()
    for i, j in np.argwhere(done.objects > 0):
        inside = (int(done.objects[i, j]) - 1) % 16
        assert not SOLID[done.cells[i * PATCH + inside // PATCH, j * PATCH + inside % PATCH]]


def test_a_round_is_a_pure_function():
    sampler = tiny_sampler()
    first = begun(NOTHING_KNOWN, NO_OBJECTS_KNOWN, 1, NO_WORDS, (1, 2), sampler.config)
    before = first.cells.copy()
    once, twice = sampler.advanced(first), sampler.advanced(first)
    assert np.array_equal(first.cells, before)
    assert np.array_equal(once.cells, twice.cells) and once.round == 1


def test_fewer_unknown_patches_take_fewer_rounds():
    sampler = tiny_sampler()
    part = draw_window(np.random.default_rng(0), family=1).cells.copy()
    part[: PATCH * 2] = UNKNOWN
    whole = begun(NOTHING_KNOWN, NO_OBJECTS_KNOWN, 1, NO_WORDS, (1,), sampler.config)
    assert begun(part, NO_OBJECTS_KNOWN, 1, NO_WORDS, (1,), sampler.config).rounds <= whole.rounds


def test_words_change_what_is_drawn():
    words = NO_WORDS.copy()
    words[0] = WITH
    assert not np.array_equal(drawn().cells, drawn(words=words).cells)


def test_a_network_of_odd_heads_is_refused():
    message = "^width must be a multiple of head_width, and head_width of 4, got 16 and 6$"
    with pytest.raises(ValueError, match=message):
        LayoutConfig(width=16, head_width=6)


def test_a_window_is_forty_metres_wide():
    assert WINDOW == 80 and WINDOW % PATCH == 0


def test_a_round_in_parts_is_that_round():
    sampler = deep_sampler()
    words = NO_WORDS.copy()
    words[0] = WITH
    whole = parts = begun(NOTHING_KNOWN, NO_OBJECTS_KNOWN, 1, words, (4,), sampler.config)
    assert sampler.parts(whole) == 2 * 2
    while not whole.is_done:
        whole = sampler.advanced(whole)
        for _ in range(sampler.parts(parts)):
            parts = sampler.partly_advanced(parts)
        assert (parts.round, parts.part) == (whole.round, 0)
    assert np.array_equal(parts.cells, whole.cells) and np.array_equal(parts.objects, whole.objects)


def test_what_is_drawn_does_not_depend_on_the_number_of_threads():
    words, found, before = np.full_like(NO_WORDS, WITH), [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with own_arithmetic():
            found.append(drawn(words=words).cells)
    torch.set_num_threads(before)
    assert np.array_equal(*found)


def test_a_round_goes_on_where_its_tokens_are_not_kept():
    sampler, other = deep_sampler(), deep_sampler()
    drawing = begun(NOTHING_KNOWN, NO_OBJECTS_KNOWN, 1, NO_WORDS, (5,), sampler.config)
    half = sampler.partly_advanced(drawing)
    assert half.part == 1
    assert np.array_equal(other.partly_advanced(half).cells, sampler.advanced(drawing).cells)
