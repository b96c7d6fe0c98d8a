import math

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import peak_signal_noise_ratio

from wm_gym.evaluation.fidelity import depth_absrel, known_share, psnr_db


def _frames(seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (3, 8, 10, 3), dtype=np.uint8))


def test_psnr_agrees_with_torchmetrics():
    ours = psnr_db(_frames(0), _frames(1))
    pairs = zip(_frames(0).double(), _frames(1).double(), strict=True)
    theirs = [peak_signal_noise_ratio(a, b, data_range=255.0) for a, b in pairs]
    np.testing.assert_allclose(ours.numpy(), np.array(theirs), rtol=1e-6)


def test_equal_frames_have_a_hundred_decibels():
    assert psnr_db(_frames(0), _frames(0)).tolist() == [100.0] * 3


def test_psnr_scores_only_what_it_is_asked_to():
    truth, wrong = _frames(0), _frames(0).clone()
    wrong[:, 0] = 255 - wrong[:, 0]
    where = torch.ones(3, 8, 10, dtype=torch.bool)
    where[:, 0] = False
    assert psnr_db(wrong, truth, where).tolist() == [100.0] * 3
    assert psnr_db(wrong, truth).max() < 40


def test_psnr_of_nothing_is_not_a_number():
    assert psnr_db(_frames(0), _frames(0), torch.zeros(3, 8, 10, dtype=torch.bool)).isnan().all()


def test_psnr_refuses_other_shapes():
    with pytest.raises(ValueError) as raised:
        psnr_db(_frames(0), _frames(0)[:2])
    assert str(raised.value) == "frames and truth must have one shape, got (3, 8, 10, 3) and (2, 8, 10, 3)"


def test_absrel_leaves_out_the_sky_the_unknown_and_the_far():
    truth = torch.tensor([[[2.0, 4.0, 100.0, 10.0]]])
    depth = torch.tensor([[[2.2, 0.0, 3.0, 9.0]]])
    assert depth_absrel(depth, truth) == pytest.approx((0.1 + 0.1) / 2)
    assert known_share(depth) == 0.75
    assert math.isnan(depth_absrel(torch.zeros(1, 1, 4), truth))
