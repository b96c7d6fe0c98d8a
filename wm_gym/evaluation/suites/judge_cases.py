"""Cases for the judge of events: filmed pairs, some with a person or a fire of the twin laid in by exact depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.entities.compositing import Layer, composite
from wm_gym.entities.crops import WINDOWS, box_of
from wm_gym.events.kinds import KINDS
from wm_gym.train_world.appearance.film_pairs import DRAWN, LOCAL
from wm_gym.train_world.appearance.pairs import FilmedPairs, Pair
from wm_gym.train_world.things.crops import Crops

_STRONG, _VISIBLE, _LEAST_PIXELS = 0.5, 0.015, 10
_NEAREST_METRES, _FARTHEST_METRES = 1.6, 9.0
_THING_SHARE, _JITTER_LEVELS = 0.45, 6.0
_CONTINUED_SHARE, _CHANGED_LEVELS = 0.7, 3


@dataclass(frozen=True)
class JudgeBatch:
    """N cases.

    Attributes:
        frames: (N, 3, H, W) in 0..1, with events.
        without: (N, 3, H, W), without.
        labels: (N, K), 1 where a kind is seen.
        weights: (N, K), 0 where it is too faint to tell.
        masks: (N, L, H / 2, W / 2) share of each cell that a local kind changes.
    """

    frames: Tensor
    without: Tensor
    labels: Tensor
    weights: Tensor
    masks: Tensor

    def to(self, device: torch.device) -> JudgeBatch:
        """The batch on a device."""
        return JudgeBatch(*(value.to(device) for value in vars(self).values()))


def draw_cases(
    pairs: FilmedPairs, crops: Crops, kinds: Sequence[str], local: Sequence[str], size: int, rng: np.random.Generator
) -> JudgeBatch:
    """Random cases.

    Args:
        pairs: Filmed pairs, chained.
        crops: Of people and fires.
        kinds: Kinds that are told.
        local: Those of them that have a place.
        size: N.
        rng: Draws.
    """
    cases = [_case(pairs, int(index), crops, kinds, local, rng) for index in rng.integers(len(pairs), size=size)]
    return JudgeBatch(*(torch.from_numpy(np.stack(column)) for column in zip(*cases, strict=True)))


def _case(
    pairs: FilmedPairs, index: int, crops: Crops, kinds: Sequence[str], local: Sequence[str], rng: np.random.Generator
) -> tuple[NDArray[np.float32], ...]:
    """One set of events beside none, or beside the set before it, which it continues (`film-pairs chained=true`)."""
    pair, before = pairs.pair(index), pairs.pair(index - index % 2)
    is_continued = bool(index % 2) and rng.random() < _CONTINUED_SHARE
    frame, without = pair.target.copy(), before.target if is_continued else pair.frame
    labels, weights = np.zeros(len(kinds), np.float32), np.ones(len(kinds), np.float32)
    masks = np.zeros((len(local), *pair.sight.depth.shape), np.bool_)
    light = [event for event in pair.events if KINDS[event.kind].group is not None]
    for event in pair.events[-1:] if is_continued else pair.events:
        k, share = kinds.index(event.kind), float(pair.visible[DRAWN.index(event.kind)])
        if is_continued:
            share = float((np.abs(frame.astype(np.int16) - without).max(-1) > _CHANGED_LEVELS).mean())
        is_seen = event.strength >= _STRONG and share > _VISIBLE
        labels[k], weights[k] = is_seen, is_seen or share == 0.0
        if event in light and len(light) > 1 and not is_continued:
            labels[k], weights[k] = 0.0, 0.0  # the mask of light is one for all that light it
        if event.kind in local:
            masks[local.index(event.kind)] |= pair.masks[LOCAL.index(event.kind)]
    if "bonfire" in [event.kind for event in pair.events]:  # its light alone is filmed
        labels[kinds.index("bonfire")], weights[kinds.index("bonfire")] = 0.0, 0.0
        masks[local.index("bonfire")] = False
    if rng.random() < _THING_SHARE:
        _add_thing(frame, pair, crops, kinds, local, labels, weights, masks, rng)
    if rng.random() < 0.1:  # nothing happens
        frame, labels, weights, masks = without.copy(), 0 * labels, np.ones_like(weights), np.zeros_like(masks)
    noise = rng.normal(0.0, rng.uniform(0.0, _JITTER_LEVELS), frame.shape)
    noisy = [_jittered(picture, noise) for picture in (frame, without)]
    rows, columns = pair.sight.depth.shape
    cells = masks.reshape(len(local), rows // 2, 2, columns // 2, 2).mean((2, 4), dtype=np.float32)
    return *noisy, labels, weights, cells


def _add_thing(
    frame: NDArray[np.uint8], pair: Pair, crops: Crops, kinds: Sequence[str], local: Sequence[str],
    labels: NDArray[np.float32], weights: NDArray[np.float32], masks: NDArray[np.bool_], rng: np.random.Generator,
) -> None:  # fmt: skip
    """Lay a filmed thing into the frame at a random place on the ground, hidden by what is nearer."""
    row = int(rng.integers(len(crops)))
    kind = list(WINDOWS)[int(crops.kind[row])]
    sight, depth = pair.sight, pair.sight.depth.copy()
    metres, across = rng.uniform(_NEAREST_METRES, _FARTHEST_METRES), rng.uniform(0.1, 0.9) * depth.shape[1]
    ray = sight.ray_from_pixel @ np.array([across, depth.shape[0] / 2, 1.0])
    foot = sight.eye + metres * ray
    foot[2] = sight.eye[2] - 1.6
    found = box_of(kind, foot, sight.eye, sight.ray_from_pixel)
    if found is None:
        return
    rgba = np.ascontiguousarray(crops.rgba[row].permute(1, 2, 0).numpy())
    seen = composite(frame, depth, np.zeros(depth.shape, np.bool_), [Layer(rgba, *found, 1.0)])
    k = kinds.index(kind)
    labels[k], weights[k] = seen.sum() >= _LEAST_PIXELS, seen.sum() >= _LEAST_PIXELS or not seen.any()
    masks[local.index(kind)] = seen


def _jittered(picture: NDArray[np.uint8], noise: NDArray[np.float64]) -> NDArray[np.float32]:
    """(3, H, W) in 0..1, a little noisy, both branches alike: generated frames are not as clean as the twin's."""
    return np.clip((picture + noise) / 255.0, 0, 1).astype(np.float32).transpose(2, 0, 1)
