from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from plyfile import PlyData

import wm_gym  # noqa: F401
from wm_gym.cli import main
from wm_gym.evaluation.surfaces import surface_scores
from wm_gym.geometry.motion import camera_pose
from wm_gym.reconstruction.fusion import Fusion, FusionConfig, write_mesh
from wm_gym.reconstruction.open3d_bridge import import_open3d
from wm_gym.scenes.captures import load_capture, save_capture
from wm_gym.scenes.sources import shipped_file

open3d = import_open3d()
LENS = np.array([60.0, 60.0, 32.0, 24.0])


def wall(pose, distance=4.0):
    """Colour and depth of a wall across x, 4 m ahead of the origin."""
    rows, columns = np.indices((48, 64))
    rays = np.stack([(columns + 0.5 - 32) / 60, (rows + 0.5 - 24) / 60, np.ones((48, 64))], -1) @ pose[:3, :3].T
    depth = ((distance - pose[0, 3]) / rays[..., 0]).astype(np.float32)
    return np.full((48, 64, 3), (200, 90, 70), np.uint8), depth


def fused():
    fusion = Fusion(FusionConfig(voxel_metres=0.04, farthest_metres=8.0))
    for body in ((0, 0, 0, 0, 0), (0.5, 0.3, 0, -0.2, 0.1), (1.0, -0.5, 0, 0.3, -0.1)):
        pose = camera_pose(np.array(body, float))
        fusion.add(*wall(pose), pose, LENS)
    return fusion


def test_frames_are_fused_into_the_surface_they_show():
    positions, colours = fused().cloud()
    assert len(positions) > 1000 and np.abs(positions[:, 0] - 4.0).max() < 0.02
    assert np.abs(colours.astype(int) - (200, 90, 70)).max() <= 1
    assert np.ptp(positions[:, 1]) > 3.0 and np.ptp(positions[:, 2]) > 2.0


def test_what_is_far_or_unknown_is_left_out():
    fusion, pose = Fusion(FusionConfig(farthest_metres=3.0)), camera_pose(np.zeros(5))
    fusion.add(*wall(pose), pose, LENS)
    assert fusion.cloud()[0].shape == (0, 3)


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".obj"])
def test_a_mesh_is_read_back_by_open3d(suffix, tmp_path):
    path = tmp_path / f"wall{suffix}"
    write_mesh(path, fused().mesh())
    mesh = open3d.io.read_triangle_mesh(str(path))
    vertices = np.asarray(mesh.vertices)
    assert len(mesh.triangles) > 1000 and np.abs(vertices[:, 0] - 4.0).max() < 0.02
    up = 1 if suffix == ".glb" else 2
    assert np.ptp(vertices[:, up]) < np.ptp(vertices[:, 3 - up]), "higher than wide it is not"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_points_on_the_surface_score_one_and_points_beside_it_do_not():
    plane = np.stack(np.meshgrid(np.arange(20), np.arange(20), [0.0]), -1).reshape(-1, 3) / 10
    assert surface_scores(plane, plane, [0.05]) == {
        "chamfer_metres": 0, "precision_5cm": 1, "recall_5cm": 1, "fscore_5cm": 1,
    }  # fmt: skip
    half = surface_scores(plane[: len(plane) // 2], plane, [0.05])
    assert half["precision_5cm"] == 1 and half["recall_5cm"] == pytest.approx(0.5)
    assert half["fscore_5cm"] == pytest.approx(2 / 3)
    off = surface_scores(plane + np.array([0, 0, 0.2]), plane, [0.05, 0.25])
    assert off["fscore_5cm"] == 0 and off["fscore_25cm"] == 1 and off["chamfer_metres"] == pytest.approx(0.2)
    left = np.arange(len(plane)) < len(plane) // 2
    assert surface_scores(plane[left], plane, [0.05], left)["recall_5cm"] == 1


def small_place(folder):
    """A capture of a few small key frames, and a saved state of a world that opened on it."""
    opening = load_capture(shipped_file("rooms/9"), 48, 64, finer=1)
    assert opening.capture is not None
    few = {name: getattr(opening.capture, name)[:8] for name in ("frames", "depth", "moving", "world_from_camera")}
    save_capture(folder / "place.npz", replace(opening, place=None, capture=replace(opening.capture, **few)))
    env = gym.make(
        "wm_gym/Explore-v0", backend="memory_only", world=str(folder / "place.npz"), finer=1, resolution=(36, 48)
    )
    env.reset(seed=0)
    env.unwrapped.save_state(folder / "walk.state")  # type: ignore[attr-defined]
    env.close()


def test_a_capture_and_a_saved_state_are_exported_by_the_command(tmp_path, capsys):
    small_place(tmp_path)
    coarse = "fusion.voxel_metres=0.2"
    assert main(["export", f"from={tmp_path / 'place.npz'}", f"output={tmp_path / 'a.glb'}", coarse]) == 0
    assert main(["export", f"from={tmp_path / 'walk.state'}", "what=cloud", f"output={tmp_path / 'b.ply'}"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "triangles of" in told[0] and told[1].endswith(" points")
    assert len(PlyData.read(str(tmp_path / "b.ply"))["vertex"]) > 3000
    assert len(open3d.io.read_triangle_mesh(str(tmp_path / "a.glb")).triangles) > 3000


@pytest.mark.slow
def test_a_saved_state_becomes_a_mesh(tmp_path):
    small_place(tmp_path)
    assert main(["export", f"from={tmp_path / 'walk.state'}", f"output={tmp_path / 'c.ply'}"]) == 0
    assert len(open3d.io.read_triangle_mesh(str(tmp_path / "c.ply")).triangles) > 10_000
    assert main(["export", f"from={tmp_path / 'walk.state'}", "world=1", f"output={tmp_path / 'c.ply'}"]) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["what=clod"], "what must be one of ['cloud', 'mesh'], got 'clod'; did you mean 'cloud'?"),
        (["output=a.stl", "what=cloud"], "output of a cloud must end in .ply, got 'a.stl'"),
        (["output=a.fbx"], "output of a mesh must end in .ply, .glb, .obj, .stl, got 'a.fbx'"),
        (["fusion.voxel_metres=0"], "voxel_metres must be positive, got 0.0"),
        (["from=nowhere.npz"], "nowhere.npz must be a capture (.npz), got a file that cannot be read"),
        (
            ["from=nowhere.state"],
            "a saved state must be a file that can be read, got 'nowhere.state': No such file or directory",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(settings, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *settings]) == 2
    assert capsys.readouterr().err == f"wm-gym export: {message}\n"
    assert not list(tmp_path.iterdir())


def test_open3d_is_there():
    assert import_open3d() is open3d
