"""Captures on disk: posed RGB-D keyframes of one scene in one `.npz`, which numpy alone can read and write.

`docs/captures.md` describes the arrays, so that a phone app, a robot log or a simulator can write them. Files written
here are compressed losslessly with LZMA; any `.npz` with the same arrays can be read.

Knows nothing of simulators.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wm_gym.files.atomic import npz_bytes, write_atomically
from wm_gym.geometry.cameras import resize_intrinsics
from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.scenes.keyframe_scale import FINER, detailed
from wm_gym.world_model import Capture, Opening, Place

VERSION = 1
_REQUIRED = ("version", "frames", "depth", "world_from_camera", "intrinsics")
_POSE_TOLERANCE = 1e-3
_MOST_BYTES = 8 << 30


def save_capture(path: str | Path, opening: Opening) -> None:
    """Write the capture of an opening with its name, prompt, waypoints and place.

    Args:
        path: File to write or replace, `.npz`.
        opening: An opening with a capture.

    Raises:
        ValueError: If the opening has no capture, or its arrays do not fit each other.
        RuntimeError: If the disk cannot take the file; nothing is left behind.
    """
    if opening.capture is None:
        raise ValueError(f"an opening must have a capture to be saved, got {opening.name!r} without one")
    capture = opening.capture
    arrays = {
        "version": np.array(VERSION),
        "frames": capture.frames.numpy(),
        "depth": capture.depth.numpy().astype(np.float16),
        "moving": capture.moving.numpy(),
        "world_from_camera": capture.world_from_camera.numpy().astype(np.float32),
        "intrinsics": capture.intrinsics.numpy().astype(np.float32),
        "waypoints": opening.waypoints.numpy().astype(np.float32),
        "name": np.array(opening.name),
        "prompt": np.array(opening.prompt),
    }
    if len(opening.lamps):
        arrays["lamps"] = opening.lamps.numpy().astype(np.float32)
    if capture.lead:
        arrays["lead"] = np.array(capture.lead)
    if opening.place is not None:
        arrays["place"] = np.array(json.dumps(asdict(opening.place), sort_keys=True))
    _check(arrays, Path(path))
    write_atomically(Path(path), lambda file: file.write(npz_bytes(arrays)))


def load_capture(path: str | Path, height: int | None = None, width: int | None = None, finer: int = FINER) -> Opening:
    """The opening in a file, for frames of a size.

    Keyframes keep more detail than frames, up to the keyframe scale `finer` (`keyframe_scale.detailed`).

    Args:
        path: File to read.
        height: Rows of a frame; None for those of the keyframes.
        width: Columns of a frame; None for those of the keyframes.
        finer: Largest keyframe scale: rows and columns of keyframes over those of frames.

    Raises:
        ValueError: If the file is no capture, or its keyframes are smaller than frames or of another aspect ratio.
    """
    path = Path(path)
    arrays = _read(path)
    _check(arrays, path)
    frames, depth = arrays["frames"], arrays["depth"].astype(np.float32)
    frame_rows, frame_columns = height or depth.shape[1], width or depth.shape[2]
    moving = arrays.get("moving", np.zeros(depth.shape, np.bool_))
    intrinsics = torch.from_numpy(arrays["intrinsics"].astype(np.float32))
    poses = arrays["world_from_camera"].astype(np.float32)
    waypoints = arrays.get("waypoints", poses[:, :2, 3]).astype(np.float32)
    capture = Capture(
        frames=torch.from_numpy(frames),
        depth=torch.from_numpy(depth),
        moving=torch.from_numpy(moving),
        world_from_camera=torch.from_numpy(poses),
        intrinsics=intrinsics,
        lead=int(arrays["lead"].item()) if "lead" in arrays else 0,
    )
    try:
        capture = detailed(capture, frame_rows, frame_columns, finer)
    except ValueError as error:
        raise ValueError(f"{error} in {path}") from None
    rows, columns = capture.depth.shape[1:]
    opening = Opening(
        name=_text(arrays, "name", path.stem),
        prompt=_text(arrays, "prompt", ""),
        intrinsics=resize_intrinsics(capture.intrinsics, frame_rows / rows, frame_columns / columns),
        waypoints=torch.from_numpy(waypoints),
        capture=capture,
        lamps=torch.from_numpy(arrays.get("lamps", np.zeros((0, 3))).astype(np.float32)),
    )
    place = _place(arrays, path)
    return opening if place is None else replace(opening, place=place)


def _place(arrays: dict[str, np.ndarray], path: Path) -> Place | None:
    told = _text(arrays, "place", "null")
    try:
        found = json.loads(told)
        return None if found is None else Place(**found)
    except (ValueError, TypeError) as error:
        raise ValueError(f"place must be JSON of family, seed and difficulty, got {told[:60]!r} in {path}") from error


def _read(path: Path) -> dict[str, np.ndarray]:
    _check_unpacked(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except Exception as error:  # zip, LZMA, header and disk errors share no base class
        raise ValueError(f"{path} must be a capture (.npz), got a file that cannot be read") from error


def _check_unpacked(path: Path) -> None:
    """Refuse a file that would fill the memory: what compresses so well is no capture."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return  # it is refused when it is read
    if size > _MOST_BYTES:
        raise ValueError(f"{path} must be a capture of at most {_MOST_BYTES >> 30} GiB, got {size / 2**30:.0f} GiB")


def _check(arrays: dict[str, np.ndarray], path: Path) -> None:
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing:
        raise ValueError(f"a capture must hold {', '.join(_REQUIRED)}, got {path} without {missing[0]!r}")
    if arrays["version"].item() != VERSION:
        raise ValueError(f"{path} must be a capture of version {VERSION}, got {arrays['version'].item()}")
    frames = arrays["frames"]
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be (K, H, W, 3) uint8, got {frames.shape} {frames.dtype} in {path}")
    count, rows, columns = frames.shape[:3]
    _check_shape(arrays, "depth", (count, rows, columns), path)
    _check_shape(arrays, "moving", (count, rows, columns), path)
    _check_shape(arrays, "world_from_camera", (count, 4, 4), path)
    _check_shape(arrays, "intrinsics", (4,), path)
    _check_shape(arrays, "lamps", (len(arrays.get("lamps", ())), 3), path)
    fx, fy, cx, cy = arrays["intrinsics"].tolist()
    if min(fx, fy) <= 0 or not (0 < cx < columns and 0 < cy < rows):
        raise ValueError(
            f"intrinsics must have focal lengths above 0 and a principal point inside of {rows} x {columns} pixels, "
            f"got fx {fx:g}, fy {fy:g}, cx {cx:g}, cy {cy:g} in {path}"
        )
    lead = arrays.get("lead", np.array(0))
    if lead.size != 1 or not 0 <= lead.item() < count or lead.item() != int(lead.item()):
        raise ValueError(f"lead must be a number of keyframes, 0 to {count - 1}, got {lead} in {path}")
    if (arrays["depth"] < 0).any():
        raise ValueError(f"depth must be at least 0 (0 is unknown), got {arrays['depth'].min()} in {path}")
    if np.abs(arrays["world_from_camera"][0] - camera_pose(START_BODY_POSE)).max() > _POSE_TOLERANCE:
        raise ValueError(f"the first pose of {path} must be the world's: at its origin, level, looking along +x")


def _check_shape(arrays: dict[str, np.ndarray], name: str, shape: tuple[int, ...], path: Path) -> None:
    array = arrays.get(name)
    if array is None:
        return
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape} in {path}")
    wanted = np.bool_ if name == "moving" else np.floating
    if not np.issubdtype(array.dtype, wanted) or not np.isfinite(array).all():
        kind = "bool" if name == "moving" else "finite floating point"
        raise ValueError(f"{name} must be {kind}, got {array.dtype} in {path}")


def _text(arrays: dict[str, Any], name: str, default: str) -> str:
    return str(arrays[name].item()) if name in arrays else default
