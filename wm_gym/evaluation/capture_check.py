"""`wm-gym check-capture`: a contact sheet of a capture, its scale and coverage, and what is wrong with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from wm_gym.evaluation.pictures import contact_sheet, paint_depth, paint_map
from wm_gym.files.atomic import check_writable, write_atomically
from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.geometry.motion import OPENING_EYE_METRES, START_BODY_POSE
from wm_gym.scenes.captures import load_capture
from wm_gym.scenes.keyframe_scale import fits
from wm_gym.scenes.logs.agreement import check_agreement, check_metres
from wm_gym.scenes.logs.candidates import HEIGHT, WIDTH, Candidates, sharpness_of
from wm_gym.scenes.logs.keyframes import points_of
from wm_gym.scenes.logs.levelling import level_of
from wm_gym.world_model import Capture

_PER_ROW, _SHOWN_ROWS = 8, 72
_DEFAULT_SIZE = (48, 64)
_MOST_TILT_DEGREES, _FLOOR_METRES = 2.0, 0.2
_LEAST_KNOWN, _LEAST_HEADINGS = 0.6, 0.5
_SECTORS, _CELL_METRES = 36, 0.5


@dataclass
class CheckConfig:
    """The capture that is looked at.

    Attributes:
        capture: File of the capture, `.npz`.
        output: File of the contact sheet, `.png`.
    """

    capture: str = "outputs/capture.npz"
    output: str = "outputs/capture.png"

    def __post_init__(self) -> None:
        if Path(self.output).suffix != ".png":
            raise ValueError(f"output must be a file that ends in .png, got {self.output!r}")


def check_capture(config: CheckConfig) -> tuple[dict[str, str], list[str]]:
    """Write the contact sheet; returns figures by name, and what is wrong, a sentence each.

    Raises:
        ValueError: If the file is no capture, or the sheet cannot be written.
        RuntimeError: If the disk cannot take it.
    """
    check_writable(config.output)
    capture = load_capture(config.capture).capture
    assert capture is not None
    path = Path(config.output)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = sheet_of(capture)
    write_atomically(path, lambda file: sheet.save(file, "PNG"))
    return findings(capture)


def findings(capture: Capture) -> tuple[dict[str, str], list[str]]:
    """Figures of a capture by name, and what is wrong with it, a sentence each."""
    small = _small(capture)
    known, rows, columns = small.depth > 0, *capture.depth.shape[1:]
    points = points_of(small)[known.reshape(len(known), -1)]
    common = math.gcd(rows, columns)
    figures = {
        "key frames": f"{len(known)} of {rows} x {columns} pixels, proportions {rows // common}:{columns // common}",
        "horizontal view": f"{np.degrees(2 * np.arctan(columns / 2 / float(capture.intrinsics[0]))):.0f} degrees",
        "known depth": f"{known.mean():.0%}, of the opening view {known[0].mean():.0%}",
    }
    problems = _of_size(rows, columns) + _of_opening(float(known[0].mean()))
    if not known.any():
        return figures, [*problems, "depth must be known somewhere, got none"]
    for told in (_scale(small, points), _coverage(small, points), _agreement(small)):
        figures |= told[0]
        problems += told[1]
    return figures, problems


def sheet_of(capture: Capture) -> Image.Image:
    """A picture: key frames with their depth, and what they see from above."""
    frames, depth = capture.frames.numpy(), capture.depth.numpy()
    height, width = depth.shape[1:]
    shown_columns = max(8, _SHOWN_ROWS * width // height)
    down, across = (
        ((np.arange(shown) + 0.5) * size / shown).astype(int)
        for size, shown in ((height, min(height, _SHOWN_ROWS)), (width, min(width, shown_columns)))
    )
    frames, depth = frames[:, down][:, :, across], depth[:, down][:, :, across]
    rows = []
    for first in range(0, len(frames), _PER_ROW):
        part = slice(first, first + _PER_ROW)
        last = min(first + _PER_ROW, len(frames)) - 1
        rows += [(f"{first} to {last}", list(frames[part])), ("depth", list(paint_depth(depth[part])))]
    positions = points_of(_small(capture, len(down), len(across)))
    seen = depth.reshape(len(depth), -1) > 0
    above = paint_map(positions[seen], frames.reshape(len(frames), -1, 3)[seen], START_BODY_POSE[None], depth.shape[1:])
    return contact_sheet([*rows, ("from above, 40 m", [above])], [""] * min(_PER_ROW, len(frames)), margin=108)


def _small(capture: Capture, rows: int = HEIGHT, columns: int = WIDTH) -> Candidates:
    """Key frames by every so many pixels, with their lens."""
    height, width = capture.depth.shape[1:]
    rows, columns = min(rows, height), min(columns, width)
    down, across = ((np.arange(count) + 0.5) * size / count for count, size in ((rows, height), (columns, width)))
    depth = capture.depth.numpy()[:, down.astype(int)][:, :, across.astype(int)]
    depth = np.where(np.abs(depth - FAR_METRES) < 1.0, 0.0, depth)  # the sky has no place
    lens = capture.intrinsics.numpy().astype(float) * [columns / width, rows / height, columns / width, rows / height]
    sharp = np.array([sharpness_of(frame) for frame in capture.frames.numpy()])
    poses = capture.world_from_camera.numpy().astype(float)
    return Candidates((), depth, poses, np.tile(lens, (len(depth), 1)), sharp)


def _of_size(rows: int, columns: int) -> list[str]:
    if fits((rows, columns), *_DEFAULT_SIZE):
        return []
    height, width = _DEFAULT_SIZE
    if rows * width == columns * height:
        return [f"frames must be of {rows} x {columns} for it to open (resolution=), the default is {height} x {width}"]
    common = math.gcd(rows, columns)
    return [f"frames must be of {rows // common}:{columns // common} for it to open (resolution=), the default is 3:4"]


def _of_opening(known: float) -> list[str]:
    wanted = f"the opening view must know at least {_LEAST_KNOWN:.0%} of its depth, sky apart"
    return [] if known >= _LEAST_KNOWN else [f"{wanted}, got {known:.0%}"]


def _scale(small: Candidates, points: np.ndarray) -> tuple[dict[str, str], list[str]]:
    """How deep it is, and how its floor lies."""
    problems = []
    try:
        median = f"median depth {check_metres(small, 1.0):.2f} m"
    except ValueError as error:
        median = "of no camera among things"
        problems.append(str(error).partition(";")[0])
    level = level_of(small.world_from_camera, points)
    if level.floor is None:
        return {"scale": f"{median}, no floor seen"}, problems
    tilt = float(np.degrees(np.arccos(np.clip(level.up[2], -1, 1))))
    if tilt > _MOST_TILT_DEGREES:
        problems.append(f"the floor must be level to {_MOST_TILT_DEGREES:g} degrees, got {tilt:.1f}")
    if abs(level.floor + OPENING_EYE_METRES) > _FLOOR_METRES:
        wanted = f"the floor must lie about {OPENING_EYE_METRES} m below the opening camera"
        problems.append(f"{wanted}, got {-level.floor:.2f} m")
    told = f"floor {-level.floor:.2f} m below the opening camera, tilted {tilt:.1f} degrees"
    return {"scale": f"{median}, {told}"}, problems


def _coverage(small: Candidates, points: np.ndarray) -> tuple[dict[str, str], list[str]]:
    """Which headings it shows from about its opening, and how much ground."""
    sectors = np.unique(np.floor(np.arctan2(points[:, 1], points[:, 0]) / (2 * np.pi) * _SECTORS))
    share = len(sectors) / _SECTORS
    low = points[np.abs(points[:, 2] + OPENING_EYE_METRES) < _FLOOR_METRES]
    ground = len(np.unique(np.floor(low[:, :2] / _CELL_METRES), axis=0)) * _CELL_METRES**2
    path = np.linalg.norm(np.ptp(small.world_from_camera[:, :2, 3], axis=0))
    seen = f"{share:.0%} of all headings, {ground:.0f} square metres of ground"
    told = {"coverage": f"{seen}, cameras {path:.1f} m apart"}
    wanted = f"key frames must show at least {_LEAST_HEADINGS:.0%} of all headings to be turned in"
    return told, [] if share >= _LEAST_HEADINGS else [f"{wanted}, got {share:.0%}"]


def _agreement(small: Candidates) -> tuple[dict[str, str], list[str]]:
    try:
        agreement = check_agreement(small, is_walk=False)
    except ValueError as error:
        return {"agreement": "too little"}, [str(error)]
    told = "no two key frames see the same" if agreement is None else f"{agreement:.0%} of what key frames see together"
    return {"agreement": told}, []
