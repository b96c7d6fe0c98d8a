"""Windows of drafts to learn from, drawn as they are needed: no file of them is ever written.

A sample is a square window of a place, turned, mirrored and with its kinds renumbered. A part of it is known, as a
world knows it; of the rest some patches are shown as sampling would have drawn them, and the others are asked for. In
some samples known patches are false and asked for too, so that the network learns to mend.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wm_gym.layout.cells import PATCH, UNKNOWN, UNSURE, Grid
from wm_gym.layout.dictionary import Encoder
from wm_gym.layout.network import ANY_FAMILY
from wm_gym.layout.rasterising import Raster, rasterised
from wm_gym.layout.windows import WINDOW, known_objects, known_part, patches_of, renumbered, turned, windows_of
from wm_gym.layout.words import UNSAID, shown_words
from wm_gym.plans import FAMILIES, Draft, draft_of

HELD_OUT_SEEDS = 1000
"""Plans with smaller numbers are never trained on."""

_TRAIN_SEEDS = 1_000_000
_SHIFT_METRES = 14.0
_ANYWHERE = 0.5
"""Share of windows that lie anywhere in a place: what parts and joins its spaces is met as often as they are."""

_LEAST_INSIDE, _MOST_TRIES = 0.6, 40
_FAMILY_WEIGHTS = np.array([0.24, 0.2, 0.17, 0.17, 0.17, 0.05])


@dataclass(frozen=True)
class Window:
    """A part of a place, of which all is known that lies within it.

    Attributes:
        cells: (S, S) uint8 classes, `UNKNOWN` outside of the place.
        objects: (G, G) uint8 objects of patches, `UNSURE` outside.
        family: Number of its family.
    """

    cells: Grid
    objects: NDArray[np.uint8]
    family: int


@dataclass(frozen=True)
class LayoutBatch:
    """N samples.

    Attributes:
        cells: (N, S, S) int64, what is shown, `UNKNOWN` elsewhere.
        objects: (N, G, G) int64, what is shown, `UNSURE` elsewhere.
        family: (N,) int64.
        words: (N, W) int64.
        codes: (N, G, G) int64 numbers of the true patches.
        asked: (N, G, G) bool, the patches that are asked for.
        standing: (N, G, G) int64 true objects.
        asked_objects: (N, G, G) bool, the patches whose objects are asked for.
    """

    cells: Tensor
    objects: Tensor
    family: Tensor
    words: Tensor
    codes: Tensor
    asked: Tensor
    standing: Tensor
    asked_objects: Tensor

    def to(self, device: torch.device) -> LayoutBatch:
        """The batch on a device."""
        return LayoutBatch(*(getattr(self, field.name).to(device) for field in fields(self)))


def draw_window(rng: np.random.Generator, *, held_out: bool = False, family: int | None = None) -> Window:
    """A window of a place that is drawn, round one of its spaces or anywhere.

    Args:
        rng: Draws place, window, turn and kinds.
        held_out: Of the places that are never trained on.
        family: Number of the family, or None for any.
    """
    number = int(rng.choice(len(FAMILIES), p=_FAMILY_WEIGHTS)) if family is None else family
    seed = int(rng.integers(HELD_OUT_SEEDS) if held_out else rng.integers(HELD_OUT_SEEDS, _TRAIN_SEEDS))
    draft = draft_of(FAMILIES[number], seed)
    cells, objects = _cut(draft, rasterised(draft, number), rng)
    cells, objects = turned(cells, objects, int(rng.integers(8)))
    return Window(renumbered(cells, rng), objects, number)


def _cut(draft: Draft, raster: Raster, rng: np.random.Generator) -> tuple[Grid, NDArray[np.uint8]]:
    """A window most of which lies in the place, if it is large enough, with its corner on the lattice of patches."""
    padded = np.pad(raster.grid, WINDOW, constant_values=UNKNOWN)
    standing = np.pad(raster.objects, WINDOW // PATCH, constant_values=UNSURE)
    best: tuple[Grid, NDArray[np.uint8]] | None = None
    fullest = 0.0
    for _ in range(_MOST_TRIES):
        at = _somewhere(draft, rng)
        i, j = ((at / 2.0).round().astype(int) - WINDOW // PATCH // 2 + WINDOW // PATCH).tolist()
        cells = padded[i * PATCH : i * PATCH + WINDOW, j * PATCH : j * PATCH + WINDOW]
        inside = float((cells != UNKNOWN).mean())
        if cells.shape == (WINDOW, WINDOW) and inside > fullest:
            fullest, best = inside, (cells, standing[i : i + WINDOW // PATCH, j : j + WINDOW // PATCH])
        if fullest > _LEAST_INSIDE:
            break
    assert best is not None
    return best


def _somewhere(draft: Draft, rng: np.random.Generator) -> NDArray[np.float64]:
    """Metres (2,) from the corner of a place to the middle of a window: by one of its spaces, or anywhere in it."""
    if rng.random() < _ANYWHERE:
        return rng.uniform(0, (draft.extent.width, draft.extent.height))
    rect = draft.spaces[int(rng.integers(len(draft.spaces)))].rect
    middle = np.array(rect.centre) - (draft.extent.x0, draft.extent.y0)
    return middle + rng.uniform(-_SHIFT_METRES, _SHIFT_METRES, 2)


def batch_of(windows: list[Window], encoder: Encoder, rng: np.random.Generator, mended: float = 0.2) -> LayoutBatch:
    """Windows with parts of them hidden.

    Args:
        windows: N.
        encoder: Of the dictionary.
        rng: Draws what is hidden.
        mended: Share of samples in which some of what is shown is false.
    """
    rows = [_sample(window, encoder, rng, mends=rng.random() < mended) for window in windows]
    return LayoutBatch(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))


def _sample(window: Window, encoder: Encoder, rng: np.random.Generator, *, mends: bool) -> tuple[Any, ...]:
    patches = patches_of(window.cells)
    inside = (patches != UNKNOWN).all(-1)
    known = known_part(window.cells, rng) if rng.random() > 0.15 else np.ones_like(window.cells, bool)
    whole = patches_of(known.astype(np.uint8)).all(-1)
    codes = np.where(inside, encoder(np.where(inside[..., None], patches, patches[inside][0])), 0)
    left = np.cos(np.pi / 2 * rng.random())
    shown = ~whole & inside & (rng.random(whole.shape) > left)
    cells = np.where(known, window.cells, UNKNOWN)
    drawn = windows_of(np.where(shown[..., None], encoder.dictionary[codes], UNKNOWN).astype(np.uint8))
    cells = np.where((cells == UNKNOWN) & (drawn != UNKNOWN), drawn, cells)
    asked = inside & ~whole & ~shown
    if mends:
        wrong = inside & ~asked & (rng.random(whole.shape) < rng.uniform(0.01, 0.08))
        others = encoder.dictionary[rng.permutation(codes[inside])[rng.integers(inside.sum(), size=whole.shape)]]
        cells = np.where(np.repeat(np.repeat(wrong, PATCH, 0), PATCH, 1), windows_of(others), cells)
        asked |= wrong
    objects = _shown_objects(window, known, rng)
    return (
        cells.astype(np.int64), objects.astype(np.int64), np.int64(_told_family(window.family, rng)),
        _told_words(window, rng), codes, asked,
        np.where(window.objects == UNSURE, 0, window.objects).astype(np.int64),
        (objects == UNSURE) & (window.objects != UNSURE) & bool(known.all()),
    )  # fmt: skip


def _shown_objects(window: Window, known: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Objects that a sample shows: where all cells are known, some of them, as if they were being drawn."""
    if known.all():
        near = known_part(window.cells, rng)
        hidden = known_objects(window.objects, near) == UNSURE
        return np.where(hidden & (rng.random(hidden.shape) < rng.uniform(0.1, 1.0)), UNSURE, window.objects)
    return known_objects(window.objects, known) if rng.random() < 0.7 else np.full_like(window.objects, UNSURE)


def _told_family(family: int, rng: np.random.Generator) -> int:
    return ANY_FAMILY if rng.random() < 0.1 else family


def _told_words(window: Window, rng: np.random.Generator) -> NDArray[np.int64]:
    """What is said of a window: all that it shows, some of it, or nothing."""
    words = shown_words(window.cells, window.objects)
    return np.where(rng.random(len(words)) < rng.choice([0.3, 0.8, 1.0]), UNSAID, words)
