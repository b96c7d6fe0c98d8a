"""Splits of the twin's maps: every map belongs to one split for good.

Maps whose number ends in 9 are for testing, in every family and at every difficulty.
"""

from __future__ import annotations

from typing import Literal

from wm_gym.scenes.families import FAMILIES

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
_EVERY = 10
_TEST_DIGIT = 9


def split_of(family: str, seed: int) -> Split:
    """The split of a map.

    Raises:
        ValueError: If the family is none, or the seed is negative.
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {sorted(FAMILIES)}, got {family!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    return "test" if seed % _EVERY == _TEST_DIGIT else "train"


def nth_seed(split: Split, n: int) -> int:
    """The n-th map number of a split, counted from 0.

    Raises:
        ValueError: If there is no such split, or n is negative.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {list(SPLITS)}, got {split!r}")
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if split == "test":
        return n * _EVERY + _TEST_DIGIT
    return n // (_EVERY - 1) * _EVERY + n % (_EVERY - 1)
