"""Figures of generated frames beside the true ones at the same poses: nearness, sharpness, seeds and control."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from wm_gym.evaluation.generation.pieces import Generated, TruePieces
from wm_gym.evaluation.generation.pixels import pooled_psnr_db, seeds_psnr_db, sharpness
from wm_gym.evaluation.generation.rotation import angle_degrees, commanded_rotations, estimated_rotations, search_for
from wm_gym.evaluation.scores import LEAST_SHARE


def paired_figures(generated: Generated, chunk: int) -> dict[str, float]:
    """PSNR, sharpness and PSNR between seeds of one chunk (counted from 0), by what was seen.

    NaN for a kind of pixels that are fewer than `LEAST_SHARE` of all.
    """
    made, truth = generated.frames[:, :, chunk], generated.pieces.truth[:, chunk]
    unseen = generated.pieces.unseen[:, chunk]
    kinds = {"": np.ones_like(unseen), "known_": ~unseen, "unseen_": unseen}
    places = {name: where & (where.mean() >= LEAST_SHARE) for name, where in kinds.items()}
    figures = {f"{name}psnr_db": pooled_psnr_db(made, truth, where) for name, where in places.items()}
    figures |= {f"{name}sharpness": sharpness(made, truth, where) for name, where in places.items() if name}
    return figures | {f"{name}seeds_db": seeds_psnr_db(made, where) for name, where in places.items()}


def seeds_feature_distance(features: np.ndarray, truth: np.ndarray) -> float:
    """How far apart two seeds' features are: 0 for equal seeds, 1 for as far as true frames of two walks are.

    Args:
        features: (S, N, D) of S seeds.
        truth: (N, D) of the true frames.

    Returns:
        NaN for one seed or one walk.
    """
    pairs = list(combinations(range(len(features)), 2))
    if not pairs or len(truth) < 2:
        return float("nan")
    apart = np.mean([np.linalg.norm(features[a] - features[b], axis=-1).mean() for a, b in pairs])
    # a half turn of the walks: neighbours may be of one place
    other = np.linalg.norm(truth - np.roll(truth, len(truth) // 2, 0), axis=-1).mean()
    return float(apart / other) if other > 0 else float("nan")


def rotation_errors(frames: np.ndarray, pieces: TruePieces, chunk: int) -> np.ndarray:
    """Degrees between the turn that frames show from one chunk to the next and the one that was commanded.

    Args:
        frames: (N, C, H, W, 3) uint8 of one seed, or the truth.
        pieces: The pieces.
        chunk: Counted from 0.

    Returns:
        (N,); NaN for the first chunk where nothing was shown before.
    """
    if chunk == 0 and pieces.is_cold:
        return np.full(len(frames), np.nan)
    commanded = commanded_rotations(pieces.world_from_camera)
    before = pieces.last if chunk == 0 else frames[:, chunk - 1]
    shown = estimated_rotations(before, frames[:, chunk], pieces.intrinsics, search_for(commanded))
    return angle_degrees(shown, commanded[:, chunk])


def rotation_figures(frames: np.ndarray, pieces: TruePieces, chunk: int) -> dict[str, float]:
    """Median and mean of `rotation_errors`."""
    errors = rotation_errors(frames, pieces, chunk)
    return {"rotation_degrees": float(np.median(errors)), "rotation_mean_degrees": float(errors.mean())}
