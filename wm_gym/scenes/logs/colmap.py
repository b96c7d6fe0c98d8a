"""COLMAP models with a folder of depth.

Poses are camera_from_world in a unit of the model's own; depth lies in `depth/`, `depths/` or COLMAP's
`stereo/depth_maps/` under the picture's name. Source: COLMAP's page "Output format".
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from wm_gym.scenes.logs.colmap_model import read_model
from wm_gym.scenes.logs.formats import colmap_model
from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, LogHints, PosedLog
from wm_gym.scenes.logs.reading import DEPTH_SUFFIXES, depth_size, inside

UNITS_PER_METRE = 1000.0
DEPTH_FOLDERS = ("depth", "depths", "stereo/depth_maps")


def read_colmap(folder: Path, hints: LogHints) -> PosedLog:
    """The log in a folder: a model, and `images/` beside it or around it.

    Raises:
        ValueError: If the model is damaged, or there are no pictures or no depth.
    """
    model = colmap_model(folder)
    assert model is not None
    pictures = next((folder / name for name in ("images", ".") if (folder / name).is_dir()), folder)
    depths = _depth_files(folder)
    if not depths:
        raise ValueError(f"{folder} must have depth, got a COLMAP model without {', '.join(DEPTH_FOLDERS)}")
    in_model_units = all(one.suffix == ".bin" for one in depths.values())
    frames, left_out = [], {"without depth": []}
    for image in sorted(read_model(model), key=lambda one: one.name):
        depth = depths.get(image.name) or depths.get(str(Path(image.name).with_suffix("")))
        if depth is None:
            left_out["without depth"].append(image.name)
            continue
        colour = inside(pictures, image.name, model)
        lens = Lens.of(image.lens.height, image.lens.width, hints.intrinsics) if hints.intrinsics else image.lens
        size = depth_size(depth)
        depth_lens = None if size == (lens.height, lens.width) else lens.resized(*size)
        pose = _world_from_camera(image.quaternion, image.position, hints.metres_per_unit)
        frames.append(LogFrame(colour, depth, pose, lens, depth_lens))
    own = 1 / hints.metres_per_unit if in_model_units else UNITS_PER_METRE
    notes = ("distortion was undone",) if any(any(frame.lens.distortion) for frame in frames) else ()
    units = hints.depth_units_per_metre or own
    return PosedLog("colmap", folder, tuple(frames), units, left_out, (*notes, "COLMAP's unit is one of its own"))


def _world_from_camera(quaternion: np.ndarray, position: np.ndarray, metres_per_unit: float) -> np.ndarray:
    """(4, 4) from COLMAP's camera_from_world: quaternion w, x, y, z and position."""
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_quat(np.roll(quaternion, -1)).as_matrix().T
    pose[:3, 3] = -pose[:3, :3] @ position * metres_per_unit
    return pose


def _depth_files(folder: Path) -> dict[str, Path]:
    """Depth files by the names of their pictures, with or without their suffix; photometric maps are left out."""
    found: dict[str, Path] = {}
    for name in DEPTH_FOLDERS:
        for path in sorted((folder / name).rglob("*")) if (folder / name).is_dir() else ():
            if path.suffix not in DEPTH_SUFFIXES or path.name.endswith(".photometric.bin"):
                continue
            told = str(path.relative_to(folder / name).with_suffix("")).removesuffix(".geometric")
            found.setdefault(told, inside(folder, str(path.relative_to(folder)), folder))
    return found
