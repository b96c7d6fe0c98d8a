"""From a posed RGB-D log to a capture: key frames chosen, the world levelled, the scale checked, and a report of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wm_gym.geometry.depth_scale import FAR_METRES
from wm_gym.scenes.logs.agreement import check_agreement, check_metres
from wm_gym.scenes.logs.candidates import Candidates, Read, moving_frames, read_candidates, usable
from wm_gym.scenes.logs.formats import read_log
from wm_gym.scenes.logs.keyframes import Chosen, choose, points_of
from wm_gym.scenes.logs.lenses import Lens, colour_as, depth_as
from wm_gym.scenes.logs.levelling import Level, level_of
from wm_gym.scenes.logs.opening_view import PosedFrames, with_opening, world_at
from wm_gym.scenes.logs.posed_log import LogFrame, LogHints, PosedLog
from wm_gym.scenes.logs.reading import read_colour, read_depth
from wm_gym.world_model import Capture, Opening

_LEAST_OPENING = 0.5
"""Share of the opening view that must be known at a body's height."""

Moving = Callable[[LogFrame], np.ndarray]
"""The mask (H, W) of what moves in a frame's picture."""


@dataclass
class LogConfig:
    """What a log's files do not say, and how it becomes a capture.

    Attributes:
        format: "tum", "nerfstudio", "scannet" or "colmap"; empty for what the folder's contents say.
        intrinsics: fx, fy, cx, cy in pixels of its pictures, with pixel centres at +0.5; empty for those of its files.
        depth_units_per_metre: Numbers in depth files for a metre, such as 1000 for millimetres; 0 for the format's own.
        metres_per_unit: Metres in a unit of its poses.
        own_size: Whether key frames keep the size of its pictures, rather than `height` and `width`.
        prompt: One sentence that says what the place looks like.
        depth: Of a film or panorama: who estimates its depth, "embedded" for the network that ships, a file
            `.safetensors` of the recipe "depth", or a folder or hub id of a depth model of transformers; of a panorama
            "ground" too. Empty for the network that ships, and of a panorama for flat ground and a wall.
        masks: Of a film: folder of a SAM 2 model of transformers that outlines what moves; empty for none.
        fov_degrees: Of a film without `intrinsics`: its horizontal field of view.
        clip: Of a folder of recordings: which clip of it.
    """

    format: str = ""
    intrinsics: list[float] = field(default_factory=list)
    depth_units_per_metre: float = 0.0
    metres_per_unit: float = 1.0
    own_size: bool = False
    prompt: str = ""
    depth: str = ""
    masks: str = ""
    fov_degrees: float = 65.0
    clip: int = 0

    def __post_init__(self) -> None:
        if len(self.intrinsics) not in (0, 4):
            raise ValueError(f"log.intrinsics must be [fx,fy,cx,cy] or empty, got {self.intrinsics}")
        if not 0 <= self.depth_units_per_metre < np.inf or not 0 < self.metres_per_unit < np.inf:
            raise ValueError(
                "log.depth_units_per_metre must be at least 0 and log.metres_per_unit positive, got "
                f"{self.depth_units_per_metre} and {self.metres_per_unit}"
            )


def convert_log(
    folder: str | Path, config: LogConfig, *, height: int, width: int, keyframes: int
) -> tuple[Opening, dict[str, Any]]:
    """The opening of a log, and a report of what was kept of it and why.

    Args:
        folder: Of the log.
        config: What its files do not say.
        height: Rows of a key frame.
        width: Columns of a key frame.
        keyframes: Most key frames.

    Raises:
        ValueError: If the folder holds no log, a damaged one, or one whose poses, depth and intrinsics do not agree.
    """
    hints = LogHints(tuple(config.intrinsics), config.depth_units_per_metre, config.metres_per_unit)
    log = read_log(folder, config.format, hints)
    target = target_lens(log.frames[0].lens, height, width, own_size=config.own_size)
    return captured(log, _reader(log.depth_units_per_metre), target, config, keyframes)


def captured(
    log: PosedLog,
    read: Read,
    target: Lens,
    config: LogConfig,
    keyframes: int,
    moving: Moving | None = None,
) -> tuple[Opening, dict[str, Any]]:
    """The opening of a log whose pictures are read by a function, and a report; arguments and errors as `convert_log`.

    Args:
        log: Which pictures there are.
        read: Their colours and depth.
        target: The pinhole of key frames.
        config: For the report.
        keyframes: Most key frames.
        moving: The mask (H, W) of what moves in a picture; None where everything stands still.
    """
    left_out = {reason: list(names) for reason, names in log.left_out.items()}
    candidates = read_candidates(moving_frames(log.frames, left_out), read)
    if not (candidates.depth > 0).any():
        raise ValueError(f"{log.folder} must have depth, got depth files in which all is unknown (0)")
    median = check_metres(candidates, log.depth_units_per_metre)
    candidates = usable(candidates, left_out)
    agreement = check_agreement(candidates)
    chosen = choose(candidates, keyframes)
    kept = candidates.of(chosen.rows)
    level = level_of(candidates.world_from_camera, _seen_points(candidates))
    first = _opening_row(kept, level)
    posed, known = _posed(kept, level, first, target, read, moving)
    report = _of_files(log, kept, chosen, left_out) | {
        "size": [target.height, target.width],
        "intrinsics": [round(float(one), 3) for one in target.pinhole()],
        "opens_at": kept.frames[first].colour.name,
        "opening_known": round(known, 3),
        "coverage": round(chosen.coverage, 3),
        "agreement": None if agreement is None else round(agreement, 3),
        "metres_per_unit": config.metres_per_unit,
        "depth_units_per_metre": log.depth_units_per_metre,
        "median_depth_metres": round(median, 3),
        "up_from": level.source,
        "camera_over_floor_metres": _eye_height(level, kept.world_from_camera[first]),
    }
    return _opening(log.folder.resolve().stem, config.prompt, posed), report


def _of_files(log: PosedLog, kept: Candidates, chosen: Chosen, left_out: dict[str, list[str]]) -> dict[str, Any]:
    """What was kept of a log's files and what was not, and why."""
    rows = zip(kept.frames, chosen.overlap, kept.sharpness, strict=True)
    return {
        "format": log.format,
        "pictures": len(log.frames) + sum(map(len, log.left_out.values())),
        "notes": list(log.notes),
        "kept": [
            {"file": frame.colour.name, "overlap": round(overlap, 3), "sharpness": round(float(sharpness), 1)}
            for frame, overlap, sharpness in rows
        ],
        "left_out": {reason: len(files) for reason, files in left_out.items() if files},
        "left_out_files": {reason: files for reason, files in left_out.items() if files},
    }


def _eye_height(level: Level, pose: np.ndarray) -> float | None:
    """Metres of a camera over the floor, or None where none is seen."""
    return None if level.floor is None else round(float(pose[:3, 3] @ level.up) - level.floor, 3)


def _seen_points(candidates: Candidates) -> np.ndarray:
    """(P, 3) points that candidates see, in the log's world."""
    return points_of(candidates)[candidates.depth.reshape(len(candidates.depth), -1) > 0]


def _reader(units_per_metre: float) -> Read:
    def read(frame: LogFrame) -> tuple[np.ndarray, np.ndarray]:
        assert frame.depth is not None
        of_depth = frame.depth_lens or frame.lens
        colour = read_colour(frame.colour, (frame.lens.height, frame.lens.width))
        return colour, read_depth(frame.depth, (of_depth.height, of_depth.width), units_per_metre)

    return read


def target_lens(lens: Lens, height: int, width: int, *, own_size: bool = False) -> Lens:
    """The pinhole of key frames.

    Raises:
        ValueError: If they would be larger than the log's pictures.
    """
    if own_size:
        return lens.cropped(lens.height, lens.width)
    if height > lens.height or width > lens.width:
        raise ValueError(
            f"height and width must be at most those of the log's pictures, {lens.height} x {lens.width}, got "
            f"{height} x {width}; log.own_size=true keeps theirs"
        )
    return lens.cropped(height, width)


def _opening_row(kept: Candidates, level: Level) -> int:
    """The most level key frame of those with the most known depth."""
    poses, known = kept.world_from_camera, (kept.depth > 0).mean((1, 2))
    tilt = np.abs(np.arcsin(np.clip(poses[:, :3, 2] @ level.up, -1, 1)))
    roll = np.abs(np.arcsin(np.clip(poses[:, :3, 0] @ level.up, -1, 1)))
    return int(np.argmin(np.round(tilt + roll, 2) + (known < 0.8 * np.median(known)) * np.pi))


def _posed(
    kept: Candidates, level: Level, first: int, target: Lens, read: Read, moving: Moving | None
) -> tuple[PosedFrames, float]:
    """Key frames in the world that opens, row 0 its opening view; and the share of that which is known.

    Where next to nothing was seen of the view at a body's height, it stays at the height at which the camera was held.
    """
    rows = []
    for frame in kept.frames:
        colour, depth = read(frame)
        metres = np.minimum(depth_as(depth, frame.depth_lens or frame.lens, target), FAR_METRES)
        still = np.zeros(metres.shape, bool)
        mask = still if moving is None else depth_as(moving(frame), frame.lens, target) > 0
        rows.append((colour_as(colour, frame.lens, target), metres, mask))
    frames, depths, masks = (np.stack([row[k] for row in rows]) for k in range(3))

    def opened(floor: float | None) -> tuple[PosedFrames, float]:
        poses = world_at(kept.world_from_camera[first], level.up, floor) @ kept.world_from_camera
        return with_opening(PosedFrames(frames, depths, poses, target.pinhole(), masks), first)

    posed, known = opened(level.floor)
    if level.floor is None or known >= _LEAST_OPENING:
        return posed, known
    return max((posed, known), opened(None), key=lambda one: one[1])


def _opening(name: str, prompt: str, posed: PosedFrames) -> Opening:
    capture = Capture(
        frames=torch.from_numpy(posed.frames),
        depth=torch.from_numpy(posed.depth),
        moving=torch.from_numpy(posed.moving),
        world_from_camera=torch.from_numpy(posed.world_from_camera).float(),
        intrinsics=torch.from_numpy(posed.intrinsics).float(),
    )
    spots = torch.from_numpy(posed.world_from_camera[:, :2, 3]).float()
    return Opening(name, prompt, capture.intrinsics, spots, capture=capture)
