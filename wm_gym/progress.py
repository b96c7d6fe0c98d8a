"""Progress bars: tqdm's on a terminal, elsewhere one line every ten seconds. Imports nothing of wm_gym."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 10.0
_CONTROL = re.compile(r"\r|\n|\x1b\[[0-9;]*[A-Za-z]")


def progress_bar(iterable: Iterable[Any] | None = None, **settings: Any) -> tqdm[Any]:
    """A progress bar on stderr.

    Args:
        iterable: Items to iterate over, if any.
        settings: Arguments of `tqdm.tqdm`.
    """
    file = settings.pop("file", None) or sys.stderr
    if file.isatty():
        return tqdm(iterable, file=file, **settings)
    # miniters=1: the clock is read in every step, and tqdm's own monitor draws nothing in between
    pace = {"mininterval": SECONDS_BETWEEN_LINES, "miniters": 1, "leave": True}
    return _Lines(iterable, file=_LineFile(file), **{**settings, **pace})


class _Lines(tqdm):
    """A bar that is redrawn only at its interval, not when its figures are set."""

    def set_postfix(self, ordered_dict: Any = None, refresh: bool | None = True, **figures: Any) -> None:
        """Set the figures of the next line."""
        super().set_postfix(ordered_dict, refresh=False, **figures)

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """Set the text of the next line."""
        super().set_postfix_str(s, refresh=False)


class _LineFile:
    """A text file that turns tqdm's overwriting output into lines."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._last = file, ""
        self.encoding = getattr(file, "encoding", None)

    def write(self, text: str) -> None:
        """Write one line, unless it is empty or repeats the last one."""
        line = _CONTROL.sub("", text).strip()
        if line and line != self._last:
            self._last = line
            self._file.write(line + "\n")

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    def isatty(self) -> bool:
        """False: it is no terminal."""
        return False
