"""Films: frames streamed to an H.264 file by PyAV. The file appears whole or not at all; memory stays constant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from wm_gym.files.atomic import UNFINISHED

# fragments, so that the index is written as the film goes on and does not grow in memory until its end
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}


class VideoWriter:
    """Writes one film. As a context manager, an error inside leaves no file; else call `finish` or `discard`."""

    def __init__(self, path: Path, fps: float, height: int, width: int) -> None:
        """Begin a film.

        Args:
            path: Of the .mp4 file.
            fps: Frames per second.
            height: Rows, an even number.
            width: Columns, an even number.

        Raises:
            ValueError: If height or width is odd, which the pixel format does not allow.
            RuntimeError: If the disk cannot take it; so too in `add` and `finish`. Nothing is left behind, and an
                older film of that name stays as it was.
        """
        if height % 2 or width % 2:
            raise ValueError(f"a film must have an even height and width, got {height} x {width}")
        self._size = (height, width, 3)
        self._path, self._unfinished = path, path.with_name(f".{path.name}{UNFINISHED}")
        with _told_plainly(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._unfinished.open("wb")
        self._container = av.open(self._file, "w", format="mp4", container_options=_FRAGMENTED)
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        self._stream.height, self._stream.width, self._stream.pix_fmt = height, width, "yuv420p"
        self._stream.options = {"crf": "18"}

    def add(self, frame: np.ndarray) -> None:
        """Append one frame, (H, W, 3) uint8.

        Raises:
            ValueError: If it is of another shape or dtype.
        """
        if frame.shape != self._size or frame.dtype != np.uint8:
            raise ValueError(f"a frame of this film must be {self._size} uint8, got {frame.shape} {frame.dtype}")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        with self._whole_or_gone():
            self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Write the end and give the file its name."""
        with self._whole_or_gone():
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._unfinished.replace(self._path)

    def discard(self) -> None:
        """Leave no file of this film."""
        with suppress(OSError):
            self._container.close()
        with suppress(OSError):
            self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        if kind is None:
            self.finish()
        else:
            self.discard()

    @contextmanager
    def _whole_or_gone(self) -> Iterator[None]:
        with _told_plainly(self._path):
            try:
                yield
            except OSError:
                self.discard()
                raise


@contextmanager
def _told_plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RuntimeError(f"{path} could not be written: {error.strerror or error}") from error
