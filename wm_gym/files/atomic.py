"""Files that are written whole or not at all, and the check that they can be, before what they will hold is made."""

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
_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under another name beside it and rename it when it is on the disk.

    Args:
        path: Where it is to be; its folder must exist.
        write: Writes the contents.

    Raises:
        RuntimeError: If the disk cannot take it; nothing is left behind, and an older file stays as it was.
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
    """Make sure that a file, or the files of a folder, can be written there. Leaves nothing behind.

    Args:
        path: Where it is to be; folders on the way may still be missing.
        is_folder: Whether it is to be a folder.
        name: Of the setting, for the message.

    Raises:
        ValueError: If it cannot be.
    """
    kind = "a folder that can be made and written to" if is_folder else "a file that can be written"
    reason = _why_not(Path(path), is_folder)
    if reason:
        raise ValueError(f"{name} must be {kind}, got {str(path)!r}: {reason}")


def _why_not(path: Path, is_folder: bool) -> str:
    """Why nothing can be written there, or ""."""
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
    """Remove what killed processes left unfinished in a folder."""
    for path in folder.glob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an `.npz`: LZMA finds what frames have in common, and a fixed date keeps equal contents equal."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_LZMA
            archive.writestr(info, member.getvalue())
    return packed.getvalue()
