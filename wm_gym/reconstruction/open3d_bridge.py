"""Open3D, imported where it is used. Knows nothing of memories."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def import_open3d() -> ModuleType:
    """The module `open3d`.

    Its wheel needs the system library libusb; where that is missing, the one of the package libusb-package is loaded.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import libusb_package

        library = libusb_package.get_library_path()
        if library is not None and Path(library).exists():
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        import open3d
    except (ImportError, OSError) as error:
        raise ImportError("point clouds as objects need Open3D: pip install 'wm-gym[points]'") from error
    return open3d


def to_open3d(positions: np.ndarray, colours: np.ndarray) -> Any:
    """An `open3d.geometry.PointCloud`.

    Args:
        positions: (P, 3), metres.
        colours: (P, 3) uint8.

    Raises:
        ImportError: If Open3D is not installed.
        ValueError: If positions or colours are not (P, 3).
    """
    if positions.ndim != 2 or positions.shape[1] != 3 or colours.shape != positions.shape:
        raise ValueError(f"positions and colours must be (P, 3), got {positions.shape} and {colours.shape}")
    open3d = import_open3d()
    cloud = open3d.geometry.PointCloud()
    cloud.points = open3d.utility.Vector3dVector(positions.astype(np.float64))
    cloud.colors = open3d.utility.Vector3dVector(colours.astype(np.float64) / 255.0)
    return cloud
