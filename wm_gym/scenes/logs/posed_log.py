"""A posed RGB-D log: which pictures it has, where each was taken and with which lens. Nothing is read yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wm_gym.scenes.logs.lenses import Lens


@dataclass(frozen=True, eq=False)
class LogFrame:
    """One posed picture with depth.

    Attributes:
        colour: Picture file.
        depth: File of planar depth, or None.
        world_from_camera: (4, 4) float64 in the log's own world and unit, camera axes as OpenCV's.
        lens: Of the colours.
        depth_lens: Of the depth, where it is another one.
    """

    colour: Path
    depth: Path | None
    world_from_camera: np.ndarray
    lens: Lens
    depth_lens: Lens | None = None


@dataclass(frozen=True, eq=False)
class PosedLog:
    """A log in the order in which it was taken.

    Attributes:
        format: Row of `formats.FORMATS`.
        folder: Where it lies.
        frames: F posed pictures.
        depth_units_per_metre: What numbers in depth files are divided by.
        left_out: What has no pose or no depth: reason to names of pictures.
        notes: What was assumed or undone, a sentence each.
    """

    format: str
    folder: Path
    frames: tuple[LogFrame, ...]
    depth_units_per_metre: float
    left_out: dict[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LogHints:
    """What a user knows of a log that its files do not say.

    Attributes:
        intrinsics: fx, fy, cx, cy in pixels of the colours, with pixel centres at +0.5; empty for those of the files.
        depth_units_per_metre: Numbers in depth files for a metre; 0 for the format's own.
        metres_per_unit: Metres in a unit of the poses.
    """

    intrinsics: tuple[float, ...] = ()
    depth_units_per_metre: float = 0.0
    metres_per_unit: float = 1.0
