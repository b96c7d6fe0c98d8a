import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from wm_gym.evaluation.accumulator import Accumulator, with_prefix
from wm_gym.evaluation.changes import agreement, changed_share, gain_db, mean_change, pool
from wm_gym.evaluation.scores import gradient_energy, masked_psnr_db, score_loop, score_next_chunk, score_seeds
from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.world_model import ModelSpec

HEIGHT, WIDTH = 10, 10
SPEC = ModelSpec("twin", HEIGHT, WIDTH, frames_per_step=4, fps=17.5)


def _walk(chunks: int, seed: int = 0, is_loop: bool = False) -> Trajectory:
    rng, count = np.random.default_rng(seed), SPEC.frames_per_step * chunks
    frames = torch.from_numpy(rng.integers(0, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8))
    depth = torch.full((count, HEIGHT, WIDTH), 2.0)
    moving = torch.zeros(count, HEIGHT, WIDTH, dtype=torch.bool)
    return Trajectory(SPEC, "city", is_loop, np.zeros((count, 5)), frames, depth, moving, torch.ones(4))


def _all(walk: Trajectory) -> torch.Tensor:
    return torch.ones_like(walk.moving)


def test_a_tally_divides_sums_and_leaves_out_what_is_no_number():
    accumulator = Accumulator()
    accumulator.add("ratio", 1.0, 2.0)
    accumulator.add("ratio", 2.0, 4.0)
    accumulator.add("list", [1.0, math.nan])
    accumulator.add("list", [3.0, 5.0])
    accumulator.mean_of("mean", [1.0, math.nan, 3.0])
    accumulator.mean_of("nothing", [math.nan])
    figures = accumulator.figures()
    assert figures["ratio"] == 0.5
    assert figures["list"] == [2.0, 5.0]
    assert figures["mean"] == 2.0
    nothing = figures["nothing"]
    assert isinstance(nothing, float)
    assert math.isnan(nothing)
    assert with_prefix("cold_", {"a": 1.0}) == {"cold_a": 1.0}


def test_frames_of_which_hardly_a_pixel_is_scored_are_left_out():
    walk, where = _walk(1), torch.zeros(4, HEIGHT, WIDTH, dtype=torch.bool)
    where[0, 0, 0] = True  # one of a hundred
    scores = masked_psnr_db(walk.frames, walk.frames, where)
    assert scores[0] == 100.0
    assert scores[1:].isnan().all()


def test_energy_of_flat_frames_is_none_and_of_stripes_by_their_height():
    frames = torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8)
    assert gradient_energy(frames).tolist() == [0.0]
    frames[:, ::2] = 10
    assert gradient_energy(frames).tolist() == [100.0]


def test_moving_masks_are_pooled_over_chunks():
    accumulator, truth = Accumulator(), _walk(1)
    truth.moving[0, 0, :4] = True
    made = replace(truth, moving=torch.zeros_like(truth.moving))
    made.moving[0, 0, 2:6] = True
    score_next_chunk(accumulator, made, truth, ~_all(truth))
    score_next_chunk(accumulator, truth, truth, ~_all(truth))
    assert accumulator.figures()["moving_iou"] == pytest.approx((2 + 4) / (6 + 4))
    assert accumulator.figures()["unseen_share"] == 0.0


def test_seeds_are_compared_where_nothing_was_seen_and_elsewhere():
    accumulator, one, unseen = Accumulator(), _walk(1), torch.zeros(4, HEIGHT, WIDTH, dtype=torch.bool)
    unseen[:, :5] = True
    other = replace(one, frames=one.frames.clone())
    other.frames[:, :5] = 255 - other.frames[:, :5]
    score_seeds(accumulator, one, other, unseen)
    figures = accumulator.figures()
    assert figures["seed_agreement_db"] == 100.0
    diversity = figures["seed_diversity_db"]
    assert isinstance(diversity, float)
    assert diversity < 10


def test_truth_scores_perfectly_against_itself():
    accumulator, truth = Accumulator(), _walk(8)
    score_loop(accumulator, truth, truth, _all(truth), return_chunks=2)
    figures = accumulator.figures()
    assert figures["known_psnr_db"] == [100.0] * 8
    assert figures["sharpness_ratio"] == figures["sharpness_all_ratio"] == figures["known_share"] == 1.0
    assert figures["depth_absrel"] == 0.0
    assert "loop_closure_drop_db" not in figures


def test_a_return_is_compared_with_the_worlds_own_first_visit():
    accumulator, truth = Accumulator(), _walk(6, is_loop=True)
    truth.frames[-8:] = truth.frames[:8]
    made = replace(truth, frames=truth.frames.clone())
    made.frames[-8:] = 255 - made.frames[-8:]
    score_loop(accumulator, made, truth, _all(truth), return_chunks=2)
    figures = accumulator.figures()
    drop, own = figures["loop_closure_drop_db"], figures["loop_closure_self_psnr_db"]
    assert isinstance(drop, float) and isinstance(own, float)
    assert drop > 90
    assert own < 10
    assert figures["loop_closure_sharpness_ratio"] == pytest.approx(1.0)


def test_depth_is_scored_with_and_without_what_moves():
    accumulator, truth = Accumulator(), _walk(4)
    truth.moving[:, :5] = True
    made = replace(truth, depth=truth.depth.clone())
    made.depth[:, :5] = 3.0
    made.depth[:, 9] = 0.0  # unknown
    score_loop(accumulator, made, truth, _all(truth), return_chunks=1)
    figures = accumulator.figures()
    assert figures["depth_absrel"] == pytest.approx(0.5 * 5 / 9)
    assert figures["depth_absrel_static"] == 0.0
    assert figures["depth_known_share"] == 0.9


def test_an_event_that_the_twin_shows_alike_agrees_wholly():
    without, true_without = _walk(1, 1).frames // 2, _walk(1, 2).frames // 2
    assert agreement(without + 50, without, true_without + 50, true_without) == pytest.approx(1.0)
    assert agreement(without - without // 2, without, without + without // 2, without) < 0
    assert mean_change(without + 50, without) == 50.0
    assert changed_share(without + 50, without) == 1.0
    assert gain_db(true_without + 50, without, true_without + 50) > 80


def test_a_world_that_does_not_change_agrees_with_nothing():
    frames = _walk(1).frames
    assert math.isnan(agreement(frames, frames, frames, frames))
    assert pool([1.0, math.nan, 3.0]) == 2.0
