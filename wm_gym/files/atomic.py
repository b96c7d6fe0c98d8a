"""Atomic writes: files appear whole or not at all; and a check that a path can be written, before long work begins."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

UNFINISHED = ".unfinished"
"""Suffix of temporary files."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a temporary file beside the path, sync it to disk and rename it.

    Args:
        path: File to write or replace; its folder must exist.
        write: Writes the contents to an open binary file.

    Raises:
        RuntimeError: If the disk cannot take the file; nothing is left behind, and an older file stays as it was.
    """
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        # torch.save raises a RuntimeError of its own over that of the file
        cause = error if isinstance(error, OSError) else error.__context__
        if not isinstance(cause, OSError):
            raise
        raise RuntimeError(f"{path} could not be written: {cause.strerror or cause}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def check_writable(path: str | Path, *, is_folder: bool = False, name: str = "output") -> None:
    """Check that a file, or files in a folder, can be written. Leaves nothing behind.

    Args:
        path: File or folder; its parents may be missing.
        is_folder: Whether the path is a folder.
        name: Name of the setting, for the message.

    Raises:
        ValueError: If it cannot be written; the message says why.
    """
    kind = "a folder that can be made and written to" if is_folder else "a file that can be written"
    reason = _why_not(Path(path), is_folder)
    if reason:
        raise ValueError(f"{name} must be {kind}, got {str(path)!r}: {reason}")


def _why_not(path: Path, is_folder: bool) -> str:
    """The reason why a path cannot be written, or ""."""
    try:
        if path.exists() and path.is_dir() != is_folder:
            return "it is a file" if is_folder else "it is a folder"
        if path.exists() and not is_folder and not path.is_file():
            return "it is a device or pipe, which would be replaced"
        folder = path if is_folder else path.parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=UNFINISHED) as file:
            file.write(b"0")
            file.flush()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder."""
    for path in folder.glob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an `.npz` of named arrays, compressed with LZMA; equal arrays give equal bytes.

    LZMA finds what similar frames have in common; a fixed date keeps the bytes equal.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_LZMA
            archive.writestr(info, member.getvalue())
    return packed.getvalue()
