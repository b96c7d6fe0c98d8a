"""Point clouds as files and as Open3D's objects."""

from __future__ import annotations

import re

import numpy as np
import pytest
from plyfile import PlyData

from wm_gym.reconstruction.open3d_bridge import import_open3d, to_open3d
from wm_gym.reconstruction.ply import write_ply

POSITIONS = np.array([[0, 1, 2], [3, 4, 5.5]], np.float32)
COLOURS = np.array([[0, 128, 255], [1, 2, 3]], np.uint8)


def test_a_ply_file_holds_the_points(tmp_path):
    path = tmp_path / "cloud.ply"
    path.write_text("older")
    write_ply(path, POSITIONS, COLOURS)
    vertices = PlyData.read(str(path))["vertex"]
    assert np.array_equal(np.stack([vertices[name] for name in "xyz"], axis=1), POSITIONS)
    assert np.array_equal(np.stack([vertices[name] for name in ("red", "green", "blue")], axis=1), COLOURS)
    assert [child.name for child in tmp_path.iterdir()] == ["cloud.ply"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "cloud.ply"
    path.write_text("older")
    with pytest.raises(ValueError, match=re.escape("colours must be uint8, got float64")):
        write_ply(path, POSITIONS, COLOURS / 255.0)
    with pytest.raises(ValueError, match=re.escape("positions and colours must be (P, 3), got (2, 3) and (1, 3)")):
        write_ply(path, POSITIONS, COLOURS[:1])
    assert path.read_text() == "older" and len(list(tmp_path.iterdir())) == 1


def test_an_open3d_cloud_holds_the_points():
    try:
        import_open3d()
    except ImportError as error:
        pytest.skip(str(error))
    cloud = to_open3d(POSITIONS, COLOURS)
    assert np.allclose(np.asarray(cloud.points), POSITIONS)
    assert np.allclose(np.asarray(cloud.colors), COLOURS / 255.0)


def test_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "open3d", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'wm-gym[points]'")):
        import_open3d()
