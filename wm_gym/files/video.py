"""Videos: frames streamed to an H.264 file by PyAV, written atomically and with constant memory."""

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

# fragments, so that the index is written along the way and does not grow in memory
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov"}


class VideoWriter:
    """Writes one video. As a context manager it leaves no file after an error; else call `finish` or `discard`."""

    def __init__(self, path: Path, fps: float, height: int, width: int) -> None:
        """Start a video.

        Args:
            path: The .mp4 file to write or replace; missing folders are made.
            fps: Frames per second.
            height: Rows, an even number.
            width: Columns, an even number.

        Raises:
            ValueError: If height or width is odd, which the pixel format does not allow.
            RuntimeError: If the disk cannot take the file, here or in `add` and `finish`. Nothing is left behind, and
                an older file of that name stays as it was.
        """
        if height % 2 or width % 2:
            raise ValueError(f"a video must have an even height and width, got {height} x {width}")
        self._size = (height, width, 3)
        self._path, self._unfinished = path, path.with_name(f".{path.name}{UNFINISHED}")
        with _plain_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._unfinished.open("wb")
        self._container = av.open(self._file, "w", format="mp4", container_options=_FRAGMENTED)
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        self._stream.height, self._stream.width, self._stream.pix_fmt = height, width, "yuv420p"
        self._stream.options = {"crf": "18"}

    def add(self, frame: np.ndarray) -> None:
        """Append one frame, (H, W, 3) uint8.

        Raises:
            ValueError: If the frame is of another shape or dtype.
            RuntimeError: If the disk cannot take it.
        """
        if frame.shape != self._size or frame.dtype != np.uint8:
            raise ValueError(f"a frame of this video must be {self._size} uint8, got {frame.shape} {frame.dtype}")
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        with self._discarded_on_error():
            self._container.mux(self._stream.encode(picture))

    def finish(self) -> None:
        """Write the end of the video and give the file its name.

        Raises:
            RuntimeError: If the disk cannot take it.
        """
        with self._discarded_on_error():
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._unfinished.replace(self._path)

    def discard(self) -> None:
        """Stop and leave no file; an older one of that name stays."""
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
    def _discarded_on_error(self) -> Iterator[None]:
        with _plain_errors(self._path):
            try:
                yield
            except OSError:
                self.discard()
                raise


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RuntimeError(f"{path} could not be written: {error.strerror or error}") from error
