"""What networks make in closed loop, and what a run shows of itself."""

import numpy as np
import pytest
import torch
from tiny_pieces import network, pieces, walks

from wm_gym.train_world.distilling.closed_loop import closed_loop, frames_of, unhinted
from wm_gym.train_world.distilling.scores import HeldOutPieces, figures_of, held_out_pieces
from wm_gym.train_world.distilling.student import last_frame
from wm_gym.train_world.distilling.walks import given_of


def constant(value):
    """A maker of one colour."""
    return lambda net, given, seed: torch.full((*given.times.shape, *net.latent_shape), value)


def hinted(net, given, seed):
    """A maker that shows its hints."""
    return net.packing.hint_prior(given.hints)


def test_each_chunk_comes_from_the_one_before():
    net, batch = network(), pieces(3)
    made = closed_loop(net, hinted, batch, 1, 0)
    given = given_of(batch, last_frame(made[:, 1:2]), 2, 1, net.config, net.packing)
    assert torch.equal(made[:, 2:], net.packing.hint_prior(given.hints).clamp(-1, 1))


def test_a_cold_loop_begins_with_nothing():
    net, batch = network(), pieces(2)
    made = closed_loop(net, hinted, batch, 1, 0, cold=True)
    assert not made[:, 0].unflatten(1, (-1, 5))[:, :, :4].any()


def test_seeds_of_chunks_differ():
    seen = []
    closed_loop(
        network(), lambda net, given, seed: seen.append(seed) or constant(0.0)(net, given, seed), pieces(3), 1, 7
    )
    assert len(set(seen)) == 3


def test_frames_are_the_last_of_each_latent():
    shown = frames_of(torch.full((2, 3, 10, 4, 5), 1.0))
    assert shown.shape == (2, 3, 4, 5, 3)
    assert (shown == 255).all()


def test_more_is_unhinted_the_farther_it_turns():
    share = unhinted(network(), pieces(4, count=8)).mean((0, 2, 3))
    assert share.shape == (4,)
    assert (np.diff(share) >= 0).all()


def test_the_truth_scores_as_the_truth():
    clean = pieces(1, count=4).clean
    unseen = torch.zeros(4, 1, 1, 16, 24, dtype=torch.bool)
    unseen[..., 12:] = True
    figures = figures_of([clean, -clean], clean, unseen)
    assert figures["psnr_db"] > 90
    assert figures["unseen_sharpness"] == pytest.approx(1)
    assert figures["seeds_db"] < 20
    assert figures_of([clean * 0.5, clean], clean, unseen)["sharpness"] == pytest.approx(0.25, abs=0.01)


def test_a_run_shows_a_sheet_and_scores_the_same_pieces_again():
    net = network()
    score = HeldOutPieces(walks(), 2, constant(0.5))
    one, again = score(net), score(net)
    assert one.figures == again.figures
    assert one.strip.dtype == np.uint8
    first, second = (held_out_pieces(net, walks(), 2, 5).clean for _ in range(2))
    assert torch.equal(first, second)
