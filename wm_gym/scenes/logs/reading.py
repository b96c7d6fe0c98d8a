"""Files of logs, read with refusals that name them. Knows nothing of formats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

DEPTH_SUFFIXES = (".png", ".npy", ".tiff", ".tif", ".pgm", ".bin")


def inside(folder: Path, name: str, told_by: Path) -> Path:
    """The file of a log that one of its lists names.

    Args:
        folder: The log.
        name: As the list has it, relative to the folder.
        told_by: The list, for messages.

    Raises:
        ValueError: If it is not in the folder.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{told_by} must name files inside of {folder}, got {name!r}")
    if not path.is_file():
        raise ValueError(f"{told_by} must name files that are there, got {name!r}, which is not")
    return path


def check_once(names: Iterable[str], told_by: Path) -> None:
    """Refuse a list that names a picture twice, as those of a recorder do that begins again at its first file.

    Raises:
        ValueError: If one is there twice.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{told_by} must name each picture once, got {name!r} twice")
        seen.add(name)


def picture_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a picture, from its header.

    Raises:
        ValueError: If it is none.
    """
    try:
        with Image.open(path) as file:
            return file.height, file.width
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} must be a picture that can be read, got {_reason(error)}") from error


def depth_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a depth file, from its header.

    Raises:
        ValueError: If it is none.
    """
    if path.suffix not in (".npy", ".bin"):
        return picture_size(path)
    try:
        rows, columns = (np.load(path, "r") if path.suffix == ".npy" else _colmap_map(path)).shape[:2]
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(f"{path} must be depth that can be read whole, got {_reason(error)}") from error
    return rows, columns


def read_colour(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of a picture.

    Args:
        path: Of the picture.
        size: Rows and columns that the log says it has.

    Raises:
        ValueError: If it cannot be read whole, or is of another size.
    """
    try:
        with Image.open(path) as file:
            colour = np.asarray(file.convert("RGB"))
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} must be a picture that can be read whole, got {_reason(error)}") from error
    _check_size(path, colour.shape[:2], size)
    return colour


def read_depth(path: Path, size: tuple[int, int], units_per_metre: float) -> np.ndarray:
    """(H, W) float32 metres of a depth file; 0 is unknown.

    A picture of one channel (16-bit PNG, PGM or TIFF, float TIFF), an `.npy`, or a `.bin` of COLMAP's dense stereo.

    Args:
        path: Of the file.
        size: Rows and columns that the log says it has.
        units_per_metre: Its numbers are divided by it.

    Raises:
        ValueError: If it cannot be read whole, is of another size or kind, or holds what is no depth.
    """
    try:
        depth = _depth_array(path)
    except (OSError, SyntaxError, EOFError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise ValueError(f"{path} must be depth that can be read whole, got {_reason(error)}") from error
    if depth.ndim != 2 or depth.dtype.kind not in "uif":
        raise ValueError(f"{path} must be depth of one channel, got {depth.shape} {depth.dtype}")
    _check_size(path, depth.shape, size)
    if not np.isfinite(depth).all():
        share = float(np.mean(~np.isfinite(depth)))
        raise ValueError(
            f"{path} must hold finite depth with 0 where it is unknown, got NaN or infinity in {share:.0%}"
        )
    if (depth < 0).any():
        raise ValueError(f"{path} must hold depth of at least 0, got {depth.min():g}")
    return (depth / units_per_metre).astype(np.float32)


def read_lines(path: Path) -> Iterator[list[str]]:
    """The words of each line of a text file; comments (#) and empty lines are left out.

    Raises:
        ValueError: If it is no text file.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a text file that can be read, got {_reason(error)}") from error
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.split()


def read_numbers(words: list[str], path: Path) -> list[float]:
    """Words as numbers.

    Raises:
        ValueError: If one is none.
    """
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise ValueError(f"{path} must hold numbers there, got {' '.join(words)[:60]!r}") from error


def read_matrix(path: Path) -> np.ndarray:
    """(4, 4) float64 of a text file.

    Raises:
        ValueError: If it holds no such matrix.
    """
    rows = [read_numbers(words, path) for words in read_lines(path)]
    if len(rows) != 4 or any(len(row) != 4 for row in rows):
        raise ValueError(f"{path} must hold a matrix of 4 x 4 numbers, got {[len(row) for row in rows]} in its lines")
    return np.array(rows)


def read_json(path: Path) -> dict[str, Any]:
    """The object of a JSON file.

    Raises:
        ValueError: If it holds none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} must be JSON that can be read, got {_reason(error)}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold a JSON object, got {type(found).__name__}")
    return found


def is_rigid(pose: np.ndarray) -> bool:
    """Whether a matrix is a finite (4, 4) pose: a rotation and a position."""
    if pose.shape != (4, 4) or not np.isfinite(pose).all() or np.abs(pose[3] - [0, 0, 0, 1]).max() > 1e-4:
        return False
    turn = pose[:3, :3]
    return bool(np.abs(turn @ turn.T - np.eye(3)).max() < 1e-2 and np.linalg.det(turn) > 0)


def _depth_array(path: Path) -> np.ndarray:
    if path.suffix == ".npy":
        array = np.load(path, allow_pickle=False)
        return array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    if path.suffix == ".bin":
        return _colmap_map(path)
    with Image.open(path) as file:
        return np.asarray(file)


def _colmap_map(path: Path) -> np.ndarray:
    """Source: COLMAP's `scripts/python/read_write_dense.py`: "width&height&channels&", then columns first."""
    data = path.read_bytes()
    width, height, channels, values = data.split(b"&", 3)
    array = np.frombuffer(values, "<f4").reshape(int(channels), int(height), int(width))
    return array[0]


def _check_size(path: Path, came: tuple[int, ...], size: tuple[int, int]) -> None:
    if tuple(came) != tuple(size):
        raise ValueError(f"{path} must be {size[0]} x {size[1]} pixels as its log says, got {came[0]} x {came[1]}")


def _reason(error: Exception) -> str:
    """What is wrong with a file, in a few words."""
    if isinstance(error, UnidentifiedImageError):
        return "no picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error).splitlines()[0] if str(error) else "its end too early"
