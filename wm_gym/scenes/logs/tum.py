"""TUM RGB-D logs: rgb.txt, depth.txt and groundtruth.txt, put together by their times.

Source: Sturm et al. 2012, "A benchmark for the evaluation of RGB-D SLAM systems", file formats.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, LogHints, PosedLog
from wm_gym.scenes.logs.reading import check_once, inside, picture_size, read_lines, read_numbers

UNITS_PER_METRE = 5000.0
MOST_SECONDS_APART = 0.02
_MOST_METRES_APART = 0.05
_DEFAULT_SIZE, _DEFAULT_LENS = (480, 640), (525.0, 525.0, 320.0, 240.0)
"""What the benchmark recommends for its registered depth, with pixel centres at +0.5."""


def read_tum(folder: Path, hints: LogHints) -> PosedLog:
    """The log in a folder. Its lens is of the hints, of `calibration.txt` (fx fy cx cy), or the benchmark's default.

    Raises:
        ValueError: If a list is missing or damaged, or the lens cannot be known.
    """
    if not (folder / "depth.txt").is_file():
        raise ValueError(f"{folder} must have depth, got a TUM log without depth.txt")
    rgb, depth = _files(folder / "rgb.txt"), _files(folder / "depth.txt")
    times, poses = _trajectory(folder / "groundtruth.txt", hints.metres_per_unit)
    if not rgb or not len(times):
        raise ValueError(f"{folder} must list pictures and poses, got {len(rgb)} pictures and {len(times)} poses")
    lens, note = _lens(folder, inside(folder, rgb[0][1], folder / "rgb.txt"), hints)
    depth_times = np.array([seconds for seconds, _ in depth])
    frames, left_out = [], {"without depth": [], "without pose": []}
    for seconds, name in rgb:
        of_depth, of_pose = _nearest(depth_times, seconds), _nearest(times, seconds)
        if of_depth is None or of_pose is None:
            left_out["without depth" if of_depth is None else "without pose"].append(name)
            continue
        colour = inside(folder, name, folder / "rgb.txt")
        frames.append(LogFrame(colour, inside(folder, depth[of_depth][1], folder / "depth.txt"), poses[of_pose], lens))
    units = hints.depth_units_per_metre or UNITS_PER_METRE
    return PosedLog("tum", folder, tuple(frames), units, left_out, (note,))


def _files(path: Path) -> list[tuple[float, str]]:
    """Times in seconds and file names of a list, in order of time; each is there once."""
    rows = list(read_lines(path))
    if any(len(row) != 2 for row in rows):
        raise ValueError(f"{path} must have a time and a file name in each line, got {' '.join(_odd(rows, 2))!r}")
    check_once((row[1] for row in rows), path)
    _check_times([read_numbers(row[:1], path)[0] for row in rows], path)
    return sorted((read_numbers(row[:1], path)[0], row[1]) for row in rows)


def _trajectory(path: Path, metres_per_unit: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """(P,) times and P poses; a damaged pose is refused."""
    rows = list(read_lines(path))
    if any(len(row) != 8 for row in rows):
        raise ValueError(
            f"{path} must have time, position and quaternion in each line, got {' '.join(_odd(rows, 8))!r}"
        )
    numbers = np.array([read_numbers(row, path) for row in rows]).reshape(-1, 8)
    numbers = numbers[np.argsort(numbers[:, 0], kind="stable")]
    if not np.isfinite(numbers).all() or (np.abs(np.linalg.norm(numbers[:, 4:], axis=1) - 1) > 0.01).any():
        raise ValueError(f"{path} must have finite positions and quaternions of length 1, got others")
    poses = np.tile(np.eye(4), (len(numbers), 1, 1))
    if len(numbers):
        poses[:, :3, :3] = Rotation.from_quat(numbers[:, 4:]).as_matrix()
        poses[:, :3, 3] = numbers[:, 1:4] * metres_per_unit
    _check_poses(numbers[:, 0], poses, path)
    return numbers[:, 0], list(poses)


def _check_poses(times: np.ndarray, poses: np.ndarray, path: Path) -> None:
    """Refuse two places at one time. Times are rounded, so that two poses of one that hardly differ are let be."""
    apart = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1)
    twice = np.flatnonzero((np.diff(times) == 0) & (apart > _MOST_METRES_APART))
    if len(twice):
        raise ValueError(
            f"{path} must have one pose for each time, got two {apart[twice[0]]:.2f} m apart at {times[twice[0]]:.6f}"
        )


def _check_times(seconds: list[float], path: Path) -> None:
    twice = np.flatnonzero(np.diff(np.sort(seconds)) == 0)
    if len(twice):
        raise ValueError(f"{path} must have one file for each time, got two at {np.sort(seconds)[twice[0]]:.6f}")


def _odd(rows: list[list[str]], count: int) -> list[str]:
    return next(row for row in rows if len(row) != count)


def _nearest(times: np.ndarray, seconds: float) -> int | None:
    """Row of the nearest time, None where it is too far off."""
    if not len(times):
        return None
    after = int(np.searchsorted(times, seconds).clip(0, len(times) - 1))
    nearest = min((max(after - 1, 0), after), key=lambda row: abs(times[row] - seconds))
    return nearest if abs(times[nearest] - seconds) <= MOST_SECONDS_APART else None


def _lens(folder: Path, first: Path, hints: LogHints) -> tuple[Lens, str]:
    size, calibration = picture_size(first), folder / "calibration.txt"
    if hints.intrinsics:
        numbers, note = list(hints.intrinsics), "intrinsics are those of the setting"
    elif calibration.is_file():
        numbers = [number for row in read_lines(calibration) for number in read_numbers(row, calibration)][:4]
        note = "intrinsics are those of calibration.txt"
    elif size == _DEFAULT_SIZE:
        numbers, note = list(_DEFAULT_LENS), "intrinsics are the benchmark's default, since the log names none"
    else:
        raise ValueError(
            f"log.intrinsics must be given as [fx,fy,cx,cy] for a TUM log of {size[0]} x {size[1]} pixels without "
            "calibration.txt, got none"
        )
    if len(numbers) != 4:
        raise ValueError(f"{calibration} must hold fx, fy, cx and cy, got {len(numbers)} numbers")
    return Lens.of(*size, numbers), note
