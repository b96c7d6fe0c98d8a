"""nerfstudio's `transforms.json`, as Polycam, Record3D and `ns-process-data` write it, with depth files.

Poses are world_from_camera with OpenGL's axes (x right, y up, z backward) and become OpenCV's. Distortion of Brown and
Conrady is undone; other lenses are refused. Source: nerfstudio's page "Data conventions".
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, LogHints, PosedLog
from wm_gym.scenes.logs.reading import check_once, depth_size, inside, is_rigid, picture_size, read_json

UNITS_PER_METRE = 1000.0
MODELS = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE")
OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])


def read_nerfstudio(folder: Path, hints: LogHints) -> PosedLog:
    """The log in a folder.

    Raises:
        ValueError: If `transforms.json` is damaged, names a lens that cannot be undone, or files that are not there.
    """
    path = folder / "transforms.json"
    told = read_json(path)
    rows = told.get("frames")
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "file_path" in row for row in rows):
        raise ValueError(f"{path} must list its frames with their file_path, got {str(rows)[:60]!r}")
    if not any(row.get("depth_file_path") for row in rows):
        raise ValueError(f"{path} must name depth files (depth_file_path), got none: this log has colours alone")
    check_once((str(row["file_path"]) for row in rows), path)
    frames, left_out = [], {"without depth": [], "without pose": []}
    for row in rows:
        if not row.get("depth_file_path"):
            left_out["without depth"].append(str(row["file_path"]))
            continue
        pose = _pose(row, hints.metres_per_unit)
        if pose is None:
            left_out["without pose"].append(str(row["file_path"]))
            continue
        colour, depth = (inside(folder, str(row[name]), path) for name in ("file_path", "depth_file_path"))
        frames.append(LogFrame(colour, depth, pose, *_lenses({**told, **row}, colour, depth, path, hints)))
    scale = float(told.get("depth_unit_scale_factor", 1 / UNITS_PER_METRE))
    notes = ("distortion was undone",) if any(any(frame.lens.distortion) for frame in frames) else ()
    return PosedLog("nerfstudio", folder, tuple(frames), hints.depth_units_per_metre or 1 / scale, left_out, notes)


def _pose(row: dict[str, Any], metres_per_unit: float) -> np.ndarray | None:
    try:
        pose = np.array(row["transform_matrix"], np.float64)
    except (KeyError, TypeError, ValueError):
        return None
    if not is_rigid(pose):
        return None
    pose = pose @ OPENCV_FROM_OPENGL
    pose[:3, 3] *= metres_per_unit
    return pose


def _lenses(told: dict[str, Any], colour: Path, depth: Path, path: Path, hints: LogHints) -> tuple[Lens, Lens | None]:
    """The lens of a frame's colours, and that of its depth where it is of another size."""
    height, width = picture_size(colour)
    lens = Lens.of(height, width, hints.intrinsics) if hints.intrinsics else _lens(told, (height, width), path)
    size = depth_size(depth)
    return lens, None if size == (height, width) else lens.resized(*size)


def _lens(told: dict[str, Any], size: tuple[int, int], path: Path) -> Lens:
    height, width = size
    model = str(told.get("camera_model", "OPENCV"))
    if model not in MODELS:
        raise ValueError(f"{path} must have a camera_model of {list(MODELS)}, got {model!r}")
    if any(told.get(name) for name in ("k3", "k4", "k5", "k6")):
        raise ValueError(f"{path} must have no distortion beyond k1, k2, p1 and p2, got k3 to k6")
    if (int(told.get("h", height)), int(told.get("w", width))) != size:
        raise ValueError(
            f"{path} must name the size of its pictures, {height} x {width}, got {told['h']} x {told['w']}"
        )
    try:
        across = float(told["fl_x"]) if "fl_x" in told else width / 2 / math.tan(float(told["camera_angle_x"]) / 2)
        others = (("fl_y", across), ("cx", width / 2), ("cy", height / 2))
        numbers = [across, *(float(told.get(name, default)) for name, default in others)]
        distortion = [float(told.get(name, 0.0)) for name in ("k1", "k2", "p1", "p2")]
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{path} must name fl_x or camera_angle_x, and numbers for its lens, got {error}") from error
    return Lens.of(height, width, numbers, distortion)
