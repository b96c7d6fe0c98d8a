"""Logs in the folders of ScanNet: color/N.jpg, depth/N.png, pose/N.txt and intrinsic/intrinsic_{color,depth}.txt.

Poses are world_from_camera with OpenCV's axes; depth is in millimetres and may be of another size than the colours.
"""

from __future__ import annotations

from pathlib import Path

from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.posed_log import LogFrame, LogHints, PosedLog
from wm_gym.scenes.logs.reading import (
    DEPTH_SUFFIXES,
    check_once,
    depth_size,
    inside,
    is_rigid,
    picture_size,
    read_matrix,
)

UNITS_PER_METRE = 1000.0


def read_scannet(folder: Path, hints: LogHints) -> PosedLog:
    """The log in a folder. Pictures whose tracking was lost (poses of infinity) are left out.

    Raises:
        ValueError: If a file is missing or damaged.
    """
    colours = sorted((one for one in (folder / "color").iterdir() if one.is_file()), key=_number)
    if not colours:
        raise ValueError(f"{folder / 'color'} must hold pictures, got none")
    if not (folder / "depth").is_dir():
        raise ValueError(f"{folder} must have depth, got a ScanNet log without depth/")
    depth_files = [one for one in (folder / "depth").iterdir() if one.suffix in DEPTH_SUFFIXES]
    for part, files in (("color", colours), ("depth", depth_files)):
        check_once((one.stem for one in files), folder / part)
    depths = {one.stem: one for one in depth_files}
    frames, left_out = [], {"without depth": [], "without pose": []}
    lens = _lens(folder, "color", picture_size(colours[0]), hints.intrinsics)
    depth_lens = _depth_lens(folder, depth_size(min(depths.values())), lens) if depths else lens
    for colour in colours:
        pose_file = folder / "pose" / f"{colour.stem}.txt"
        if colour.stem not in depths:
            left_out["without depth"].append(colour.name)
            continue
        pose = read_matrix(inside(folder, f"pose/{pose_file.name}", folder)) if pose_file.is_file() else None
        if pose is None or not is_rigid(pose):
            left_out["without pose"].append(colour.name)
            continue
        pose[:3, 3] *= hints.metres_per_unit
        colour = inside(folder, f"color/{colour.name}", folder)
        frames.append(
            LogFrame(colour, inside(folder, f"depth/{depths[colour.stem].name}", folder), pose, lens, depth_lens)
        )
    units = hints.depth_units_per_metre or UNITS_PER_METRE
    return PosedLog("scannet", folder, tuple(frames), units, left_out)


def _number(path: Path) -> tuple[int, str]:
    digits = "".join(letter for letter in path.stem if letter.isdigit())
    return int(digits or 0), path.name


def _depth_lens(folder: Path, size: tuple[int, int], lens: Lens) -> Lens:
    """Of `intrinsic_depth.txt`, or of the colours' where there is none."""
    path = folder / "intrinsic" / "intrinsic_depth.txt"
    return _lens(folder, "depth", size, ()) if path.is_file() else lens.resized(*size)


def _lens(folder: Path, part: str, size: tuple[int, int], given: tuple[float, ...]) -> Lens:
    """Of the hints, or of `intrinsic_{part}.txt`."""
    height, width = size
    if given:
        return Lens.of(height, width, given)
    matrix = read_matrix(folder / "intrinsic" / f"intrinsic_{part}.txt")
    # its pixel centres are whole numbers
    return Lens(width, height, matrix[0, 0], matrix[1, 1], matrix[0, 2] + 0.5, matrix[1, 2] + 0.5)
