import torch

from wm_gym.backends.video.codec import FRAME_CHANNELS, HINT_CHANNELS
from wm_gym.backends.video.config import VideoConfig
from wm_gym.backends.video.network import BLEND_CHANNELS, INITIAL_BLEND_LOGIT, Refiner

CONFIG = VideoConfig(height=16, width=16, refiner_channels=8, num_heads=1, head_dim=16)


def _refine(blend_weight):
    torch.manual_seed(0)
    refiner = Refiner(CONFIG)
    torch.nn.init.constant_(refiner.leave.bias[4 * FRAME_CHANNELS :], blend_weight)
    clean, hint_prior = torch.randn(2, 1, 1, 4, FRAME_CHANNELS, 16, 16).unbind()
    hints = torch.zeros(1, 1, 4, HINT_CHANNELS, 16, 16)
    hints[:, :, :, 4, :8] = 1.0  # the upper half is seen
    with torch.no_grad():
        refined = refiner(clean.flatten(2, 3), hint_prior.flatten(2, 3), hints.flatten(2, 3), torch.zeros(1, 1, 16))
    return clean, hint_prior, refined.view_as(clean)


def test_a_hint_that_is_trusted_is_taken_over_where_it_is_seen():
    clean, hint_prior, refined = _refine(blend_weight=30.0)
    torch.testing.assert_close(refined[..., :4, :8, :], hint_prior[..., :4, :8, :])
    assert torch.equal(refined[..., 8:, :], clean[..., 8:, :])


def test_whether_something_moves_is_never_taken_over():
    clean, _, refined = _refine(blend_weight=30.0)
    assert torch.equal(refined[..., 4, :, :], clean[..., 4, :, :])


def test_a_hint_that_is_not_trusted_changes_nothing():
    clean, _, refined = _refine(blend_weight=-100.0)
    assert torch.equal(refined, clean)


def test_at_first_hints_have_little_weight():
    refiner = Refiner(CONFIG)
    assert refiner.leave.bias is not None and refiner.leave.out_channels == 4 * (FRAME_CHANNELS + BLEND_CHANNELS)
    assert (refiner.leave.bias[4 * FRAME_CHANNELS :] == INITIAL_BLEND_LOGIT).all() and INITIAL_BLEND_LOGIT < 0
