"""Captures that would fill the memory, or say what cannot be."""

import io
import struct
import zipfile

import numpy as np
import pytest

from wm_gym.geometry.motion import START_BODY_POSE, camera_pose
from wm_gym.scenes import captures
from wm_gym.scenes.captures import load_capture


def written(path, **changes):
    arrays = {
        "version": np.array(1),
        "frames": np.zeros((1, 6, 8, 3), np.uint8),
        "depth": np.ones((1, 6, 8), np.float16),
        "world_from_camera": camera_pose(START_BODY_POSE)[None].astype(np.float32),
        "intrinsics": np.array([6.0, 6.0, 4.0, 3.0], np.float32),
    }
    np.savez_compressed(path, **(arrays | changes))
    return path


def test_a_file_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = written(tmp_path / "bomb.npz", frames=np.zeros((50, 60, 80, 3), np.uint8))
    monkeypatch.setattr(captures, "_MOST_BYTES", 1 << 16)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(ValueError, match=r"bomb.npz must be a capture of at most 0 GiB, got 0 GiB$"):
        load_capture(path)


def claims(path):
    """A member that says it is 12 TB, of which a kilobyte is there."""
    header = io.BytesIO()
    shape = (4_000_000, 1000, 1000, 3)
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "a") as archive, archive.open("more.npy", "w") as member:
        member.write(header.getvalue() + bytes(1000))


def lies(path):
    """A member is 30 MB, and the list of members says a kilobyte."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("more.npy", "w") as member:
        np.lib.format.write_array(member, np.zeros((10, 1000, 1000, 3), np.uint8))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(data)


@pytest.mark.parametrize("spoil", [claims, lies])
def test_a_member_that_is_not_as_large_as_it_says_is_refused(spoil, tmp_path):
    path = written(tmp_path / "bomb.npz")
    spoil(path)
    with pytest.raises(ValueError, match=r"bomb.npz must be a capture \(.npz\), got a file that cannot be read$"):
        load_capture(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"intrinsics": np.array([0.0, 6, 4, 3])},
            "intrinsics must have focal lengths above 0 and a principal point ins",
        ),
        (
            {"intrinsics": np.array([6.0, 6, 40, 3])},
            "intrinsics must have focal lengths above 0 and a principal point ",
        ),
        ({"place": np.array("{")}, "place must be JSON of family, seed and difficulty, got '{' in "),
        (
            {"place": np.array('{"town": 3}')},
            "place must be JSON of family, seed and difficulty, got '{\"town\": 3}' in ",
        ),
        ({"depth": np.full((1, 6, 8), np.nan)}, "depth must be finite floating point, got float64 in "),
    ],
)
def test_what_a_capture_cannot_say_is_refused(changes, message, tmp_path):
    with pytest.raises(ValueError) as refused:
        load_capture(written(tmp_path / "place.npz", **changes))
    assert str(refused.value).startswith(message)
