import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pieces import pieces, spheres
from scipy.linalg import sqrtm

from wm_gym.evaluation.generation.colours import DIRECTIONS, colour_distance
from wm_gym.evaluation.generation.frechet import Axes, frechet_distance
from wm_gym.evaluation.generation.patches import MOST, SIDES, axes_of, cut
from wm_gym.evaluation.generation.structure import blotted, pasted

sets = st.tuples(st.integers(0, 1000), st.integers(2, 40), st.integers(1, 6))


def drawn(seed, count, size, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, size)) @ rng.normal(size=(size, size)) + shift


@given(sets)
def test_a_set_is_not_apart_from_itself(of):
    one = drawn(*of)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6 * (1 + np.var(one)))


@given(sets, st.integers(2, 40))
def test_distance_is_the_same_from_either_side(of, count):
    one, other = drawn(*of), drawn(of[0] + 1, count, of[2])
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-6, abs=1e-6)


def test_distance_is_that_of_the_formula():
    one, other = drawn(0, 50, 4), drawn(1, 60, 4, shift=0.5)
    first, second = np.cov(one.T), np.cov(other.T)
    expected = np.square(one.mean(0) - other.mean(0)).sum()
    expected += np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(one, other) == pytest.approx(expected)


@given(st.integers(0, 1000), st.floats(0.1, 5), st.floats(1.1, 3))
def test_distance_grows_as_a_set_moves_away(seed, shift, times):
    one = drawn(seed, 30, 3)
    assert frechet_distance(one, one + shift * times) > frechet_distance(one, one + shift)


@given(st.integers(0, 100), st.integers(1, 8), st.booleans())
@settings(max_examples=20)
def test_what_lies_beside_the_axes_counts(seed, count, whitened):
    truth = drawn(seed, 60, 12)
    axes = Axes.fit(truth, count, whitened=whitened)
    beside = np.linalg.svd(axes.directions.T)[2][-1]  # across all axes
    assert axes.distance(truth, truth) == pytest.approx(0, abs=1e-5)
    assert axes.distance(truth + 30 * beside, truth) > 0.01


def test_axes_are_no_more_than_numbers_in_a_vector():
    assert Axes.fit(drawn(0, 20, 3), 64)(drawn(1, 5, 3)).shape == (5, 4)


def test_whitened_axes_of_the_truth_count_alike():
    axes, truth = Axes.fit(drawn(0, 200, 6), 3, whitened=True), drawn(0, 200, 6)
    np.testing.assert_allclose(axes(truth).std(0), 1)


@pytest.mark.parametrize("side", SIDES)
def test_patches_of_noise_and_confetti_are_ever_farther_from_the_truth(side):
    truth = spheres(4).astype(np.uint8)[:, :48, :64]
    axes, rng = axes_of(truth, side), np.random.default_rng(0)

    def distance(frames):
        return axes.distance(cut(frames, side), cut(truth, side))

    def noisy(sigma):
        return (truth + rng.normal(0, sigma, truth.shape)).clip(0, 255).astype(np.uint8)

    assert distance(truth) == pytest.approx(0, abs=1e-4)
    assert distance(truth) < distance(noisy(4)) < distance(noisy(12)) < distance(noisy(36))
    assert min(distance(blotted(truth, rng)), distance(pasted(truth, rng))) > 1


def test_patches_are_squares_of_frames_half_a_side_apart():
    frames = pieces().truth[:1, :1]
    patches = cut(frames, 8)
    assert patches.shape == (5 * 7, 3 * 64)
    np.testing.assert_array_equal(patches[1].reshape(3, 8, 8), np.moveaxis(frames[0, 0, :8, 4:12], -1, 0))


def test_of_too_many_patches_some_are_drawn():
    assert len(cut(np.zeros((40, 96, 128, 3), np.uint8), 8)) == MOST


def painted(*levels):
    """A frame of one colour for each of these levels, of red alone."""
    frames = np.zeros((len(levels), 8, 8, 3), np.uint8)
    frames[..., 0] = np.array(levels)[:, None, None]
    return frames


def test_sets_that_differ_by_a_shift_are_that_shift_apart():
    along_red = np.abs(DIRECTIONS[:, 0]).mean()
    assert len(DIRECTIONS) == 13
    assert colour_distance(painted(10, 90), painted(30, 110)) == pytest.approx(20 * along_red)
    assert colour_distance(painted(10, 90), painted(90, 10, 10, 90)) == pytest.approx(0)


def test_a_set_of_one_hue_is_apart_from_one_of_two_with_the_same_mean():
    along_red = np.abs(DIRECTIONS[:, 0]).mean()
    assert colour_distance(painted(50, 50), painted(10, 90)) == pytest.approx(40 * along_red)
