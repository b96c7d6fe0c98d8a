"""Films: frames streamed to an H.264 file by PyAV. The file appears whole or not at all; memory stays constant."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np


class Film:
    """Writes one film; use as a context manager. An error inside leaves no file."""

    def __init__(self, path: Path, fps: float, height: int, width: int) -> None:
        """Begin a film.

        Args:
            path: Of the .mp4 file.
            fps: Frames per second.
            height: Rows, an even number.
            width: Columns, an even number.

        Raises:
            ValueError: If height or width is odd, which the pixel format does not allow.
        """
        if height % 2 or width % 2:
            raise ValueError(f"a film must have an even height and width, got {height} x {width}")
        self._path, self._unfinished = path, path.with_name(f".{path.name}.unfinished")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(self._unfinished), "w", format="mp4")
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        self._stream.height, self._stream.width, self._stream.pix_fmt = height, width, "yuv420p"
        self._stream.options = {"crf": "18"}

    def add(self, frame: np.ndarray) -> None:
        """Append one frame, (H, W, 3) uint8."""
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        self._container.mux(self._stream.encode(picture))

    def __enter__(self) -> Film:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
        if kind is None:
            self._unfinished.replace(self._path)
        else:
            self._unfinished.unlink(missing_ok=True)
