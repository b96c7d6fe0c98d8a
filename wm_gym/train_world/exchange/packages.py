"""Packages of others that read and write their formats; each is imported when it is asked for."""

from __future__ import annotations

from typing import Any


def pyarrow() -> Any:
    """Apache Arrow, with its parquet files.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import pyarrow  # pyright: ignore[reportMissingImports]
        import pyarrow.compute  # pyright: ignore[reportMissingImports]
        import pyarrow.parquet  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("data sets of LeRobot need pyarrow: pip install 'wm-gym[lerobot]'") from error
    return pyarrow


def minari() -> Any:
    """Minari, with its HDF5 files.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import h5py  # noqa: F401  # pyright: ignore[reportMissingImports]
        import minari  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError("data sets of Minari need it and h5py: pip install 'wm-gym[minari]'") from error
    return minari
