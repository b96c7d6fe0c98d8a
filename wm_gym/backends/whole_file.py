"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

UNFINISHED = ".unfinished"


def write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
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
    except OSError as error:
        raise RuntimeError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what killed processes left unfinished in a folder."""
    for path in folder.glob(f".*{UNFINISHED}"):
        path.unlink(missing_ok=True)
