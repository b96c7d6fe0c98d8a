"""Point clouds as PLY files. Knows nothing of where the points come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElement

from wm_gym.files.atomic import write_atomically

VERTEX = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("red", "u1"), ("green", "u1"), ("blue", "u1")]


def write_ply(path: str | Path, positions: np.ndarray, colours: np.ndarray) -> None:
    """Write a binary PLY file atomically.

    Args:
        path: File to write or replace.
        positions: (P, 3), metres.
        colours: (P, 3) uint8.

    Raises:
        ValueError: If positions or colours are not (P, 3), or colours are not uint8.
    """
    if positions.ndim != 2 or positions.shape[1] != 3 or colours.shape != positions.shape:
        raise ValueError(f"positions and colours must be (P, 3), got {positions.shape} and {colours.shape}")
    if colours.dtype != np.uint8:
        raise ValueError(f"colours must be uint8, got {colours.dtype}")
    vertices = np.empty(len(positions), dtype=VERTEX)
    for column, name in enumerate("xyz"):
        vertices[name] = positions[:, column]
    for column, name in enumerate(("red", "green", "blue")):
        vertices[name] = colours[:, column]
    write_atomically(Path(path), PlyData([PlyElement.describe(vertices, "vertex")], byte_order="<").write)
