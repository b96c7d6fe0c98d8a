import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_pieces import pieces
from scipy.ndimage import gaussian_filter

from wm_gym.evaluation.fidelity import psnr_db
from wm_gym.evaluation.generation.paired import seeds_feature_distance
from wm_gym.evaluation.generation.pixels import MOST_DB, gradient_energy, pooled_psnr_db, seeds_psnr_db, sharpness

TRUTH = pieces(count=2).truth
EVERYWHERE = np.ones(TRUTH.shape[:-1], bool)


def noisy(sigma, seed=0):
    return (TRUTH + np.random.default_rng(seed).normal(0, sigma, TRUTH.shape)).clip(0, 255).astype(np.uint8)


def test_equal_frames_have_the_most_decibels():
    assert pooled_psnr_db(TRUTH, TRUTH, EVERYWHERE) == MOST_DB


def test_one_frame_has_the_decibels_of_fidelity():
    torch = pytest.importorskip("torch")
    one, other = (torch.from_numpy(frames[0, :1]) for frames in (noisy(9), TRUTH))
    assert pooled_psnr_db(noisy(9)[0, 0], TRUTH[0, 0], EVERYWHERE[0, 0]) == pytest.approx(float(psnr_db(one, other)))


def test_only_chosen_pixels_count():
    wrong, where = TRUTH.copy(), EVERYWHERE.copy()
    wrong[:, :, 3:5], where[:, :, 3:5] = 0, False
    assert pooled_psnr_db(wrong, TRUTH, where) == MOST_DB
    assert pooled_psnr_db(wrong, TRUTH, ~where) < 20
    assert np.isnan(pooled_psnr_db(wrong, TRUTH, ~EVERYWHERE))


@given(st.floats(0.6, 3.0))
def test_blurred_frames_are_less_sharp(sigma):
    blurred = gaussian_filter(TRUTH.astype(float), (0, 0, sigma, sigma, 0)).astype(np.uint8)
    assert sharpness(blurred, TRUTH, EVERYWHERE) < 1


def test_the_truth_is_as_sharp_as_itself_and_noise_is_sharper():
    assert sharpness(TRUTH, TRUTH, EVERYWHERE) == pytest.approx(1)
    assert sharpness(noisy(20), TRUTH, EVERYWHERE) > 1.2


def test_gradients_across_the_edge_of_what_is_chosen_do_not_count():
    halves = np.zeros((6, 8, 3), np.uint8)
    halves[:, 4:] = 200
    left = np.zeros((6, 8), bool)
    left[:, :4] = True
    assert gradient_energy(halves, left) == gradient_energy(halves, ~left) == 0 < gradient_energy(halves)


def test_equal_seeds_are_alike_and_unlike_ones_are_not():
    assert seeds_psnr_db(np.stack([TRUTH, TRUTH, TRUTH]), EVERYWHERE) == MOST_DB
    assert seeds_psnr_db(np.stack([noisy(20, 1), noisy(20, 2)]), EVERYWHERE) < 25
    assert np.isnan(seeds_psnr_db(TRUTH[None], EVERYWHERE))


def test_seeds_differ_by_their_mean_over_pairs_where_one_is_the_odd_one_out():
    apart, alike = np.stack([TRUTH, noisy(20)]), np.stack([TRUTH, TRUTH, noisy(20)])
    fewer = seeds_psnr_db(apart, EVERYWHERE) - seeds_psnr_db(alike, EVERYWHERE)
    assert fewer == pytest.approx(10 * np.log10(2 / 3))  # two of three pairs differ


def test_features_of_seeds_are_as_far_apart_as_walks_are():
    truth = np.random.default_rng(0).normal(size=(6, 5))
    assert seeds_feature_distance(np.stack([truth, truth]), truth) == 0
    assert seeds_feature_distance(np.stack([truth, np.roll(truth, 3, 0)]), truth) == pytest.approx(1)
    assert np.isnan(seeds_feature_distance(truth[None], truth))
