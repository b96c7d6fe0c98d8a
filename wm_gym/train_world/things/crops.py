"""Filmed crops, and batches of two crops of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from wm_gym.entities.crops import WINDOWS, premultiplied

SHARES = {
    "walker": 0.66, "bonfire": 0.06, "crate": 0.06, "car": 0.12, "birds": 0.03, "lamp_post": 0.02, "tree": 0.05,
}  # fmt: skip
"""Of the kinds among pairs; what varies most is drawn most."""


@dataclass(frozen=True)
class Crops:
    """M crops.

    Attributes:
        rgba: (M, 4, 48, 32) float32 in 0..1, premultiplied.
        kind: (M,) int64.
        angle: (M,) float32 radians.
        phase: (M,) float32 in 0..1.
        look: (M,) int64, equal for crops of one thing; -1 for kinds whose things look alike.
    """

    rgba: Tensor
    kind: Tensor
    angle: Tensor
    phase: Tensor
    look: Tensor

    def __len__(self) -> int:
        return len(self.kind)

    def rows(self, indices: Tensor) -> Crops:
        """Some of the crops."""
        return Crops(*(value[indices] for value in vars(self).values()))

    def to(self, device: torch.device) -> Crops:
        """The crops on a device."""
        return Crops(*(value.to(device) for value in vars(self).values()))


@dataclass(frozen=True)
class CropPairs:
    """N pairs of crops of one thing each: one to tell looks from, one to draw."""

    known: Crops
    wanted: Crops

    def to(self, device: torch.device) -> CropPairs:
        """The pairs on a device."""
        return CropPairs(self.known.to(device), self.wanted.to(device))


def read_crops(folder: str | Path) -> Crops:
    """All crops of a folder of `film-things`.

    Raises:
        ValueError: If there are none, or a file cannot be read.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("rgba", "kind", "angle", "phase", "look")}
    for path in sorted(Path(folder).glob("place-*.npz")):
        try:
            with np.load(path) as arrays:
                found = {name: arrays[name] for name in parts}
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{path} must be a whole file of film-things, got one that cannot be read") from error
        if len(found["kind"]):
            for name, part in parts.items():
                part.append(found[name])
    if not parts["kind"]:
        raise ValueError(f"{folder} must hold crops that film-things made, got none")
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    rgba = torch.from_numpy(premultiplied(joined["rgba"])).permute(0, 3, 1, 2).contiguous()
    numbers = {name: torch.from_numpy(joined[name]) for name in ("kind", "angle", "phase", "look")}
    return Crops(
        rgba, numbers["kind"].long(), numbers["angle"].float(), numbers["phase"].float(), numbers["look"].long()
    )


def by_thing(crops: Crops) -> list[np.ndarray]:
    """Indices of the crops of each thing that has more than one."""
    keys = crops.look.numpy() * 16 + crops.kind.numpy()
    groups = [np.flatnonzero(keys == key) for key in np.unique(keys)]
    return [group for group in groups if len(group) > 1]


def draw_pairs(crops: Crops, things: list[np.ndarray], size: int, rng: np.random.Generator) -> CropPairs:
    """Pairs of crops of one thing each; kinds by `SHARES`, of a kind each thing as often as it has crops."""
    kinds = np.array([int(crops.kind[group[0]]) for group in things])
    sizes = np.array([len(group) for group in things], np.float64)
    of_kind = np.bincount(kinds, sizes, len(WINDOWS))
    wanted = np.array([SHARES[kind] for kind in WINDOWS])
    shares = sizes / of_kind[kinds] * wanted[kinds]
    chosen = rng.choice(len(things), size, p=shares / shares.sum())
    rows = np.array([rng.choice(things[k], 2, replace=False) for k in chosen])
    known, wanted_crops = (crops.rows(torch.from_numpy(rows[:, k])) for k in range(2))
    return CropPairs(known, wanted_crops)
