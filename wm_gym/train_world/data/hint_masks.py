"""Masks of hints in one byte per pixel: bit 0 seen, bit 1 moving, bit 2 same appearance."""

from __future__ import annotations

from torch import Tensor

from wm_gym.memory.hints import Hints


def pack_masks(hints: Hints) -> Tensor:
    """uint8, shaped as the masks."""
    return hints.seen.byte() | (hints.moving.byte() << 1) | (hints.same_appearance.byte() << 2)


def unpack_masks(packed: Tensor) -> dict[str, Tensor]:
    """The masks by their names in `Hints`."""
    names = "seen", "moving", "same_appearance"
    return {name: (packed & (1 << bit)).bool() for bit, name in enumerate(names)}
