"""The formats of logs as rows: name, how a folder of it is told, who reads it. A reader is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from wm_gym.choices import check_choice
from wm_gym.scenes.logs.posed_log import LogHints, PosedLog


@dataclass(frozen=True)
class LogFormat:
    """One format.

    Attributes:
        read: "module:function" from a folder and a user's hints to a `PosedLog`.
        contents: What a folder of it holds, for people.
        is_there: Whether a folder holds that.
    """

    read: str
    contents: str
    is_there: Callable[[Path], bool]


def _holds(*names: str) -> Callable[[Path], bool]:
    return lambda folder: all((folder / name).exists() for name in names)


def colmap_model(folder: Path) -> Path | None:
    """The folder of a COLMAP model in a log: itself, `sparse/0`, `sparse` or `colmap/sparse/0`; None for none."""
    for name in (".", "sparse/0", "sparse", "colmap/sparse/0"):
        for suffix in (".bin", ".txt"):
            if all((folder / name / f"{part}{suffix}").is_file() for part in ("cameras", "images")):
                return folder / name
    return None


_HERE = "wm_gym.scenes.logs"
FORMATS = {
    "tum": LogFormat(f"{_HERE}.tum:read_tum", "rgb.txt and groundtruth.txt", _holds("rgb.txt", "groundtruth.txt")),
    "nerfstudio": LogFormat(f"{_HERE}.nerfstudio:read_nerfstudio", "transforms.json", _holds("transforms.json")),
    "scannet": LogFormat(f"{_HERE}.scannet:read_scannet", "color/ and pose/", _holds("color", "pose")),
    "colmap": LogFormat(
        f"{_HERE}.colmap:read_colmap", "cameras and images of a model", lambda folder: colmap_model(folder) is not None
    ),
}
"""In the order in which a folder is asked; the first that fits is taken."""

_READ = (
    "rgb.txt",
    "depth.txt",
    "groundtruth.txt",
    "calibration.txt",
    "transforms.json",
    "intrinsic",
    "sparse",
    "colmap",
)
"""What readers open by its name, whatever it says."""


def read_log(folder: str | Path, format_name: str, hints: LogHints) -> PosedLog:
    """The log in a folder.

    Args:
        folder: Of the log.
        format_name: A row of `FORMATS`, or "" for the first that the folder's contents fit.
        hints: What the files do not say.

    Raises:
        ValueError: If there is none, or it is damaged.
    """
    folder = Path(folder)
    if format_name:
        check_choice("log.format", format_name, FORMATS)
    if not folder.is_dir():
        raise ValueError(f"from must be a folder of a posed RGB-D log, got {str(folder)!r}, which is none")
    name = format_name or next((name for name, row in FORMATS.items() if row.is_there(folder)), "")
    if not name or not FORMATS[name].is_there(folder):
        asked = {format_name: FORMATS[format_name]} if format_name else FORMATS
        told = ", ".join(f"{row.contents} ({name})" for name, row in asked.items())
        raise ValueError(f"from must be a folder that holds {told}, got {str(folder)!r} without")
    for part in _READ:
        if not (folder / part).resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{folder} must hold what it is made of, got a link that leads out of it, {part!r}")
    module, _, function = FORMATS[name].read.partition(":")
    log: PosedLog = getattr(import_module(module), function)(folder, hints)
    if not log.frames:
        reasons = ", ".join(f"{len(names)} {reason}" for reason, names in log.left_out.items()) or "it lists none"
        raise ValueError(f"{folder} must hold pictures with pose and depth, got none: {reasons}")
    return log
