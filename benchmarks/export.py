"""Exported clouds and meshes against the twin's surfaces.

    python benchmarks/export.py [--voxel 0.05] [--places rooms/9 city/9 ...] [--json PATH]

For each shipped place its capture is fused (`wm-gym export`) and compared with the twin's surfaces: the points of its
exact depth at 64 poses of the place, of which the shipped key frames are the first 32, within 15 m of a camera. What is
made is to lie near one of these points (precision); those of the other 32 poses that a shipped key frame shows too are
to have something made near them (recall). Distances at which a point counts as on a surface: 5 cm and 10 cm. Rows: the
cloud; the mesh (its vertices); the capture's own points without fusion; what a memory of the capture holds, as
`wm-gym export` writes it of a saved state (`memory`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from wm_gym.backends.twin.capture import capture_place
from wm_gym.evaluation.surfaces import surface_scores
from wm_gym.geometry.cameras import project, unproject
from wm_gym.geometry.poses import inverse, transform
from wm_gym.memory.cloud import point_cloud
from wm_gym.memory.config import MemoryConfig
from wm_gym.memory.keyframes import build_memory
from wm_gym.reconstruction.fusion import Fusion, FusionConfig
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.places import find_place
from wm_gym.scenes.sources import shipped_file
from wm_gym.world.exporting import keyframes_of
from wm_gym.world_model import Capture

TOLERANCES_METRES = (0.05, 0.1)
FARTHEST_METRES = 15.0
_SAME_DEPTH, _THINNED_METRES = 0.02, 0.02


def main() -> None:
    """Print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voxel", type=float, default=0.05)
    parser.add_argument("--places", nargs="+", default=["rooms/9", "city/9", "courtyard/9", "park/9", "warehouse/9"])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    figures = {place: scores_of(place, asked.voxel) for place in asked.places}
    for place, rows in figures.items():
        for row, values in rows.items():
            print(f"{place:14s} {row:8s} " + "  ".join(f"{name} {value:.3f}" for name, value in values.items()))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2))


def scores_of(name: str, voxel_metres: float) -> dict[str, dict[str, float]]:
    """Figures of each row for a place."""
    capture = load_capture(shipped_file(name)).capture
    assert capture is not None
    rows, columns = capture.depth.shape[1:]
    more = capture_place(find_place(name, 0, "full"), rows, columns, num_keyframes=64).capture
    assert more is not None
    own, others = _points(more, slice(0, 32)), _points(more, slice(32, 64))
    true = np.concatenate([own, others])
    wanted = np.concatenate([np.zeros(len(own), bool), _is_shown(capture, others)])
    fusion = Fusion(FusionConfig(voxel_metres, FARTHEST_METRES))
    for frame in keyframes_of(capture):
        fusion.add(*frame)
    still = torch.where(capture.moving, 0.0, capture.depth)
    lens = capture.intrinsics
    memory = build_memory(capture.frames, still, capture.world_from_camera, lens, MemoryConfig())
    made = {
        "cloud": fusion.cloud()[0],
        "mesh": np.asarray(fusion.mesh().vertices),
        "points": _points(capture, slice(0, 32)),
        "memory": point_cloud(memory).positions,
    }
    return {row: surface_scores(points, true, TOLERANCES_METRES, wanted) for row, points in made.items()}


def _points(capture: Capture, rows: slice) -> np.ndarray:
    """(P, 3) still points of key frames that are near enough, one in each cell of 2 cm."""
    depth = torch.where(capture.moving, 0.0, capture.depth)[rows]
    points = unproject(depth, capture.intrinsics, capture.world_from_camera[rows])
    near = points[(depth > 0) & (depth < FARTHEST_METRES)].numpy()
    _, rows_kept = np.unique(np.floor(near / _THINNED_METRES).astype(np.int32), axis=0, return_index=True)
    return near[rows_kept]


def _is_shown(capture: Capture, points: np.ndarray) -> np.ndarray:
    """(P,) whether some key frame shows a point, near enough and at its depth."""
    given, seen = torch.from_numpy(points).float(), np.zeros(len(points), bool)
    rows, columns = capture.depth.shape[1:]
    for k in range(len(capture.frames)):
        at, metres = project(transform(inverse(capture.world_from_camera[k]), given), capture.intrinsics)
        pixels = at.floor().long()
        inside = (metres > 0.1) & (pixels >= 0).all(1) & (pixels[:, 0] < columns) & (pixels[:, 1] < rows)
        own = capture.depth[k][pixels[:, 1].clamp(0, rows - 1), pixels[:, 0].clamp(0, columns - 1)]
        near = ((metres / own.clamp(min=1e-3) - 1).abs() < _SAME_DEPTH) & (metres < FARTHEST_METRES)
        seen |= (inside & near).numpy()
    return seen


if __name__ == "__main__":
    main()
