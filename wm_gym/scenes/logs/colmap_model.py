"""COLMAP's cameras and images, from text or binary files. Source: COLMAP's page "Output format"."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wm_gym.scenes.logs.lenses import Lens
from wm_gym.scenes.logs.reading import check_once, read_numbers

MODELS = {
    0: ("SIMPLE_PINHOLE", 3), 1: ("PINHOLE", 4), 2: ("SIMPLE_RADIAL", 4), 3: ("RADIAL", 5), 4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8), 6: ("FULL_OPENCV", 12), 7: ("FOV", 5), 8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5), 10: ("THIN_PRISM_FISHEYE", 12),
}  # fmt: skip
"""Numbers of camera models in binary files, with their names and how many parameters they have."""

_UNDONE = ("SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL", "RADIAL", "OPENCV")


@dataclass(frozen=True, eq=False)
class ModelImage:
    """A registered image.

    Attributes:
        name: Path below the pictures' folder.
        quaternion: (4,) w, x, y, z of camera_from_world.
        position: (3,) of camera_from_world.
        lens: That it was taken with.
    """

    name: str
    quaternion: np.ndarray
    position: np.ndarray
    lens: Lens


def read_model(folder: Path) -> list[ModelImage]:
    """The images of a model.

    Raises:
        ValueError: If its files are damaged, end too early, or name a lens that cannot be undone.
    """
    is_binary = (folder / "cameras.bin").is_file() and (folder / "images.bin").is_file()
    suffix = ".bin" if is_binary else ".txt"
    cameras, images = folder / f"cameras{suffix}", folder / f"images{suffix}"
    try:
        lenses = dict(_binary_cameras(cameras) if is_binary else _text_cameras(cameras))
        rows = list(_binary_images(images) if is_binary else _text_images(images))
    except (struct.error, IndexError, UnicodeDecodeError, OSError) as error:
        raise ValueError(f"{folder} must be a whole COLMAP model, got files that end too early") from error
    check_once((name for *_, name in rows), images)
    missing = next((camera for _, _, camera, _ in rows if camera not in lenses), None)
    if missing is not None:
        raise ValueError(f"{images} must name cameras of {cameras}, got camera {missing}")
    return [ModelImage(name, turn, position, lenses[camera]) for turn, position, camera, name in rows]


_Row = tuple[np.ndarray, np.ndarray, int, str]


def _text_cameras(path: Path) -> Iterator[tuple[int, Lens]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            number, model, *rest = line.split()
            yield int(number), _lens(model, read_numbers(rest, path), path)


def _text_images(path: Path) -> Iterator[_Row]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for line in lines[::2]:  # every second line lists points
        if line.strip():
            words = line.split()
            numbers = np.array(read_numbers(words[1:8], path))
            yield numbers[:4], numbers[4:], int(words[8]), " ".join(words[9:])


def _binary_cameras(path: Path) -> Iterator[tuple[int, Lens]]:
    data = path.read_bytes()
    (count,), at = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        number, model, width, height = struct.unpack_from("<iiQQ", data, at)
        if model not in MODELS:
            raise ValueError(f"{path} must have camera models of COLMAP, got number {model}")
        name, numbers = MODELS[model]
        yield number, _lens(name, [width, height, *struct.unpack_from(f"<{numbers}d", data, at + 24)], path)
        at += 24 + 8 * numbers


def _binary_images(path: Path) -> Iterator[_Row]:
    data = path.read_bytes()
    (count,), at = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        _, *numbers, camera = struct.unpack_from("<i7di", data, at)
        end = data.find(b"\0", at + 64)
        if end < 0:
            raise struct.error("name")
        (points,) = struct.unpack_from("<Q", data, end + 1)
        yield np.array(numbers[:4]), np.array(numbers[4:]), camera, data[at + 64 : end].decode("utf-8")
        at = end + 9 + 24 * points
        if at > len(data):
            raise struct.error("points")


def _lens(model: str, numbers: list[float], path: Path) -> Lens:
    """The lens of a camera: width, height, then the model's parameters."""
    if model not in _UNDONE:
        raise ValueError(f"{path} must have camera models of {list(_UNDONE)}, got {model!r}")
    width, height, *rest = numbers
    if model in ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL"):
        rest = [rest[0], *rest]
    return Lens.of(int(height), int(width), rest[:4], rest[4:])
