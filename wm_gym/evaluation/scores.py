"""Scores of generated trajectories against true ones: next chunks, closed loops, returns, seeds.

Each function adds to an `Accumulator`; `benchmarks/fidelity.py` says what every name means. Trajectories here have no
context frames.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from wm_gym.evaluation.accumulator import Accumulator
from wm_gym.evaluation.fidelity import SCORED_METRES, psnr_db
from wm_gym.evaluation.geometry import depth_self_errors
from wm_gym.evaluation.realism import RealismClassifier
from wm_gym.evaluation.tracks import shared_length, tracks_of, with_camera
from wm_gym.evaluation.trajectories import Trajectory
from wm_gym.world_model import ModelSpec

LEAST_SHARE = 0.01
"""Frames in which fewer pixels than this share are to be scored have no PSNR: a handful of pixels is a lottery."""
FIRST_FAR_CHUNK = 8
"""From this chunk on, counted from 1, an outbound path is scored: little of what the opening showed is left."""
LAST_CHUNKS = 4


def score_next_chunk(accumulator: Accumulator, made: Trajectory, truth: Trajectory, unseen: Tensor) -> None:
    """One chunk after an opening.

    Args:
        accumulator: Gets `psnr_db`, `unseen_psnr_db`, `unseen_share`, `moving_iou`.
        made: One chunk.
        truth: The same chunk.
        unseen: (T, H, W) bool: memory knows nothing here.
    """
    accumulator.mean_of("psnr_db", psnr_db(made.frames, truth.frames))
    accumulator.mean_of("unseen_psnr_db", masked_psnr_db(made.frames, truth.frames, unseen))
    accumulator.add("unseen_share", float(unseen.sum()), unseen.numel())
    accumulator.add("moving_iou", float((made.moving & truth.moving).sum()), float((made.moving | truth.moving).sum()))


def score_seeds(accumulator: Accumulator, one: Trajectory, other: Trajectory, unseen: Tensor) -> None:
    """How two seeds of one world differ: `seed_diversity_db` where nothing was seen, `seed_agreement_db` elsewhere."""
    accumulator.mean_of("seed_diversity_db", masked_psnr_db(one.frames, other.frames, unseen))
    accumulator.mean_of("seed_agreement_db", masked_psnr_db(one.frames, other.frames, ~unseen))


def score_loop(
    accumulator: Accumulator, made: Trajectory, truth: Trajectory, known: Tensor, return_chunks: int
) -> None:
    """A whole trajectory in closed loop.

    Args:
        accumulator: Gets the figures by chunk, of depth and sharpness, and of a loop those of its return.
        made: S chunks.
        truth: The same S chunks.
        known: (T, H, W) bool: still pixels that show what the opening showed.
        return_chunks: Last chunks of a loop, at the poses of its first ones.
    """
    by_known = masked_psnr_db(made.frames, truth.frames, known)
    accumulator.add("psnr_by_chunk_db", _by_chunk(psnr_db(made.frames, truth.frames), made.spec))
    accumulator.add("known_psnr_db", _by_chunk(by_known, made.spec))
    accumulator.add("known_share", float(known.sum()), known.numel())
    still = ~(made.moving | truth.moving)
    accumulator.add("depth_absrel", *_absrel(made.depth, truth.depth, torch.ones_like(still)))
    accumulator.add("depth_absrel_static", *_absrel(made.depth, truth.depth, still))
    accumulator.add("depth_absrel_known", *_absrel(made.depth, truth.depth, known & still))
    accumulator.add("depth_known_share", float((made.depth > 0).sum()), made.depth.numel())
    energies = gradient_energy(made.frames), gradient_energy(truth.frames)
    accumulator.add("sharpness_all_ratio", float(energies[0].sum()), float(energies[1].sum()))
    count = made.spec.frames_per_step * return_chunks
    last = slice(-count, None)
    accumulator.add("sharpness_ratio", float(energies[0][last].sum()), float(energies[1][last].sum()))
    if made.is_loop:
        _score_return(accumulator, made, truth, by_known, count)


def _score_return(accumulator: Accumulator, made: Trajectory, truth: Trajectory, by_known: Tensor, frames: int) -> None:
    first, back = slice(None, frames), slice(-frames, None)
    accumulator.mean_of("loop_closure_first_psnr_db", by_known[first])
    accumulator.mean_of("loop_closure_return_psnr_db", by_known[back])
    accumulator.mean_of("loop_closure_drop_db", by_known[first] - by_known[back])
    still = ~(truth.moving[first] | truth.moving[back])
    accumulator.mean_of("loop_closure_self_psnr_db", masked_psnr_db(made.frames[back], made.frames[first], still))
    accumulator.mean_of("loop_closure_self_all_psnr_db", psnr_db(made.frames[back], made.frames[first]))
    energies = gradient_energy(made.frames[back]).sum(), gradient_energy(truth.frames[back]).sum()
    accumulator.add("loop_closure_sharpness_ratio", float(energies[0]), float(energies[1]))


def score_outbound(
    accumulator: Accumulator, made: Trajectory, truth: Trajectory, classifier: RealismClassifier
) -> None:
    """An outbound path from its chunk 8 on: realism, sharpness, and agreement of its depth with itself.

    Args:
        accumulator: Gets `structure`, `outbound_sharpness_ratio`, `outbound_sharpness_last_ratio`, `depth_self_absrel`,
            `depth_self_median_absrel`.
        made: S chunks.
        truth: The same S chunks.
        classifier: Realism classifier of single frames.
    """
    count = made.spec.frames_per_step
    start = count * (FIRST_FAR_CHUNK - 1)
    accumulator.mean_of("structure", classifier.passes(made.frames[start:]))
    energies = gradient_energy(made.frames[start:]), gradient_energy(truth.frames[start:])
    accumulator.add("outbound_sharpness_ratio", float(energies[0].sum()), float(energies[1].sum()))
    last = slice(-count * LAST_CHUNKS, None)
    accumulator.add("outbound_sharpness_last_ratio", float(energies[0][last].sum()), float(energies[1][last].sum()))
    ends = torch.arange(len(made.frames))[start + count - 1 :: count]
    errors = depth_self_errors(made, ends)
    accumulator.mean_of("depth_self_absrel", errors)
    accumulator.mean_of("depth_self_median_absrel", errors.flatten(1).nanmedian(1).values)


def score_tracks(accumulator: Accumulator, made: Trajectory, truth: Trajectory, opening: Trajectory) -> None:
    """Lengths of the tracks of things that move in the opening frame.

    Args:
        accumulator: Gets `moving_tracks_per_walk`, and of tracks in the picture `moving_track_length`,
            `moving_track_ratio`, of tracks that go with the camera `steady_track_length`, `steady_track_ratio`.
        made: S chunks.
        truth: The same S chunks.
        opening: The frame before them.
    """
    made, truth = _joined(opening, made), _joined(opening, truth)
    plain = [tracks_of(one.moving.numpy()) for one in (made, truth)]
    steady = [tracks_of(one.moving.numpy(), with_camera(one)) for one in (made, truth)]
    accumulator.add("moving_tracks_per_walk", len(plain[0]))
    for name, tracks in (("moving", plain), ("steady", steady)):
        for track, true in zip(*tracks, strict=True):
            length = shared_length(track, true)
            accumulator.add(f"{name}_track_length", length)
            accumulator.add(f"{name}_track_ratio", length, true.frames)


def _joined(first: Trajectory, then: Trajectory) -> Trajectory:
    tensors = {name: torch.cat([getattr(first, name), getattr(then, name)]) for name in ("frames", "depth", "moving")}
    return replace(then, body_poses=np.concatenate([first.body_poses, then.body_poses]), **tensors)


def masked_psnr_db(frames: Tensor, truth: Tensor, where: Tensor) -> Tensor:
    """(T,) PSNR over some pixels, NaN where they are fewer than `LEAST_SHARE` of the frame."""
    enough = where.double().mean((1, 2)) >= LEAST_SHARE
    return torch.where(enough, psnr_db(frames, truth, where), torch.nan)


def gradient_energy(frames: Tensor) -> Tensor:
    """(T,) mean squared difference of neighbouring pixels of frames (T, H, W, 3)."""
    values = frames.double()
    return sum((values.diff(dim=axis).square().mean((1, 2, 3)) for axis in (1, 2)), torch.zeros(len(frames)))


def _absrel(depth: Tensor, truth: Tensor, where: Tensor) -> tuple[float, int]:
    """Sum and number of |depth - truth| / truth over some pixels whose depth is known and whose truth is scored."""
    scored = where & (depth > 0) & (truth >= SCORED_METRES[0]) & (truth <= SCORED_METRES[1])
    return float(((depth - truth).abs() / truth)[scored].double().sum()), int(scored.sum())


def _by_chunk(by_frame: Tensor, spec: ModelSpec) -> list[float]:
    return by_frame.view(-1, spec.frames_per_step).nanmean(1).tolist()
