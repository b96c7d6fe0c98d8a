"""Captures that name the file they were read from, and the same captures read again.

A saved state names the file of a capture instead of holding what memory was built from it. Knows nothing of memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary, WeakValueDictionary

from wm_gym.scenes.captures import load_capture
from wm_gym.world_model import Capture, CaptureSource, Opening

SHIPPED = Path(__file__).absolute().parent / "shipped"
"""Folder of the shipped captures, FAMILY-NUMBER.npz, all of difficulty "full"."""

_Asked = tuple[Path, int, int, int, int]
_captures: WeakValueDictionary[_Asked, Capture] = WeakValueDictionary()
_openings: WeakKeyDictionary[Capture, Opening] = WeakKeyDictionary()
"""Captures that somebody holds, by what was asked for, and of each the opening without it. Nothing is kept alive."""


def shipped_file(scene: str) -> Path:
    """The file of a shipped scene, such as "city/9", whether there is one or not."""
    return SHIPPED / f"{scene.replace('/', '-')}.npz"


def open_file(path: Path, height: int, width: int, finer: int) -> Opening:
    """The opening of a capture's file, as `load_capture`, with a capture that names it.

    As long as somebody holds the capture, and the file does not change, it is the same object.

    Args:
        path: File to read.
        height: Rows of a frame.
        width: Columns of a frame.
        finer: Largest keyframe scale: rows and columns of keyframes over those of frames.

    Raises:
        ValueError: As `load_capture`.
    """
    path = path.absolute()
    return _open((path, path.stat().st_mtime_ns, height, width, finer))


def open_again(source: CaptureSource, what: str) -> Opening:
    """The opening of the capture that a source names.

    Args:
        source: Of a capture of `open_file`.
        what: Names in messages what needs the capture, such as "a saved state".

    Raises:
        ValueError: If the file is gone, cannot be read, or holds another capture.
    """
    path = Path(source.scene) if source.scene.endswith(".npz") else shipped_file(source.scene)
    needed = f"{what} must find capture {source.scene!r} as it was when its world opened"
    if not path.is_file():
        raise ValueError(f"{needed}, got no such file")
    try:
        opening = open_file(path, source.height, source.width, source.finer)
    except ValueError as error:
        raise ValueError(f"{needed}, got a file that cannot be opened: {error}") from error
    if opening.capture is None or opening.capture.source != source:
        raise ValueError(f"{needed}, got a file that has changed")
    return opening


def is_unchanged(source: CaptureSource) -> bool:
    """Whether `open_again` finds the capture that a source names."""
    try:
        open_again(source, "it")
    except ValueError:
        return False
    return True


def capture_hash(capture: Capture) -> str:
    """SHA-256 of what a capture shows and where, whatever file it was read from."""
    total = hashlib.sha256(f"lead {capture.lead}".encode())
    for name in ("frames", "depth", "moving", "world_from_camera", "intrinsics"):
        array = getattr(capture, name).contiguous().numpy()
        total.update(f"{name} {array.dtype} {array.shape}".encode())
        total.update(array.data)
    return total.hexdigest()


def _open(asked: _Asked) -> Opening:
    capture = _captures.get(asked)
    if capture is not None:
        return replace(_openings[capture], capture=capture)
    path, _, height, width, finer = asked
    opening = load_capture(path, height, width, finer)
    assert opening.capture is not None
    source = CaptureSource(_scene_of(path), height, width, finer, capture_hash(opening.capture))
    capture = _captures[asked] = replace(opening.capture, source=source)
    _openings[capture] = replace(opening, capture=None)
    return replace(opening, capture=capture)


def _scene_of(path: Path) -> str:
    return path.stem.replace("-", "/") if path.parent == SHIPPED else str(path)
